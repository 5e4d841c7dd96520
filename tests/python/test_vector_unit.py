"""The vector unit against library arithmetic in binary64, within the error that its number format allows."""

import numpy as np
import pytest

from spikeloom.models import vector_unit


def test_exp_is_accurate_to_the_table_and_zero_far_out():
    for d in (0.0, 1e-6, 0.3, 1.0, 5.5, 20.0, 80.0):
        # The argument d * log2(e) is rounded to binary32: relative error up to d * 2^-24, and 2^-22 of the rest.
        got = vector_unit.exp_negative(np.float32(d))
        assert got == pytest.approx(np.exp(-float(np.float32(d))), rel=2**-22 + d * 2**-23)
    assert vector_unit.exp_negative(np.float32(1000)) == 0


def test_rms_norm_follows_its_formula():
    x = np.array([[3.0, 4.0]], dtype=np.float32)
    # mean square 12.5
    expected = np.array([[3.0, 4.0]]) / np.sqrt(12.5) * [2.0, 0.5]
    got = vector_unit.rms_norm(x, np.array([2.0, 0.5], dtype=np.float32), 0.0)
    assert got == pytest.approx(expected, rel=1e-6)


def test_softmax_sees_no_later_positions_and_sums_to_one():
    scores = np.random.default_rng(1).normal(0, 3, (5, 5)).astype(np.float32)
    p = vector_unit.causal_softmax(scores, 0)
    assert (np.triu(p, 1) == 0).all()
    assert p.sum(axis=1) == pytest.approx(np.ones(5), rel=1e-6)
    expected = np.exp(scores[4].astype(np.float64)) / np.exp(scores[4].astype(np.float64)).sum()
    assert p[4] == pytest.approx(expected, rel=1e-5)


def test_silu_of_both_signs():
    gate = np.array([[-3.0, 0.0, 2.0]], dtype=np.float32)
    expected = gate / (1 + np.exp(-gate.astype(np.float64))) * 2
    assert vector_unit.gated_silu(gate, np.full_like(gate, 2)) == pytest.approx(expected, rel=1e-6)


def test_rotation_turns_pairs_and_keeps_their_length():
    x = np.array([[[1.0, 0.0, 0.0, 2.0]]], dtype=np.float32)
    quarter = (np.zeros((1, 2), np.float32), np.ones((1, 2), np.float32))
    # Pairs (0, 2) and (1, 3) turn by 90 degrees: (a, b) -> (-b, a).
    assert vector_unit.rotate_heads(x, *quarter, np.array([0]))[0, 0].tolist() == [0, -2, 1, 0]
