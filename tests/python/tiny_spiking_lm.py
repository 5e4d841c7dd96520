"""A tiny random spiking language model, and its trace files: `python tests/python/tiny_spiking_lm.py` writes those of
tests/rate_traces."""

from pathlib import Path

import numpy as np

from spikeloom.models.spiking_lm.checkpoint import Checkpoint, Linear
from spikeloom.models.spiking_lm.dynamics import Simulator
from spikeloom.models.spiking_lm.shape import NORMS, OPERATIONS, WEIGHT_BITS, Shape
from spikeloom.traces import manifest, rate_trace_files, trace_files
from spikeloom.traces.origin import TraceOrigin

FOLDER = Path(__file__).resolve().parents[1] / "rate_traces"
TOKENS, STEPS = 3, 5


def tiny_shape(weights, **sizes):
    return Shape(weights, **({"encoders": 2, "hidden": 16, "feed_forward": 32, "heads": 2} | sizes))


def tiny_checkpoint(weights, seed=1, **sizes):
    """Random weights, with currents that reach the thresholds."""
    random, shape = np.random.default_rng(seed), tiny_shape(weights, **sizes)
    d = shape.hidden
    linear = {
        (i, name): _linear(random, weights, *shape.size_of(name)) for i in range(shape.encoders) for name in OPERATIONS
    }
    norm = {(i, name): _affine(random, d) for i in range(shape.encoders) for name in NORMS}
    head = random.normal(size=(2, d)).astype(np.float32), np.zeros(2, np.float32)
    return Checkpoint(shape, linear, norm, _affine(random, d), head, (1 / 64,) * shape.encoders, {"task": "random"})


def tiny_simulator(weights, seed=1, **sizes):
    checkpoint = tiny_checkpoint(weights, seed, **sizes)
    table = np.random.default_rng(seed + 1).normal(size=(100, checkpoint.shape.hidden)).astype(np.float32)
    return Simulator(checkpoint, lambda ids: table[ids])


def write_traces(folder, weights, tokens=TOKENS, steps=STEPS):
    """Write weights and activations files of both encoders of a random model; returns the activations files' paths."""
    folder.mkdir(parents=True, exist_ok=True)
    simulator = tiny_simulator(weights)
    run = simulator.run(list(range(tokens)), steps)
    text = {"source": "random", "sha256": "0" * 64, "excerpt": ""}
    origin = TraceOrigin("random", "random", "Apache-2.0", weights, {}, text, synthetic=True)
    paths = []
    for layer in range(simulator.shape.encoders):
        path = folder / manifest.weights_name(layer)
        trace_files.write_trace_file(path, *rate_trace_files.weights_file(origin, simulator.checkpoint, layer))
        paths.append(folder / manifest.activations_name(layer, "sentence"))
        content = rate_trace_files.activations_file(origin, path, simulator, run, layer)
        trace_files.write_trace_file(paths[-1], *content)
    return paths


def replace_downloads(monkeypatch):
    """An embedding of random numbers and a tokenizer by the lengths of words, in the place of what is downloaded."""
    import torch  # here, as what needs no model needs no PyTorch

    from spikeloom.models.spiking_lm import teacher, wordpieces

    table = np.random.default_rng(1).normal(size=(100, 16)).astype(np.float32)
    monkeypatch.setattr(teacher, "pretrained", lambda cache=None: None)
    monkeypatch.setattr(teacher, "Embedding", lambda _: lambda ids: torch.tensor(table)[ids])
    monkeypatch.setattr(wordpieces, "tokenizer", lambda cache=None: None)
    monkeypatch.setattr(wordpieces, "encode", lambda _, texts: [[len(word) for word in t.split()] for t in texts])


def _linear(random, weights, inputs, outputs):
    latent = random.normal(size=(outputs, inputs)).astype(np.float32)
    bias = random.normal(0.3, 0.2, outputs).astype(np.float32)
    if not WEIGHT_BITS[weights]:
        return Linear(latent / np.float32(np.sqrt(inputs)), 1.0, bias)
    limit = {1: 1, 2: 1, 4: 7}[WEIGHT_BITS[weights]]
    integers = np.rint(latent * limit).clip(-limit, limit)
    if WEIGHT_BITS[weights] == 1:
        integers = np.where(latent > 0, 1, -1)
    return Linear(integers.astype(np.int8), 0.7 / (limit * np.sqrt(inputs)), bias)


def _affine(random, size):
    return random.normal(0.2, 0.05, size).astype(np.float32), random.normal(0.5, 0.05, size).astype(np.float32)


if __name__ == "__main__":
    for kind in ("binary", "ternary", "int4"):
        write_traces(FOLDER / kind, kind)
