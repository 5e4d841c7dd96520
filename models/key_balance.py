"""Keys made easier to code, offline: rotary pairs of k divided, and of q multiplied, by the same number.

Scores stay what they are, since a pair turns as a whole; nothing runs online, the factors fold into weights.
"""

from dataclasses import replace

import numpy as np

from spikeloom.models import vector_unit

TINY = 1e-9


def keys_of(model, layer, x, length, rotary):
    """Keys float32 [M,G,d] of residual stream x [M,D], in floating point, after the rotary embedding."""
    hidden = vector_unit.rms_norm(x, layer.attention_norm, model.epsilon)
    keys = (hidden @ layer.weights["k"].T).reshape(len(x), -1, model.shape.head_dim)
    positions = np.tile(np.arange(length), len(x) // length)
    return vector_unit.rotate_heads(keys, rotary.cosine, rotary.sine, positions)


def balance_keys(layer, keys, shape, strength):
    """A LlamaLayer that computes the same, its key pairs divided by their root mean square^strength.

    `keys` float32 [M,G,d] on calibration text; the geometric mean of a head's divisors is 1.
    """
    half = shape.head_dim // 2
    square = (keys.astype(np.float64) ** 2).mean(axis=0)
    pair = np.sqrt((square[:, :half] + square[:, half:]) / 2) + TINY
    gain = (pair / np.exp(np.log(pair).mean(axis=1, keepdims=True))) ** strength
    gain = np.concatenate([gain, gain], axis=1)
    weights = dict(layer.weights)
    weights["k"] = (weights["k"] / gain.reshape(-1, 1)).astype(np.float32)
    shared = shape.heads // shape.kv_heads
    weights["q"] = (weights["q"] * np.repeat(gain, shared, axis=0).reshape(-1, 1)).astype(np.float32)
    return replace(layer, weights=weights)
