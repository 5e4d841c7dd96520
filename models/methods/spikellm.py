"""SpikeLLM (arXiv 2407.04752): spike counts over T steps; salient channels get one more bit, sums are scaled."""

import numpy as np

from spikeloom.models import mac_projection
from spikeloom.models.mac_projection import Group, MacFormat
from spikeloom.models.methods.floating import Method

SALIENT_CHANNELS = 0.1


class SpikeLlm(Method):
    """Per-token asymmetric codes: 4 bits, 5 bits in the salient tenth of the channels."""

    name = "spikellm"
    weights = "4 bit per channel, GPTQ"
    activations = f"4 bit per token, 5 bit in {SALIENT_CHANNELS:.0%} of the inputs"
    assumptions = {
        "salient_channels": "the tenth of the inputs with the largest mean over tokens of x o (x W^T W); 5 bits "
        "(T = 2), with a range of their own per token",
        "activations": "4 bit asymmetric per token",
        "weights": "4 bit per output channel, clip searched, GPTQ on quantized inputs, tokens alike; the published "
        "results use learned clipping (OmniQuant)",
        "attention": "queries, keys, values and probabilities in binary32",
    }

    def calibrate_projection(self, x, weights):
        w = np.concatenate(list(weights.values())).astype(np.float64)
        real = x.astype(np.float64)
        saliency = (real * (real @ (w.T @ w))).mean(axis=0)
        size = x.shape[1]
        order = np.argsort(saliency, kind="stable")
        salient = round(SALIENT_CHANNELS * size)
        order = np.concatenate([np.sort(order[: size - salient]), np.sort(order[size - salient :])])
        form = MacFormat(order, (Group(size - salient, 4, 4), Group(salient, 5, 4)), symmetric=False)
        return mac_projection.calibrate(x, weights, form, use_gptq=True)
