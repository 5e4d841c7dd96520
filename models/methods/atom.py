"""Atom (arXiv 2310.19102): groups, outlier channels reordered to the end at 8 bits, 4-bit keys and values."""

import numpy as np
from numba import njit, prange

from spikeloom.models import kernels, mac_projection
from spikeloom.models.mac_projection import Group, MacFormat
from spikeloom.models.methods.floating import FloatAttention, Method

GROUP = 64
ACTIVATION_CLIP = 0.9
WEIGHT_CLIP = 0.85


class Atom(Method):
    """`outlier_share` of the inputs keep 8 bits."""

    name = "atom"

    def __init__(self, outlier_share):
        self._share = outlier_share
        self.options = {"wide_share": outlier_share}
        self.weights = self.activations = f"4 bit in groups of {GROUP}, 8 bit in {outlier_share:.2%} of the inputs"
        self.assumptions = {
            "groups": f"{GROUP} inputs (Atom's 128 does not divide the sizes of small models); the last may be shorter",
            "outlier_channels": f"{outlier_share:.2%} of the inputs, by the sum of squares on calibration, reordered "
            "to the end, 8 bit weights and activations, one group",
            "clip": f"{ACTIVATION_CLIP} for activations, {WEIGHT_CLIP} for weights, as in Atom's code",
            "weights": "4 bit symmetric, GPTQ on quantized inputs, tokens alike",
            "activations": "4 bit symmetric, one scale per token and group",
            "attention": "keys and values 4 bit asymmetric per token and head; the rest in binary32",
        }

    def calibrate_projection(self, x, weights):
        size = x.shape[1]
        outliers = round(self._share * size)
        order = np.argsort((x.astype(np.float64) ** 2).sum(axis=0), kind="stable")
        normal = np.sort(order[: size - outliers])
        groups = [Group(min(GROUP, len(normal) - i), 4, 4) for i in range(0, len(normal), GROUP)]
        if outliers:
            groups.append(Group(outliers, 8, 8))
        form = MacFormat(
            np.concatenate([normal, np.sort(order[size - outliers :])]),
            tuple(groups),
            symmetric=True,
            activation_clip=ACTIVATION_CLIP,
            weight_clip=WEIGHT_CLIP,
        )
        return mac_projection.calibrate(x, weights, form, use_gptq=True)

    def calibrate_attention(self, shape, q, k, v, length):
        return AtomAttention()


class AtomAttention(FloatAttention):
    """Keys and values rounded to 4 bits, asymmetric, per token and head."""

    def prepare(self, k, v):
        return _round_asymmetric(k), _round_asymmetric(v)


@njit(parallel=True, cache=True)
def _round_asymmetric(x):
    out = np.empty_like(x)
    for m in prange(x.shape[0]):
        for head in range(x.shape[1]):
            low, high = kernels.extremes(x[m, head])
            scale = (high - low) / np.float32(15)
            if not scale > np.float32(0):
                scale = np.float32(1)
            for i in range(x.shape[2]):
                out[m, head, i] = np.rint((x[m, head, i] - low) / scale) * scale + low
    return out
