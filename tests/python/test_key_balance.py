"""Balancing keys and subtracting their mean change no attention."""

import numpy as np
import pytest

from spikeloom.models import key_balance, spike_attention, vector_unit
from spikeloom.models.llama import LlamaLayer, LlamaShape

SHAPE = LlamaShape(hidden=8, feed_forward=8, layers=1, heads=4, kv_heads=2, head_dim=4, vocabulary=16)


def rotated(x, weights):
    tables = vector_unit.rotary_tables(np.array([1.0, 0.1], dtype=np.float32), len(x))
    heads = (x @ weights.T).reshape(len(x), -1, SHAPE.head_dim)
    return vector_unit.rotate_heads(np.ascontiguousarray(heads), *tables, np.arange(len(x))).astype(np.float64)


def test_balanced_queries_and_keys_give_the_same_scores():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(6, 8)).astype(np.float32)
    weights = {"q": rng.normal(size=(16, 8)).astype(np.float32), "k": rng.normal(size=(8, 8)).astype(np.float32)}
    weights["k"][2] *= 30
    layer = LlamaLayer(weights, np.ones(8, np.float32), np.ones(8, np.float32))
    keys = rotated(x, weights["k"])
    balanced = key_balance.balance_keys(layer, keys.astype(np.float32), SHAPE, 0.5)
    # The loud pair is about 20 times the other: its divisor is the root of 20 over their geometric mean, about 2.
    assert np.abs(balanced.weights["k"]).max() < np.abs(weights["k"]).max() / 1.5

    def scores(w):
        q, k = rotated(x, w["q"]), np.repeat(rotated(x, w["k"]), 2, axis=1)
        return np.einsum("mhd,nhd->hmn", q, k)

    assert scores(balanced.weights) == pytest.approx(scores(weights), rel=1e-4, abs=1e-3)


def test_keys_on_the_grid_around_their_offset_are_kept_exactly():
    integers = np.array([[[7, -3, 0, 1]], [[-7, 2, 5, -8]]])
    offset = np.array([[10.0, -4.0, 0.5, 0.0]], dtype=np.float32)
    keys = (integers * 0.25 + offset).astype(np.float32)
    # Largest 7 steps of 1/4: with u = 1/4 the exponent is 0; 8 steps round to the same.
    coded = spike_attention.encode_rows(keys, spike_attention.RowCode(0.25, offset=offset))
    assert coded.exponents.tolist() == [[0], [0]]
    assert coded.integers.tolist() == integers.tolist()
