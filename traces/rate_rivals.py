"""Multiply-accumulate rivals of a sentence's spikes: the same model at its equilibrium, as `mac_trace_files` has it.

fp16   full-precision checkpoint: weights and rates in binary16
w4a4   int4 checkpoint: rates in 4 bits, unsigned, in steps of 1/15
twin   any checkpoint of few bits: its weights, and the spike counts of T steps as codes of ceil(log2(T + 1)) bits
"""

import math
from dataclasses import dataclass

import numpy as np

from spikeloom import UserError
from spikeloom.models.spiking_lm.shape import OPERATIONS, WEIGHT_BITS
from spikeloom.traces import mac_trace_files, trace_files
from spikeloom.traces.rate_trace_files import INPUTS, READS, input_entries, source_of

# Unsigned codes have at most this many bits in a multiply-accumulate trace.
MOST_BITS = 7
LEAST_WEIGHT_BITS = 2
W4A4_LEVELS = 15
NEEDS = {"fp16": ("full",), "w4a4": ("int4",), "twin": ("binary", "ternary", "int4")}


@dataclass(frozen=True)
class Rival:
    """`codes` {input: [M,K]}, integers worth `unit` each, or binary16 values if `bits` is 0; `weights` {op: [K,N]}
    worth `scales` {op: float} each."""

    bits: int
    unit: float
    codes: dict
    weights: dict
    scales: dict


def check(method, checkpoint):
    """Raises UserError if a method does not go with a checkpoint's weights."""
    kind = checkpoint.shape.weights
    needed = NEEDS.get(method, ("binary", "ternary", "int4"))
    if kind not in needed:
        raise UserError(f"--method {method}: needs a checkpoint with {' or '.join(needed)} weights, not {kind}")


def assumptions(method, steps):
    """What a rival's files say of how they were made."""
    if method == "twin" and _bits_of(steps) < math.ceil(math.log2(steps + 1)):
        return {"codes": f"spike counts of {steps} steps, rounded to {MOST_BITS} bits"}
    return {}


def levels_of(method, steps):
    """Parts that a rival's codes divide a rate into, None for binary16."""
    return {"fp16": None, "w4a4": W4A4_LEVELS, "twin": min(steps, 2 ** _bits_of(steps) - 1)}[method]


def _fp16(checkpoint, rates, _run, layer):
    codes = {name: rates[source_of(name, layer)].astype(np.float16) for name in INPUTS}
    weights = {op: checkpoint.linear[layer, op].integers.T.astype(np.float16) for op in OPERATIONS}
    return Rival(0, 1.0, codes, weights, {})


def _w4a4(checkpoint, rates, _run, layer):
    codes = {name: np.rint(rates[source_of(name, layer)] * W4A4_LEVELS) for name in INPUTS}
    return Rival(4, 1 / W4A4_LEVELS, codes, *_integers(checkpoint, layer))


def _twin(checkpoint, _rates, run, layer):
    steps = len(run.spikes["hidden"])
    levels = levels_of("twin", steps)
    counts = {name: run.spikes[source_of(name, layer)].sum(axis=0, dtype=np.int64) for name in INPUTS}
    codes = {name: np.rint(each * (levels / steps)) for name, each in counts.items()}
    return Rival(_bits_of(steps), 1 / levels, codes, *_integers(checkpoint, layer))


RIVALS = {"fp16": _fp16, "w4a4": _w4a4, "twin": _twin}


def weights_file(origin, shape, rival, layer):
    """(description, tensors) of a rival's weights file."""
    weight_bits = max(WEIGHT_BITS[shape.weights], LEAST_WEIGHT_BITS)
    tensors = {f"{op}.weights": w.astype(np.int8 if rival.bits else np.float16) for op, w in rival.weights.items()}
    inputs = []
    for entry in input_entries(shape):
        group = {"size": entry["size"], "activation_bits": rival.bits, "weight_bits": weight_bits}
        inputs.append(entry | {"groups": [group] if rival.bits else []})
        if rival.bits:
            tensors[f"{entry['name']}.order"] = np.arange(entry["size"], dtype=np.int32)
    for op, scale in rival.scales.items():
        tensors[f"{op}.scales"] = np.full((1, shape.size_of(op)[1]), scale, dtype=np.float32)
    description = {
        "format": trace_files.MAC_WEIGHTS_FORMAT,
        "version": trace_files.VERSION,
        "arithmetic": "integer" if rival.bits else "binary16",
        "inputs": inputs,
        "operations": [{"name": op, "input": READS[op], "outputs": shape.size_of(op)[1]} for op in OPERATIONS],
    }
    return description | origin.weights_entries(layer), tensors


def activations_file(origin, weights_path, shape, rival):
    """(description, tensors) of a rival's activations file."""
    tensors = {}
    tokens = len(rival.codes["hidden"])
    for name, codes in rival.codes.items():
        if not rival.bits:
            tensors[f"{name}.values"] = codes
            continue
        tensors[f"{name}.codes"] = codes.astype(np.int8)
        tensors[f"{name}.scales"] = np.full((tokens, 1), rival.unit, dtype=np.float32)
        tensors[f"{name}.zero_points"] = np.zeros((tokens, 1), dtype=np.uint8)
    description = {
        "format": trace_files.MAC_ACTIVATIONS_FORMAT,
        "version": trace_files.VERSION,
        "inputs": [entry | {"symmetric": not rival.bits} for entry in input_entries(shape)],
        "operations": [{"name": op, "input": READS[op]} for op in OPERATIONS],
        "vector_unit": _vector_work(shape, tokens, rival.bits > 0),
    }
    description |= origin.activations_entries(weights_path, tokens)
    weights = trace_files.read_trace_file(weights_path)
    made = mac_trace_files.expectations(weights, (description, tensors))
    return description, tensors | {f"{op}.expected": y for op, y in made.items()}


def _vector_work(shape, tokens, encoded):
    """Between the linear operations, once for the sentence; the attention itself is in no multiply-accumulate trace."""
    values, rows = tokens * shape.hidden, tokens * shape.heads
    entries = (
        ("hidden", "encode", values, tokens, encoded),
        ("softmax", "softmax", rows * tokens, rows, True),
        ("attention", "encode", values, tokens, encoded),
        ("attention_residual", "residual_add", values, tokens, True),
        ("attention_output_norm", "layer_norm", values, tokens, True),
        ("attention_output", "encode", values, tokens, encoded),
        ("intermediate", "encode", tokens * shape.feed_forward, tokens, encoded),
        ("output_residual", "residual_add", values, tokens, True),
        ("output_norm", "layer_norm", values, tokens, True),
    )
    keys = ("name", "kind", "elements", "vectors")
    return [dict(zip(keys, entry, strict=False)) for entry in entries if entry[4]]


def _integers(checkpoint, layer):
    linear = {op: checkpoint.linear[layer, op] for op in OPERATIONS}
    return {op: each.integers.T for op, each in linear.items()}, {op: each.scale for op, each in linear.items()}


def _bits_of(steps):
    return min(math.ceil(math.log2(steps + 1)), MOST_BITS)
