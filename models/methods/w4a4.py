"""W4A4: 4-bit weights per output channel, 4-bit activations per token (or of other widths), sums dequantized."""

import numpy as np

from spikeloom.models import mac_projection
from spikeloom.models.mac_projection import Group, MacFormat
from spikeloom.models.methods.floating import Method


class W4A4(Method):
    """`use_gptq`: weights by GPTQ, otherwise rounded to nearest. Activations have `activation_bits`, 1 to 8."""

    def __init__(self, use_gptq, activation_bits=4):
        self.options = {"activation_bits": activation_bits}
        self.name = "w4a4-gptq" if use_gptq else "w4a4-rtn"
        self.assumptions = {
            "weights": "4 bit signed, one scale per output channel, clip searched per channel, "
            + ("GPTQ on quantized inputs, tokens alike" if use_gptq else "round to nearest"),
            "activations": f"{activation_bits} bit, one scale per token"
            + (", symmetric" if activation_bits > 1 else ": its smallest and largest value"),
            "attention": "queries, keys, values and probabilities in binary32",
        }
        self.weights = "4 bit per channel, " + ("GPTQ" if use_gptq else "rounded to nearest")
        self.activations = f"{activation_bits} bit per token"
        self._use_gptq, self._bits = use_gptq, activation_bits

    def calibrate_projection(self, x, weights):
        size = x.shape[1]
        # One bit has no symmetric levels: it stands for the smallest and the largest value.
        form = MacFormat(np.arange(size), (Group(size, self._bits, 4),), symmetric=self._bits > 1)
        return mac_projection.calibrate(x, weights, form, self._use_gptq)
