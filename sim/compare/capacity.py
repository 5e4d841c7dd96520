"""Capacity matched: a T-step code against the network of ceil(log2(T + 1)) bits; signed ones ceil(log2(2 T + 1))."""

import json

import safetensors

from spikeloom.models.codes import CodeFormat
from spikeloom.traces.trace_files import METADATA_KEY


def bits_of_steps(steps, signed):
    """Bits of the network whose activations have as many levels as magnitudes 0..T, with signs if `signed`."""
    levels = 2 * steps + 1 if signed else steps + 1
    return (levels - 1).bit_length()


def spiking(trace, spike_code):
    """(steps of a window, bits of the matched network) of normal values, the largest over the trace's inputs.

    `trace`: activations file. Time to first spike and counts take T steps for magnitudes 0..T; radix codes one per bit.
    """
    description = _description(trace)
    code = description["code"]
    largest = max(
        CodeFormat(code, one["salient_format"], one["digits"], one["z"]).steps for one in description["inputs"]
    )
    steps = largest.bit_length() if spike_code == "radix" else largest
    return steps, bits_of_steps(largest, code == "signed")


def multiply_accumulate(weights):
    """{bits: share of inputs} of multiply-accumulate weights files; {16: 1.0} for binary16."""
    sizes = {}
    for one in (one for file in weights for one in _description(file)["inputs"]):
        for group in one["groups"] or [{"size": one["size"], "activation_bits": 16}]:
            sizes[group["activation_bits"]] = sizes.get(group["activation_bits"], 0) + group["size"]
    total = sum(sizes.values())
    return {bits: size / total for bits, size in sorted(sizes.items())}


def is_spiking_trace(trace):
    """Whether an activations file holds spike codes; it may run on either side."""
    return "code" in _description(trace)


def _description(path):
    with safetensors.safe_open(path, framework="numpy") as file:
        return json.loads(file.metadata()[METADATA_KEY])
