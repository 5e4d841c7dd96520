"""FP16: weights and inputs of linear operations rounded to binary16, products summed in binary32."""

import numpy as np

from spikeloom.models.activation_count import ActivationCount
from spikeloom.models.methods.floating import FloatProjection, Method

LARGEST = np.finfo(np.float16).max


class Fp16(Method):
    """The half-precision baseline."""

    name = "fp16"
    keeps_nothing = True
    weights = activations = "binary16"
    assumptions = {
        "linear": "weights and inputs in binary16 (saturating), products summed in binary32",
        "attention": "queries, keys, values and probabilities in binary32",
    }

    def projection(self, weights):
        return Fp16Projection({name: to_half(w) for name, w in weights.items()})


class Fp16Projection(FloatProjection):
    """y = fp16(x) fp16(W)^T."""

    def run(self, x):
        return super().run(to_half(x))

    def count(self, x):
        """ActivationCount of x [M,K]."""
        return ActivationCount(values=x.size, payload=16 * x.size)


def to_half(x):
    """The nearest binary16 values, as float32."""
    return np.clip(x, -LARGEST, LARGEST).astype(np.float16).astype(np.float32)
