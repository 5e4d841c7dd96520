"""The algorithms that hw/vector_unit counts give the model's numbers: searches, exponentials, quotients, sums.

Written from hw/vector_unit/README.md in numpy, operation by operation.
"""

from fractions import Fraction

import numpy as np
import pytest

from spikeloom.models import kernels, vector_unit
from spikeloom.models.spike_projection import token_exponents

DIGIT_BITS = 4


def radix_select(keys, rank, bits):
    """The key of `rank` (0: the smallest) of unsigned integers, digit by digit from the highest, by counting."""
    prefix, shift = 0, bits
    while shift > 0:
        shift -= DIGIT_BITS
        matching = keys >> (shift + DIGIT_BITS) == prefix
        counts = np.bincount(keys[matching] >> shift & 15, minlength=16)
        digit = int(np.searchsorted(np.cumsum(counts), rank, side="right"))
        rank -= int(counts[:digit].sum())
        prefix = prefix << DIGIT_BITS | digit
    return prefix


def sortable(x):
    """Binary32 as unsigned 32-bit integers in the same order."""
    bits = x.view(np.uint32).astype(np.int64)
    return np.where(bits >> 31, 0xFFFFFFFF - bits, bits + 0x80000000)


def median(x):
    """Of an even number of values: radix select, and the smallest of the larger ones unless the middle is repeated."""
    order = sortable(x)
    lower = radix_select(order, len(x) // 2 - 1, 32)
    a = x[order == lower][0]
    b = a if (order <= lower).sum() > len(x) // 2 else x[order > lower].min()
    return (a + b) * np.float32(0.5)


def rounded_log2_keys(magnitude):
    """round(log2 |x|) + 128 of positive values, 0 for 0: 8 bits."""
    mantissa, exponent = np.frexp(magnitude)
    rounded = np.where(mantissa < kernels.SQRT_HALF, exponent - 1, exponent)
    return np.where(magnitude > 0, np.clip(rounded + 128, 0, 255), 0).astype(np.int64)


def rounded_log2_median(x):
    """round(log2 of the median of |x|) from two histograms of 16 counters and a pass for the middle two."""
    magnitude = np.abs(x)
    keys = rounded_log2_keys(magnitude)
    lower = radix_select(keys, len(x) // 2 - 1, 8)
    upper = radix_select(keys, len(x) // 2, 8)
    if lower == upper:
        return lower - 128
    a, b = magnitude[keys <= lower].max(), magnitude[keys >= upper].min()
    return int(token_exponents(np.array([(a + b) * np.float32(0.5)]))[0])


def tokens(size, count=400):
    """Heavy-tailed values of many scales, some of them equal, count x size."""
    random = np.random.default_rng(size)
    x = random.standard_t(3, (count, size)) * 2.0 ** random.integers(-20, 8, (count, 1))
    x[::3] = np.round(x[::3], 3)
    return x.astype(np.float32)


@pytest.mark.parametrize("size", [2, 8, 64, 576])
def test_radix_select_gives_the_median_and_the_mad(size):
    x = tokens(size)
    middle = kernels.medians(x)
    deviation = np.abs(x - middle[:, None])
    for row, m, d, mad in zip(x, middle, deviation, kernels.medians(deviation), strict=True):
        assert median(row) == m
        assert median(d) == mad


@pytest.mark.parametrize("size", [2, 8, 64, 576])
def test_two_histograms_and_the_middle_pass_give_the_rounded_mad(size):
    x = tokens(size)
    x = x[kernels.medians(np.abs(x)) > 0]
    expected = token_exponents(kernels.medians(np.abs(x)))
    assert [rounded_log2_median(row) for row in x] == expected.tolist()


def test_the_histogram_alone_does_not_give_the_rounded_mad():
    """The middle two, 1.4 and 1.5, have logarithms 0 and 1 (the border is the root of 2), their mean 1.45 has 1; of 1
    and 1.5, with the same logarithms, the mean 1.25 has 0.
    """
    for middle, expected in ((1.4, 1), (1.0, 0)):
        x = np.array([0.1, middle, 1.5, 9.0], dtype=np.float32)
        assert rounded_log2_keys(x)[1:3].tolist() == [128, 129]
        assert token_exponents(kernels.medians(x[None]))[0] == expected


def test_shifts_split_the_exponent_exactly():
    """d log2(e) = n + (i + r) / 1024 by cutting bits; table entries hold T[i] and the rounded T[i+1] - T[i]."""
    table = vector_unit._EXP2
    steps = table[1:] - table[:-1]
    random = np.random.default_rng(1)
    for d in (10.0 ** random.uniform(-9, 2, 2000)).astype(np.float32):
        scaled = np.float32(d * np.float32(1.4426950408889634))
        position = Fraction(float(scaled)) * 1024
        n, i, r = int(position) // 1024, int(position) % 1024, np.float32(float(position - int(position)))
        assert Fraction(float(r)) == position - int(position)
        value = np.ldexp(table[i] + r * steps[i], -n) if n < 149 else np.float32(0)
        assert value == vector_unit.exp_negative(d)


def divide(n, d):
    """n / d, d in 1..2, all float32: seed, two Newton steps, two remainders (exact in float64), last unit."""
    one, wide = np.float32, np.float64
    centres = 1 + (np.arange(256) + 0.5) / 256
    seeds = (np.rint(65536 / centres) / 65536).astype(one)
    fraction = np.where(d == 2, one(1), d)
    y = seeds[fraction.view(np.uint32) >> 15 & 255]
    for _ in range(2):
        y = y * (one(2) - fraction * y)
    y = np.where(d == 2, y * one(0.5), y)
    q = n * y
    q = q + (n.astype(wide) - q.astype(wide) * d).astype(one) * y
    remainder, half = n.astype(wide) - q.astype(wide) * d, d.astype(wide) * np.spacing(q) / 2
    return (q.view(np.int32) + (remainder > half) - (remainder < -half)).astype(np.int32).view(one)


def test_quotients_of_the_sigmoid_are_rounded_correctly():
    """All 1 / (1 + decay); and decay / (1 + decay) for every 64th decay of 2^-25 .. 1."""
    denominators = np.arange(0x3F800000, 0x40000001, dtype=np.uint32).view(np.float32)
    assert (divide(np.ones_like(denominators), denominators) == np.float32(1) / denominators).all()
    decay = np.arange(102 << 23, 127 << 23, 64, dtype=np.uint32).view(np.float32)
    denominators = np.float32(1) + decay
    assert (divide(decay, denominators) == decay / denominators).all()


def tree_sum(x, lanes=16, stages=3):
    """Sums of x [V,n] in float64 as lanes add: `stages` partial sums each, then those, then the lanes pair by pair."""
    padded = np.zeros((len(x), -(-x.shape[1] // (lanes * stages)), stages, lanes))
    padded.reshape(len(x), -1)[:, : x.shape[1]] = x
    total = np.zeros((len(x), lanes))
    partial = np.add.accumulate(padded, axis=1)[:, -1]
    for stage in range(stages):
        total = total + partial[:, stage]
    while total.shape[1] > 1:
        total = total[:, 0::2] + total[:, 1::2]
    return total[:, 0]


def newton(seed, step):
    for _ in range(3):
        seed = step(seed)
    return seed


def test_sums_by_a_tree_and_newton_steps_round_to_the_models_binary32():
    """Of 100,000 vectors none differs. It is not shown that none can: DEVIATIONS 37."""
    x = np.random.default_rng(5).standard_normal((100_000, 64)).astype(np.float32).astype(np.float64)
    in_order = np.add.accumulate(np.abs(x), axis=1)[:, -1]
    fraction, exponent = np.frexp(tree_sum(np.abs(x)))  # 1/2 .. 1
    seed = np.rint(65536 / (1 + (np.floor((2 * fraction - 1) * 256) + 0.5) / 256)) / 65536
    inverse = np.ldexp(newton(seed, lambda y: y * (2 - 2 * fraction * y)), 1 - exponent)
    assert ((1 / in_order).astype(np.float32) == inverse.astype(np.float32)).all()

    in_order = np.add.accumulate(x * x, axis=1)[:, -1] / 64 + 1e-5
    fraction, exponent = np.frexp(tree_sum(x * x) / 64 + 1e-5)
    fraction, half = np.where(exponent % 2, 2 * fraction, 4 * fraction), (exponent - 2 + exponent % 2) // 2  # 1 .. 4
    seed = np.rint(65536 / np.sqrt(1 + (np.floor((fraction - 1) / 3 * 256) + 0.5) * 3 / 256)) / 65536
    inverse = np.ldexp(newton(seed, lambda y: y * (1.5 - 0.5 * fraction * y * y)), -half)
    assert ((1 / np.sqrt(in_order)).astype(np.float32) == inverse.astype(np.float32)).all()
