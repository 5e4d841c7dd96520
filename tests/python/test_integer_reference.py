"""The integer reference against sums and quotients worked out element by element."""

import random

import numpy as np
import pytest

from spikeloom.models.integer_reference import (
    combine_weight_rows,
    exact_matmul,
    fire,
    initial_membranes,
    split_weight_rows,
    thresholds,
    weighted_sums,
)


def test_weighted_sums_shift_each_window_by_g_plus_h():
    # Two windows of one input: V = 5 + 3 * 2^(1+2) * 2 + (-1) * 2^(0+3) * 7
    v = weighted_sums(
        np.array([[3, -1]]), np.array([[2], [7]]), np.array([5]), np.array([[1, 0]]), np.array([[2], [3]])
    )
    assert v.tolist() == [[5 + 48 - 56]]


def test_weighted_sums_equal_the_written_out_sum():
    pick = random.Random(3)
    m, k, n, windows = 2, 12, 3, 3
    a = np.array([[pick.randint(-900, 900) for _ in range(k)] for _ in range(m)])
    w = np.array([[pick.randint(-128, 127) for _ in range(n)] for _ in range(k)])
    g = np.array([[pick.randint(0, 3) for _ in range(windows)] for _ in range(m)])
    h = np.array([[pick.randint(0, 3) for _ in range(n)] for _ in range(windows)])
    v0 = np.array([7, -7, 0])
    for use_g, use_h in [(False, False), (True, False), (False, True), (True, True)]:
        v = weighted_sums(a, w, v0, g if use_g else None, h if use_h else None)
        for token in range(m):
            for out in range(n):
                expected = int(v0[out])
                for i in range(k):
                    shift = (int(g[token, i // 4]) if use_g else 0) + (int(h[i // 4, out]) if use_h else 0)
                    expected += int(a[token, i]) * 2**shift * int(w[i, out])
                assert v[token, out] == expected


def test_windows_must_divide_the_inputs():
    with pytest.raises(ValueError, match="5 inputs"):
        weighted_sums(np.ones((1, 5), int), np.ones((5, 1), int), np.zeros(1, int), np.zeros((1, 2), int))


def test_exact_matmul_is_exact_where_float64_is_not():
    a = np.array([[2**40, 1, -(2**40)]])
    w = np.array([[2**20], [1], [2**20]])
    assert exact_matmul(a, w).tolist() == [[1]]


def test_initial_membranes_undo_the_zero_point():
    weights = np.array([[1, -8], [2, 7], [3, 0], [-4, 5]])
    assert initial_membranes(weights, 6).tolist() == [-6 * 2, -6 * 4]
    shifts = np.array([[1, 0], [0, 3]])
    assert initial_membranes(weights, 6, shifts).tolist() == [-6 * (2 * 3 - 1), -6 * (-1 + 8 * 5)]
    assert initial_membranes(weights, 0).tolist() == [0, 0]


def test_wide_rows_keep_their_place_and_add_a_high_row_at_the_end():
    weights = np.array([[-8, 7], [-128, 127], [0, -1], [-1, 16]])
    wide = np.array([1, 3])
    rows = split_weight_rows(weights, wide)
    # -128 = 16 * -8 + 0, 127 = 16 * 7 + 15, -1 = 16 * -1 + 15, 16 = 16 * 1 + 0; -8 is nibble 8.
    assert rows.tolist() == [[8, 7], [0, 15], [0, 15], [15, 0], [8, 7], [15, 1]]
    assert (combine_weight_rows(rows, wide) == weights).all()


@pytest.mark.parametrize(("value", "wide"), [(8, []), (-9, []), (128, [0]), (-129, [0])])
def test_weights_beyond_their_bits_are_refused(value, wide):
    with pytest.raises(ValueError, match="does not fit"):
        split_weight_rows(np.array([[value]]), np.array(wide, dtype=int))


def test_f_is_the_smallest_that_gives_every_threshold_1024():
    theta, fraction_bits = thresholds([1.0, 3.0])
    assert (theta.tolist(), fraction_bits) == ([1024, 3072], 10)
    theta, fraction_bits = thresholds([5000.0])
    assert (theta.tolist(), fraction_bits) == ([5000], 0)
    # 1023.6 rounds to 1024 without a fraction bit.
    assert thresholds([1023.6])[1] == 0
    assert thresholds([1023.4])[1] == 1


@pytest.mark.parametrize("ratio", [0.0, -1.0, float("inf"), float("nan")])
def test_ratios_that_give_no_threshold_are_refused(ratio):
    with pytest.raises(ValueError, match="positive"):
        thresholds([1.0, ratio])


def radix_output(v, fraction_bits, theta, bits):
    """The hardware's firing, step by step as the contract describes it."""
    r = (v << fraction_bits) + (theta >> 1) + (theta << (bits - 1))
    code = 0
    for j in range(bits - 1, -1, -1):
        if r >= theta << j:
            r -= theta << j
            code |= 1 << j
    return code - 2 ** (bits - 1)


@pytest.mark.parametrize("bits", [2, 8, 12, 16])
def test_firing_equals_radix_firing_at_every_boundary(bits):
    limit = 1 << (bits - 1)
    for theta, fraction_bits in [(1024, 10), (1025, 9), (4097, 3), (2047, 0)]:
        boundaries = [
            ((2 * o - 1) * theta) >> (fraction_bits + 1) for o in (-limit - 1, -limit, -1, 0, 1, limit - 1, limit)
        ]
        membranes = np.array([[b + d for b in boundaries for d in (-1, 0, 1, 2)]])
        o = fire(membranes, fraction_bits, np.full(membranes.shape[1], theta), bits)
        assert o[0].tolist() == [radix_output(int(v), fraction_bits, theta, bits) for v in membranes[0]]


def test_firing_rounds_to_nearest_and_saturates():
    membranes = np.array([[0, 511, 512, -512, -513, 10**9, -(10**9)]])
    assert fire(membranes, 0, np.full(7, 1024), 8)[0].tolist() == [0, 0, 1, 0, -1, 127, -128]


def test_firing_refuses_what_int64_cannot_hold():
    with pytest.raises(OverflowError):
        fire(np.array([[1 << 50]]), 12, np.array([1024]), 8)
