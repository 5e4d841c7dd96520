"""GPTQ (arXiv 2210.17323): rounding of weights, input by input, each error passed on to the inputs left.

Shapes: N outputs, K inputs. An integer weight of input k lies in -largest[k] - 1 .. largest[k].
"""

import numpy as np
from numba import njit, prange

BLOCK = 64
DAMPING = 0.03
# Scales that are tried: from the one that clips nothing down to 2^(-14/8), about 0.3 of it.
STEPS_PER_OCTAVE, CLIP_STEPS = 8, 15


def hessian_of(x):
    """Sum over tokens of x x^T / mean(x^2), float64 [K,K], of x float32 [M,K].

    Every token counts alike: with plain products the few enormous tokens of a Llama decide everything.
    """
    size = np.sqrt(np.einsum("mk,mk->m", x, x, dtype=np.float64) / x.shape[1])
    x = np.ascontiguousarray(x / np.where(size > 0, size, 1)[:, None], dtype=np.float32)
    return (x.T @ x).astype(np.float64)


def round_weights(weights, scale, largest):
    """Nearest integers (as float) of weights / scale that lie in range; the arguments broadcast."""
    return np.clip(np.rint(weights / scale), -largest - 1, largest)


def quantize(weights, hessian, scale_of, largest, damping=DAMPING):
    """Integers int32 [N,K] of weights [N,K] under the loss tr(E H E^T).

    `hessian` [K,K] is what `hessian_of` makes of calibration tokens, `scale_of(k)` gives the scales [N] of input k,
    `largest` [K] the range. Inputs go in descending order of the Hessian's diagonal, which changes the result
    but not where a weight is stored.
    """
    order, inverse = _inverse_factor(hessian, damping)
    w = weights[:, order].astype(np.float64)
    integers = np.empty(w.shape, dtype=np.int32)
    inputs = w.shape[1]
    for first in range(0, inputs, BLOCK):
        last = min(first + BLOCK, inputs)
        errors = np.empty((len(w), last - first))
        for i in range(first, last):
            scale = scale_of(order[i])
            integers[:, i] = round_weights(w[:, i], scale, largest[order[i]])
            errors[:, i - first] = (w[:, i] - integers[:, i] * scale) / inverse[i, i]
            w[:, i:last] -= errors[:, i - first, None] * inverse[i, i:last]
        w[:, last:] -= errors @ inverse[first:last, last:]
    result = np.empty_like(integers)
    result[:, order] = integers
    return result


def _inverse_factor(hessian, damping):
    """(order, U): inputs by descending diagonal, and U upper triangular with U^T U = (H + damping)^-1."""
    h = hessian.astype(np.float64)
    dead = np.diag(h) <= 0
    h[dead, dead] = 1.0
    h[np.diag_indices_from(h)] += damping * np.diag(h).mean()
    order = np.argsort(-np.diag(h), kind="stable")
    inverse = np.linalg.inv(h[np.ix_(order, order)])
    return order, np.linalg.cholesky((inverse + inverse.T) / 2).T.copy()


def unclipped_scale(weights, largest):
    """The smallest scale [N] with which no weight [N,K] leaves its range `largest` [K]; 1 for a row of zeros."""
    scale = (np.abs(weights) / largest).max(axis=1)
    return np.where(scale > 0, scale, 1.0)


def best_scales(weights, importance, largest, group=0, shift_max=0):
    """(scales [N], shifts uint8 [W,N]): the least error of rounding, weighted by `importance` [K].

    Input k of output n is rounded in steps of scales[n] * 2^shifts[window of k, n], windows of `group` inputs (0: one
    of all), shifts up to `shift_max`. Scales are the unclipped one times a power of 2^(1/8).
    """
    size = group or weights.shape[1]
    start = unclipped_scale(weights, largest)
    steps = CLIP_STEPS + STEPS_PER_OCTAVE * shift_max
    scales = start[:, None] * 2.0 ** (-np.arange(steps) / STEPS_PER_OCTAVE)
    errors = _rounding_errors(np.ascontiguousarray(weights), importance, largest.astype(np.float64), size, scales)
    # options[n, w, t, h]: the error of window w where the scale is number t and the shift is h.
    options = np.full((*errors.shape, shift_max + 1), np.inf)
    for h in range(shift_max + 1):
        coarser = STEPS_PER_OCTAVE * h
        options[:, :, coarser:, h] = errors[:, :, : steps - coarser]
    best = options.min(axis=3).sum(axis=1).argmin(axis=1)
    rows = np.arange(len(weights))
    shifts = options[rows, :, best].argmin(axis=2)
    return scales[rows, best], np.ascontiguousarray(shifts.T.astype(np.uint8))


@njit(parallel=True, cache=True)
def _rounding_errors(weights, importance, largest, size, scales):
    """Weighted squared error [N, K / size, T] of rounding each window of an output by each of its scales [N,T]."""
    outputs, inputs = weights.shape
    errors = np.zeros((outputs, inputs // size, scales.shape[1]))
    for n in prange(outputs):
        for t in range(scales.shape[1]):
            scale = scales[n, t]
            inverse = 1.0 / scale
            for window in range(inputs // size):
                total = 0.0
                for k in range(window * size, (window + 1) * size):
                    q = min(max(np.rint(weights[n, k] * inverse), -largest[k] - 1.0), largest[k])
                    difference = q * scale - weights[n, k]
                    total += difference * difference * importance[k]
                errors[n, window, t] = total
    return errors
