"""The integer contract over whole texts: coding and firing as compiled loops, sums as exact matrix products.

The same integers as `codes.py` and `integer_reference.py`, which state the contract literally (a test holds
them together), at the speed that perplexity needs. Shapes: M tokens, K inputs, N outputs.
"""

import math

import numpy as np
from numba import njit, prange

SIGNED, UNSIGNED = 0, 1
# Where a mantissa rounds up in the log domain.
SQRT_HALF = np.float32(0.70710678)


@njit(cache=True)
def round_log2(x):
    """Integer nearest to log2(x) in the log domain, for float32 x > 0: the boundary is 2^(n + 1/2)."""
    mantissa, exponent = math.frexp(x)
    return exponent - 1 if np.float32(mantissa) < SQRT_HALF else exponent


@njit(cache=True)
def _floating_index(magnitude):
    """Index x << 2 | f of the nearest magnitude (4 + f) << (1 + x); ties go to the even index."""
    for x in range(4):
        step = np.float32(2 << x)
        largest = np.float32(7.5) * step
        if magnitude < largest or (x == 3):
            f = np.int64(np.rint(magnitude / step)) - 4
            return (x << 2) + min(max(f, 0), 3)
        if magnitude == largest:  # halfway to (4 + 0) << (x + 2), whose fraction is even
            return (x + 1) << 2
    return 15


@njit(cache=True)
def _floating_value(index):
    return np.float32((4 + (index & 3)) << (1 + (index >> 2)))


@njit(cache=True)
def extremes(x):
    """(smallest, largest) of x, with 0 among them. A function of its own: written out inside a parallel loop, where a
    running minimum can be taken for a reduction, such loops gave wrong exponents."""
    low, high = np.float32(0), np.float32(0)
    for value in x:
        low, high = min(low, value), max(high, value)
    return low, high


@njit(cache=True)
def _range_exponent(x, salient, inverse_unit, kind, span, wide, digits):
    """e of one token from the range of its normal values. Not inside the parallel loop: see `extremes`."""
    low, high, first = np.float32(0), np.float32(0), True
    for k in range(len(x)):
        if salient[k] or (digits and wide[k]):
            continue
        if first:
            low, high, first = x[k], x[k], False
        low, high = min(low, x[k]), max(high, x[k])
    extent = max(-low, high) if kind == SIGNED else high - low
    ratio = extent / np.float32(span) * inverse_unit
    if not ratio > np.float32(0):
        return 0
    return min(max(round_log2(ratio), -128), 127)


@njit(parallel=True, cache=True)
def range_exponents(x, salient, inverse_unit, kind, span, wide, digits):
    """e int64 [M] from the range of each token's normal values, spread over `span` steps."""
    exponents = np.empty(x.shape[0], dtype=np.int64)
    for m in prange(x.shape[0]):
        exponents[m] = _range_exponent(x[m], salient[m], inverse_unit, kind, span, wide, digits)
    return exponents


@njit(parallel=True, cache=True)
def encode(
    x,
    exponents,
    salient,
    inverse_unit,
    kind,
    zero_point,
    keep_fitting,
    wide,
    digits,
    most_exponent,
    most_digit,
    codes,
    integers,
    exponent_of,
    digit_exponent_of,
):
    """Code float32 x [M,K] with token exponents e [M].

    salient [M,K]  the salient rule's verdict; after the call the flags
    kind           SIGNED or UNSIGNED (floating salient values); zero_point z
    keep_fitting   a salient value that the normal code holds stays normal (two-digit codes keep the verdict)
    wide [K]       inputs with two-digit codes if `digits`
    filled         codes uint8 [M,K], integers float32 [M,K], E uint8 [M], E7 uint8 [M]
    """
    for m in prange(x.shape[0]):
        encode_token(
            x[m],
            salient[m],
            inverse_unit,
            kind,
            zero_point,
            keep_fitting,
            wide,
            digits,
            most_exponent,
            most_digit,
            exponents[m],
            m,
            codes,
            integers,
            exponent_of,
            digit_exponent_of,
        )


@njit(cache=True)
def encode_token(
    x,
    salient,
    inverse_unit,
    kind,
    zero_point,
    keep_fitting,
    wide,
    digits,
    most_exponent,
    most_digit,
    e,
    m,
    codes,
    integers,
    exponent_of,
    digit_exponent_of,
):
    scale = np.float32(2.0 ** np.float64(-e)) * inverse_unit
    z = np.float32(zero_point)
    largest, largest_digit = np.float32(0), np.float32(0)
    for k in range(len(x)):
        scaled = x[k] * scale
        if digits and wide[k]:
            largest_digit = max(largest_digit, abs(scaled))
            continue
        if salient[k]:
            if keep_fitting and _fits_normal(scaled, kind, z):
                salient[k] = False
            else:
                largest = max(largest, abs(scaled + z))
    E = 0
    while most_exponent > E and largest > np.float32(120 << E):
        E += 1
    E7 = 0
    while most_digit > E7 and largest_digit > np.float32(63.5) * np.float32(1 << E7):
        E7 += 1
    digit_exponent_of[m] = E7
    exponent_of[m] = E
    for k in range(len(x)):
        scaled = x[k] * scale
        if digits and wide[k]:
            code, value = _digits_code(scaled, E7)
        elif salient[k]:
            on_grid = scaled + z
            index = _floating_index(abs(on_grid) / np.float32(1 << E))
            value = _floating_value(index) * np.float32(1 << E)
            code = index | (16 if on_grid < 0 else 0)
            value = (-value if on_grid < 0 else value) - z
        elif kind == SIGNED:
            q = min(max(np.rint(scaled), np.float32(-7)), np.float32(7))
            code = np.int64(abs(q)) | (8 if q < 0 else 0)
            value = q
        else:
            q = min(max(np.rint(scaled) + z, np.float32(0)), np.float32(15))
            code = np.int64(q)
            value = q - z
        codes[m, k] = code
        integers[m, k] = value


@njit(cache=True)
def _fits_normal(scaled, kind, z):
    q = np.rint(scaled)
    if kind == SIGNED:
        return abs(q) <= np.float32(7)
    return np.float32(0) <= q + z <= np.float32(15)


@njit(cache=True)
def _digits_code(scaled, E7):
    q = min(np.rint(abs(scaled) / np.float32(1 << E7)), np.float32(63))
    negative = scaled < 0 and q > 0
    value = q * np.float32(1 << E7)
    return np.int64(q) | (64 if negative else 0), (-value if negative else value)


@njit(parallel=True, cache=True)
def fire(membranes, fraction_bits, theta, output_bits):
    """Output codes int16 [M,N] of integer membranes [M,N] (float32 or float64), thresholds float64 [N].

    Exact where `thresholds_are_exact`: a quotient then has the floor of the true one, and a numerator that binary64
    rounds belongs to an output that saturates anyway.
    """
    out = np.empty(membranes.shape, dtype=np.int16)
    limit = np.float64(1 << (output_bits - 1))
    factor = np.float64(1 << fraction_bits)
    for m in prange(membranes.shape[0]):
        for n in range(membranes.shape[1]):
            numerator = np.float64(membranes[m, n]) * factor + np.floor(theta[n] * 0.5)
            o = np.floor(numerator / theta[n])
            out[m, n] = np.int16(min(max(o, -limit), limit - 1.0))
    return out


@njit(parallel=True, cache=True)
def scale_outputs(outputs, exponents):
    """2^exponents[m] * o as float32 [M,N], of output codes o int16 [M,N]."""
    out = np.empty(outputs.shape, dtype=np.float32)
    for m in prange(outputs.shape[0]):
        scale = np.float32(2.0 ** np.float64(exponents[m]))
        for n in range(outputs.shape[1]):
            out[m, n] = np.float32(outputs[m, n]) * scale
    return out


def exact_product(integers, weights, row_bound):
    """a [M,K] times w [K,N], exact, as float32 or float64 [M,N].

    `integers` and `weights` are float32 arrays of integers, `row_bound` [K] is max |w| per input. Rows whose
    sum_k |a| * row_bound stays below 2^24 take binary32: no partial sum, in any order, can then be rounded.
    The others take binary64, which holds for sums below 2^53.
    """
    bound = np.abs(integers) @ row_bound.astype(np.float32) * np.float32(1.001)
    large = np.flatnonzero(bound >= 1 << 24)
    narrow = integers @ weights
    if len(large) == 0:
        return narrow
    if bound.max() >= 1 << 53:
        raise OverflowError("a weighted sum may exceed 53 bits")
    result = narrow.astype(np.float64)
    result[large] = integers[large].astype(np.float64) @ weights.astype(np.float64)
    return result


def thresholds_are_exact(theta, output_bits):
    """Whether `fire` is exact for thresholds int64 [N]: outputs in range then have numerators below 2^53, and
    1 / theta exceeds half an ulp of the quotient."""
    return int(theta.max()) < 1 << (53 - output_bits)


def medians(x):
    """Median of each row of x [M,K] in float32: the middle value, or the mean of the two in the middle."""
    size = x.shape[1]
    middle = size // 2
    if size % 2:
        return np.partition(x, middle, axis=1)[:, middle]
    ordered = np.partition(x, (middle - 1, middle), axis=1)
    return (ordered[:, middle - 1] + ordered[:, middle]) * np.float32(0.5)
