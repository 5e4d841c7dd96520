"""GPTQ (arXiv 2210.17323): rounding of weights, input by input, each error passed on to the inputs left.

Shapes: N outputs, K inputs. An integer weight of input k lies in -largest[k] - 1 .. largest[k].
"""

import numpy as np

from spikeloom.models import kernels

BLOCK = 64
DAMPING = 0.01


def hessian_of(x):
    """Sum over tokens of x x^T, float64 [K,K], of x float32 [M,K]."""
    x = np.ascontiguousarray(x, dtype=np.float32)
    return kernels.matmul(x.T, x).astype(np.float64)


def round_weights(weights, scale, largest):
    """Nearest integers (as float) of weights / scale that lie in range; the arguments broadcast."""
    return np.clip(np.rint(weights / scale), -largest - 1, largest)


def quantize(weights, hessian, scale_of, largest, damping=DAMPING):
    """Integers int32 [N,K] of weights [N,K] under the loss tr(E H E^T).

    `hessian` [K,K] is the sum of x x^T over calibration tokens, `scale_of(k)` gives the scales [N] of input k,
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


def best_scale(weights, importance, largest, clips):
    """Scale [N] with the least error weighted by `importance` [K], of `clips` times the unclipped one."""
    start = unclipped_scale(weights, largest)
    best, best_error = start * clips[-1], np.full(len(weights), np.inf)
    for clip in clips:
        scale = start * clip
        rounded = round_weights(weights, scale[:, None], largest) * scale[:, None]
        error = ((rounded - weights) ** 2 @ importance[:, None])[:, 0]
        better = error < best_error
        best_error[better], best[better] = error[better], scale[better]
    return best
