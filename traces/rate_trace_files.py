"""Spiking traces with a rate code: an encoder's low-bit weights, and every spike and sum of every step."""

import numpy as np

from spikeloom.models.spiking_lm import packing
from spikeloom.models.spiking_lm.dynamics import FIRING
from spikeloom.models.spiking_lm.shape import OPERATIONS, WEIGHT_BITS, rate_name
from spikeloom.traces import trace_files

WEIGHTS_FORMAT, ACTIVATIONS_FORMAT = "spikeloom-rate-weights", "spikeloom-rate-activations"
INPUTS = ("hidden", "attention", "attention_output", "intermediate")
# What the next encoder, or the head, reads: its rates say whether further steps are worth taking.
WATCHED = "output"
# Operation -> the input that it reads.
READS = {
    "query": "hidden",
    "key": "hidden",
    "value": "hidden",
    "attention_output": "attention",
    "intermediate": "attention_output",
    "output": "intermediate",
}


def input_entries(shape):
    """Entries `name`, `size` of INPUTS."""
    sizes = {"intermediate": shape.feed_forward}
    return [{"name": name, "size": sizes.get(name, shape.hidden)} for name in INPUTS]


def source_of(name, layer):
    """The rates of a whole model that encoder `layer` reads as its input `name`."""
    if name != "hidden":
        return rate_name(layer, name)
    return rate_name(layer - 1, "output") if layer else "hidden"


def weights_file(origin, checkpoint, layer):
    """(description, tensors) of encoder `layer`'s weights file."""
    shape, tensors = checkpoint.shape, {}
    bits = WEIGHT_BITS[shape.weights]
    for name in OPERATIONS:
        tensors[f"{name}.weights"] = packing.pack(checkpoint.linear[layer, name].integers.T, bits)
    operations = [{"name": op, "input": READS[op], "outputs": shape.size_of(op)[1]} for op in OPERATIONS]
    description = {
        "format": WEIGHTS_FORMAT,
        "version": trace_files.VERSION,
        "bits": bits,
        "inputs": input_entries(shape),
        "operations": operations,
    }
    return description | origin.weights_entries(layer), tensors


def activations_file(origin, weights_path, simulator, run, layer):
    """(description, tensors) of encoder `layer` in a whole `dynamics.Run`."""
    shape, tensors, operations = simulator.shape, {}, []
    for name in INPUTS:
        tensors[f"{name}.spikes"] = _pack_steps(run.spikes[source_of(name, layer)])
    for name in OPERATIONS:
        entry = {"name": name, "input": READS[name], "F": 0, "fires": name in FIRING}
        if name in FIRING:
            neurons = simulator.neurons[layer, name]
            entry["F"] = neurons.fraction_bits
            tensors[f"{name}.theta"], tensors[f"{name}.bias"] = neurons.theta, neurons.bias
            tensors[f"{name}.expected"] = _pack_steps(run.spikes[rate_name(layer, name)])
        else:
            tensors[f"{name}.expected"] = run.sums[rate_name(layer, name)].swapaxes(0, 1).astype(np.int32)
        operations.append(entry)
    steps, tokens, _ = run.spikes["hidden"].shape
    description = {
        "format": ACTIVATIONS_FORMAT,
        "version": trace_files.VERSION,
        "steps": steps,
        "inputs": input_entries(shape),
        "operations": operations,
        "vector_unit": vector_work(shape, tokens, layer),
        "watched": {"name": WATCHED, "size": shape.hidden},
    }
    tensors[f"{WATCHED}.spikes"] = _pack_steps(run.spikes[rate_name(layer, WATCHED)])
    return description | origin.activations_entries(weights_path, tokens), tensors


def vector_work(shape, tokens, layer):
    """What the vector unit does in one step, in order; an entry with the name of an input makes that input."""
    values, mixed = tokens * shape.hidden, tokens * tokens * shape.hidden
    rows = tokens * shape.heads
    entries = (
        *((("hidden", "integrate_fire", values, tokens),) if layer == 0 else ()),
        ("queries", "scale_round", values, rows),
        ("spike_scores", "spike_scores", mixed, rows * tokens),
        ("softmax", "softmax", rows * tokens, rows),
        ("spike_mix", "spike_mix", mixed, values),
        ("attention", "integrate_fire", values, tokens),
        ("attention_output_norm", "layer_norm", values, tokens),
        ("attention_output", "integrate_fire", values, tokens),
        ("output_norm", "layer_norm", values, tokens),
        ("output", "integrate_fire", values, tokens),
    )
    return [dict(zip(("name", "kind", "elements", "vectors"), entry, strict=True)) for entry in entries]


def expectations(weights, activations):
    """{tensor: what it must be} of every operation's `expected`, from (description, tensors) of both files.

    Step by step in 64-bit integers, from stored weights, spikes, thresholds and biases alone.
    """
    bits = weights[0]["bits"]
    outputs = {op["name"]: op["outputs"] for op in weights[0]["operations"]}
    sizes = {entry["name"]: entry["size"] for entry in activations[0]["inputs"]}
    made = {}
    for op in activations[0]["operations"]:
        name, tensors = op["name"], activations[1]
        w = packing.unpack(weights[1][f"{name}.weights"], outputs[name], bits).astype(np.int64)
        spikes = trace_files.unpack_mask(tensors[f"{op['input']}.spikes"], sizes[op["input"]]).astype(np.int64)
        sums = spikes @ w
        if op["fires"]:
            fired = _fire(sums, op["F"], tensors[f"{name}.theta"], tensors[f"{name}.bias"])
            made[f"{name}.expected"] = trace_files.pack_mask(fired)
        else:
            made[f"{name}.expected"] = np.cumsum(sums, axis=1).astype(np.int32)
    return made


def _fire(sums, fraction_bits, theta, bias):
    """Spikes bool [M,T,N] of S [M,T,N]."""
    membranes = np.zeros(sums[:, 0].shape, dtype=np.int64)
    fired = np.empty(sums.shape, dtype=bool)
    for t in range(sums.shape[1]):
        membranes += (sums[:, t] << fraction_bits) + bias
        fired[:, t] = membranes >= theta
        membranes -= fired[:, t] * theta
    return fired


def _pack_steps(spikes):
    """uint8 [M,T,ceil(N/8)] of spikes [T,M,N]."""
    return trace_files.pack_mask(spikes.swapaxes(0, 1))
