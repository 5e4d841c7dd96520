"""Operations that stay in floating point: building blocks of the methods, and the method `fp32`."""

from dataclasses import dataclass

import numpy as np

from spikeloom.models import vector_unit


@dataclass
class FloatProjection:
    """y = x W^T with weights {operation: [N,K]} and inputs as they are."""

    weights: dict

    def run(self, x):
        return {name: x @ w.T for name, w in self.weights.items()}


class FloatAttention:
    """softmax(q k^T / sqrt(d)) v in float32, after `prepare` has been applied to keys and values."""

    def prepare(self, k, v):
        return k, v

    def run(self, q, k, v, length):
        tokens, heads, size = q.shape
        k, v = self.prepare(k, v)
        shared = heads // k.shape[1]
        out = np.empty_like(q)
        scale = np.float32(size**-0.5)
        for first in range(0, tokens, length):
            rows = slice(first, first + length)
            for head in range(heads):
                keys = np.ascontiguousarray(k[rows, head // shared])
                scores = (np.ascontiguousarray(q[rows, head]) @ keys.T) * scale
                probabilities = vector_unit.causal_softmax(scores, 0)
                out[rows, head] = probabilities @ np.ascontiguousarray(v[rows, head // shared])
        return out.reshape(tokens, heads * size)


class Method:
    """What most methods share: the layer as it is, and attention in floating point."""

    options = {}
    # Whether there is nothing to calibrate, so that a layer's program is made on the spot; then it has
    # `projection(weights)`.
    keeps_nothing = False

    def check(self, shape):
        """Raises UserError if the method cannot quantize a model of this LlamaShape."""

    def survey(self, model, sequences):
        """Looks at the whole model on token ids [S,C] before the first layer is calibrated."""

    def prepare(self, model, layer, x, length, rotary):
        """The layer's weights that will be quantized."""
        return model.layers[layer]

    def calibrate_projection(self, x, weights):
        """(projection, its outputs on x [M,K]) of weights {operation: [N,K]}."""
        projection = self.projection(weights)
        return projection, projection.run(x)

    def calibrate_attention(self, shape, q, k, v, length):
        """Attention of one layer."""
        return FloatAttention()


class Fp32(Method):
    """The model as it was loaded: what every other method approximates."""

    name = "fp32"
    keeps_nothing = True
    weights = activations = "binary32"
    assumptions = {"values": "weights, activations and attention in binary32"}

    def projection(self, weights):
        return FloatProjection(weights)
