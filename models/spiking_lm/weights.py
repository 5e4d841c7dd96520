"""Weights of 1, 1.58 or 4 bits with one scale for a matrix: `integers * scale`.

Binary and ternary as BitNet has them (b1 and b1.58); that the published model does the same is not confirmed.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from spikeloom.models.spiking_lm.shape import WEIGHT_BITS

# Best step of a uniform 4-bit quantizer of a Gaussian, 0.335 sigma (Max 1960), where mean|W| = 0.798 sigma.
INT4_STEP = 0.335 / 0.798


@dataclass(frozen=True)
class WeightKind:
    """`bits` a weight takes in memory (0: stays real); `integers_of` and `scale_of` the latent W [N,K]."""

    bits: int
    integers_of: callable = None
    scale_of: callable = None


def _binary(w):
    return torch.where(w >= w.mean(), 1.0, -1.0)


def _ternary(w):
    return (w / w.abs().mean()).round().clamp(-1, 1)


def _int4(w):
    return (w / (INT4_STEP * w.abs().mean())).round().clamp(-7, 7)


KINDS = {
    "binary": WeightKind(WEIGHT_BITS["binary"], _binary, lambda w: w.abs().mean()),
    "ternary": WeightKind(WEIGHT_BITS["ternary"], _ternary, lambda w: w.abs().mean()),
    "int4": WeightKind(WEIGHT_BITS["int4"], _int4, lambda w: INT4_STEP * w.abs().mean()),
    "full": WeightKind(WEIGHT_BITS["full"]),
}


class QuantizedLinear(nn.Linear):
    """y = W (a - centre) + b of rates a, W seen quantized; gradients pass straight through to the latent weights.

    Rates are far from 0 on average. Without the constant `centre` a step of the training would move all outputs far in
    one direction, and quantizing W would too.
    """

    def __init__(self, inputs, outputs, kind, centre=0.5):
        super().__init__(inputs, outputs)
        self.kind, self.centre = KINDS[kind], centre

    def forward(self, a):
        return functional.linear(a - self.centre, self.seen_weights(), self.bias)

    def seen_weights(self):
        """[N,K]: what the layer multiplies with."""
        if not self.kind.bits:
            return self.weight
        with torch.no_grad():
            correction = self.kind.integers_of(self.weight) * self.kind.scale_of(self.weight) - self.weight
        return self.weight + correction

    def plain_bias(self):
        """b' of y = W a + b', [N]."""
        return self.bias - self.centre * self.seen_weights().sum(1)

    def fill(self, weight, plain_bias):
        """Take over W and b'."""
        with torch.no_grad():
            self.weight.copy_(weight)
            self.bias.copy_(plain_bias + self.centre * self.weight.sum(1))
