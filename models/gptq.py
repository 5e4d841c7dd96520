"""GPTQ (arXiv 2210.17323): rounding of weights, column by column, each error passed on to the columns left.

Grids are a policy: `round_to_grid(column w [N], k) -> (integers [N], values [N])` rounds the weights of one
input. Shapes: N outputs, K inputs.
"""

import numpy as np

BLOCK = 64
DAMPING = 0.01


def quantize(weights, hessian, round_to_grid, damping=DAMPING):
    """Integers int32 [N,K] of weights [N,K] under the loss tr(E H E^T).

    `hessian` [K,K] is the sum of x x^T over calibration tokens. Inputs go in descending order of their
    diagonal, which changes the result but not where a weight is stored.
    """
    order, inverse = _inverse_factor(hessian, damping)
    w = weights[:, order].astype(np.float64)
    integers = np.empty(w.shape, dtype=np.int32)
    inputs = w.shape[1]
    for first in range(0, inputs, BLOCK):
        last = min(first + BLOCK, inputs)
        errors = np.empty((len(w), last - first))
        for i in range(first, last):
            integers[:, i], values = round_to_grid(w[:, i], order[i])
            errors[:, i - first] = (w[:, i] - values) / inverse[i, i]
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


def best_scale(weights, importance, largest, candidates, round_weights):
    """Scale [N] per output with the least error weighted by `importance` [K], of `candidates` * largest.

    `largest` [N] is the scale that clips nothing; `round_weights(weights, scale [N]) -> values [N,K]`.
    """
    best, best_error = largest * candidates[-1], np.full(len(weights), np.inf)
    for candidate in candidates:
        scale = largest * candidate
        error = ((round_weights(weights, scale) - weights) ** 2 @ importance[:, None])[:, 0]
        better = error < best_error
        best_error[better], best[better] = error[better], scale[better]
    return best
