"""W4A4: 4-bit weights per output channel, 4-bit activations per token, sums dequantized."""

import numpy as np

from spikeloom.models import mac_projection
from spikeloom.models.mac_projection import Group, MacFormat
from spikeloom.models.methods.floating import Method


class W4A4(Method):
    """`use_gptq`: weights by GPTQ, otherwise rounded to nearest."""

    def __init__(self, use_gptq):
        self.name = "w4a4-gptq" if use_gptq else "w4a4-rtn"
        self.assumptions = {
            "weights": "4 bit signed, one scale per output channel, clip searched per channel, "
            + ("GPTQ on quantized inputs" if use_gptq else "round to nearest"),
            "activations": "4 bit symmetric, one scale per token",
            "attention": "queries, keys, values and probabilities in binary32",
        }
        self._use_gptq = use_gptq

    def calibrate_projection(self, x, weights):
        size = x.shape[1]
        form = MacFormat(np.arange(size), (Group(size, 4, 4),), symmetric=True)
        return mac_projection.calibrate(x, weights, form, self._use_gptq)
