"""The vector unit's arithmetic, bit for bit: number format `binary32-index-order`.

    elements    IEEE 754 binary32, every operation rounded to nearest, ties to even, none fused
    sums        binary64, in the order of the index, rounded to binary32 at the end
    exp         exp(-d) = 2^-n * (T[i] + r * (T[i+1] - T[i])) with d * log2(e) = n + (i + r) / 1024 and
                T[i] = 2^(-i / 1024) rounded to binary32: float accuracy from one table and a multiply-add
    sine, cosine, and 1 / sqrt of RMSNorm: binary64, rounded to binary32 (tables and one value per token)

The kernels are compiled, but they are the definition: loops over elements in a fixed order, no reassociation.
Shapes: M tokens, D elements; arrays are float32 and C-contiguous.
"""

from decimal import Decimal, localcontext

import numpy as np
from numba import njit, prange

NUMBER_FORMAT = "binary32-index-order"
TABLE_SIZE = 1024


def _exp2_table():
    """T[i] = 2^(-i / 1024), i = 0..1024, from decimal arithmetic: the same on every machine."""
    with localcontext() as context:
        context.prec = 40
        return np.array([float(Decimal(2) ** (Decimal(-i) / TABLE_SIZE)) for i in range(TABLE_SIZE + 1)])


_EXP2 = _exp2_table().astype(np.float32)
_POWERS = np.ldexp(np.float32(1), -np.arange(150)).astype(np.float32)
_LOG2_E = np.float32(1.4426950408889634)


@njit(cache=True)
def exp_negative(d):
    """exp(-d) of a float32 d >= 0, as the module's docstring defines it; 0 below 2^-149."""
    scaled = d * _LOG2_E
    if not scaled < np.float32(149):
        return np.float32(0)
    n = np.int64(scaled)
    position = (scaled - np.float32(n)) * np.float32(TABLE_SIZE)
    i = np.int64(position)
    r = position - np.float32(i)
    return (_EXP2[i] + r * (_EXP2[i + 1] - _EXP2[i])) * _POWERS[n]


@njit(cache=True)
def sum_of_squares(x):
    """Sum of x[k]^2 in binary64, in index order."""
    total = 0.0
    for value in x:
        total += np.float64(value) * np.float64(value)
    return total


@njit(parallel=True, cache=True)
def rms_norm(x, weight, epsilon):
    """x * (mean(x^2) + epsilon)^-1/2 * weight; x [M,D], weight [D]."""
    out = np.empty_like(x)
    for m in prange(x.shape[0]):
        scale = np.float32(1.0 / np.sqrt(sum_of_squares(x[m]) / x.shape[1] + epsilon))
        for k in range(x.shape[1]):
            out[m, k] = (x[m, k] * scale) * weight[k]
    return out


@njit(parallel=True, cache=True)
def gated_silu(gate, up):
    """gate * sigmoid(gate) * up, all [M,D]."""
    out = np.empty_like(gate)
    for m in prange(gate.shape[0]):
        for k in range(gate.shape[1]):
            value = gate[m, k]
            decay = exp_negative(abs(value))
            one = np.float32(1)
            sigmoid = one / (one + decay) if value >= 0 else decay / (one + decay)
            out[m, k] = (value * sigmoid) * up[m, k]
    return out


@njit(parallel=True, cache=True)
def rotate_heads(x, cosine, sine, positions):
    """Rotary embedding of x [M, heads, d] at `positions` [M]: pairs are (i, i + d/2); tables are [P, d/2]."""
    out = np.empty_like(x)
    half = x.shape[2] // 2
    for m in prange(x.shape[0]):
        p = positions[m]
        for head in range(x.shape[1]):
            for i in range(half):
                a, b = x[m, head, i], x[m, head, i + half]
                out[m, head, i] = a * cosine[p, i] - b * sine[p, i]
                out[m, head, i + half] = b * cosine[p, i] + a * sine[p, i]
    return out


@njit(parallel=True, cache=True)
def causal_softmax(scores, first_position):
    """Softmax over the keys 0..first_position + m of row m; scores [M, keys], 0 beyond them."""
    out = np.zeros_like(scores)
    for m in prange(scores.shape[0]):
        softmax_row(scores[m], out[m], first_position + m + 1)
    return out


@njit(cache=True)
def softmax_row(scores, out, keys):
    """Softmax of scores[:keys] into out[:keys]."""
    largest = scores[0]
    for n in range(1, keys):
        largest = max(largest, scores[n])
    total = 0.0
    for n in range(keys):
        out[n] = exp_negative(largest - scores[n])
        total += np.float64(out[n])
    scale = np.float32(1.0 / total)
    for n in range(keys):
        out[n] = out[n] * scale


def rotary_tables(inverse_frequencies, positions, scaling=1.0):
    """(cosine, sine) float32 [positions, d/2] of float32 inverse frequencies [d/2].

    The angle is rounded to binary32, as Llama's own code does; `scaling` multiplies both.
    """
    angles = np.arange(positions, dtype=np.float32)[:, None] * np.asarray(inverse_frequencies, np.float32)
    angles = angles.astype(np.float64)
    return tuple((f(angles) * scaling).astype(np.float32) for f in (np.cos, np.sin))
