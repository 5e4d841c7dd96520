"""A Llama of three small layers with random weights, and a text for it: fast enough for every test."""

import struct

import numpy as np

from spikeloom.models import calibration, llama
from spikeloom.models.llama import OPERATIONS, Llama, LlamaLayer, LlamaShape

SHAPE = LlamaShape(hidden=48, feed_forward=80, layers=3, heads=4, kv_heads=2, head_dim=12, vocabulary=64)


class Tokenizer:
    """A token per word."""

    def __call__(self, text):
        return {"input_ids": [int(word[1:]) for word in text.split()]}

    def decode(self, ids):
        return " ".join(f"w{i}" for i in ids)


def make_llama(seed=3):
    """The model; an input channel and a few hidden values are loud, as in real ones."""
    rng = np.random.default_rng(seed)
    layers = []
    for _ in range(SHAPE.layers):
        weights = {}
        for name in OPERATIONS:
            outputs, inputs = SHAPE.operation_shape(name)
            weights[name] = (rng.standard_normal((outputs, inputs)) / np.sqrt(inputs)).astype(np.float32)
        norms = [(1 + 0.1 * rng.standard_normal(SHAPE.hidden)).astype(np.float32) for _ in range(2)]
        norms[0][5] = 8
        layers.append(LlamaLayer(weights, *norms))
    embedding = rng.standard_normal((SHAPE.vocabulary, SHAPE.hidden)).astype(np.float32)
    frequencies = (10000.0 ** (-np.arange(0, SHAPE.head_dim, 2) / SHAPE.head_dim)).astype(np.float32)
    return Llama(
        name="tiny",
        shape=SHAPE,
        epsilon=1e-5,
        inverse_frequencies=frequencies,
        rotary_scaling=1.0,
        embedding=embedding,
        layers=layers,
        final_norm=np.ones(SHAPE.hidden, dtype=np.float32),
        head=embedding,
        tokenizer=Tokenizer(),
        digest=f"tiny{seed}",
    )


def stand_in(monkeypatch, tmp_path):
    """Make every model the tiny one, and keep calibrations in the test's folder."""
    monkeypatch.setattr(llama, "load_llama", lambda _path: make_llama())
    monkeypatch.setattr(llama, "import_torch", lambda: None)
    real = calibration.programs
    monkeypatch.setattr(calibration, "programs", lambda *a: real(*a, cache=tmp_path / "calibration"))


def write_model(path, layers=SHAPE.layers):
    """Write the head of a GGUF file with the model's sizes; returns the path. The weights are not in it."""

    def string(text):
        return struct.pack("<Q", len(text)) + text.encode()

    sizes = {
        "llama.block_count": layers,
        "llama.embedding_length": SHAPE.hidden,
        "llama.feed_forward_length": SHAPE.feed_forward,
        "llama.attention.head_count": SHAPE.heads,
        "llama.attention.head_count_kv": SHAPE.kv_heads,
    }
    tokens = "".join(chr(97 + i % 26) for i in range(SHAPE.vocabulary))
    entries = [
        string("general.architecture") + struct.pack("<I", 8) + string("llama"),
        string("general.languages") + struct.pack("<IIQ", 9, 8, 1) + string("en"),
        *(string(key) + struct.pack("<II", 4, size) for key, size in sizes.items()),
        string("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, len(tokens)) + b"".join(map(string, tokens)),
    ]
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(entries)) + b"".join(entries))
    return path


def write_text(path, articles=8, words=60, seed=4):
    """Write random articles, one a line; returns the path."""
    rng = np.random.default_rng(seed)
    lines = [" ".join(f"w{i}" for i in rng.integers(0, SHAPE.vocabulary, words)) for _ in range(articles)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
