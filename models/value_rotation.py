"""Values made easier to code, offline: each head's values turned by a Hadamard matrix, and turned back in `o`.

The mix is linear in the values, so that nothing runs online: both rotations fold into weights (QuaRot's, arXiv
2404.00456, second rotation).
"""

from dataclasses import replace

import numpy as np


def rotate_values(layer, shape):
    """A LlamaLayer that computes the same, with rotated values; `shape` is its LlamaShape."""
    turn = hadamard(shape.head_dim)
    weights = dict(layer.weights)
    v = weights["v"].reshape(shape.kv_heads, shape.head_dim, -1)
    weights["v"] = _as_weights(np.einsum("ij,gjk->gik", turn, v), weights["v"].shape)
    o = weights["o"].reshape(-1, shape.heads, shape.head_dim)
    weights["o"] = _as_weights(np.einsum("nhj,ij->nhi", o, turn), weights["o"].shape)
    return replace(layer, weights=weights)


def hadamard(size):
    """Orthogonal [size, size]: Sylvester's matrix for the power of two in `size`, repeated on the diagonal."""
    block = np.ones((1, 1))
    while size % (2 * len(block)) == 0:
        block = np.block([[block, block], [block, -block]])
    return np.kron(np.eye(size // len(block)), block / np.sqrt(len(block)))


def _as_weights(array, shape):
    return np.ascontiguousarray(array.reshape(shape), dtype=np.float32)
