"""Linear operations of multiply-accumulate methods: quantized in groups, dequantized after each group's sum.

    y[m,n] = sum over groups i, in order, of fl(fl(acc) * fl(sx[m,i] * sw[i,n])), each addition in binary32,
    acc = sum over the group's inputs of (q[m,k] - z[m,i]) * w[k,n], an exact integer

Shapes: M tokens, K inputs, N outputs, W groups. Inputs stand in the order of the groups.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit, prange

from spikeloom.models import gptq, kernels
from spikeloom.models.activation_count import ActivationCount


@dataclass(frozen=True)
class Group:
    """A run of inputs that share scales: `size` inputs, bits of activations and of weights."""

    size: int
    activation_bits: int
    weight_bits: int


@dataclass(frozen=True)
class MacFormat:
    """`order` [K] is the input at each place. `symmetric` activations have no zero point; `activation_clip` and
    `weight_clip` shrink the ranges (weight_clip None: searched per channel)."""

    order: np.ndarray
    groups: tuple
    symmetric: bool
    activation_clip: float = 1.0
    weight_clip: float | None = None

    @property
    def bounds(self):
        """int64 [W+1]: where each group begins."""
        return np.cumsum([0] + [group.size for group in self.groups])


@dataclass(frozen=True)
class MacInput:
    """Integers q - z as float32 [M,K], scales sx float32 [M,W], zero points z int32 [M,W]."""

    integers: np.ndarray
    scales: np.ndarray
    zero_points: np.ndarray


@dataclass
class MacProjection:
    """The operations that read one input: weights int16 [K,N] side by side, scales sw float32 [W,N].

    `columns` maps an operation to its (first, last) output.
    """

    format: MacFormat
    weights: np.ndarray
    scales: np.ndarray
    columns: dict

    def run(self, x):
        """Outputs {operation: y float32 [M,N]} of inputs x [M,K] in the model's order."""
        coded = encode(x, self.format)
        y = np.zeros((len(x), self.weights.shape[1]), dtype=np.float32)
        bounds = self.format.bounds
        for i, (first, last) in enumerate(zip(bounds[:-1], bounds[1:], strict=True)):
            w = self.weights[first:last].astype(np.float32)
            sums = kernels.exact_product(np.ascontiguousarray(coded.integers[:, first:last]), w, np.abs(w).max(axis=1))
            _add_scaled(y, sums, np.ascontiguousarray(coded.scales[:, i]), self.scales[i])
        return {name: np.ascontiguousarray(y[:, a:b]) for name, (a, b) in self.columns.items()}

    def count(self, x):
        """ActivationCount of x [M,K]: codes, a 16-bit scale per token and group, zero points as wide as the codes."""
        groups = self.format.groups
        payload = len(x) * sum(group.size * group.activation_bits for group in groups)
        zero_points = 0 if self.format.symmetric else sum(group.activation_bits for group in groups)
        return ActivationCount(values=x.size, payload=payload, side=len(x) * (16 * len(groups) + zero_points))


def encode(x, form):
    """MacInput of x float32 [M,K]."""
    ordered = np.ascontiguousarray(x[:, form.order], dtype=np.float32)
    shape = (len(x), len(form.groups))
    coded = MacInput(np.empty_like(ordered), np.empty(shape, np.float32), np.empty(shape, np.int32))
    bits = np.array([group.activation_bits for group in form.groups])
    _encode(
        ordered,
        form.bounds,
        bits,
        form.symmetric,
        np.float32(form.activation_clip),
        coded.integers,
        coded.scales,
        coded.zero_points,
    )
    return coded


def calibrate(x, weights, form, use_gptq):
    """(MacProjection, its outputs) for weights {operation: [N,K]}, calibrated on inputs x [M,K].

    Scales are per group and output; with `use_gptq` rounding is GPTQ's on the quantized inputs.
    """
    stacked = np.concatenate(list(weights.values())).astype(np.float64)[:, form.order]
    coded = encode(x, form)
    of_input = np.repeat(np.arange(len(form.groups)), [group.size for group in form.groups])
    hessian = gptq.hessian_of(coded.integers * coded.scales[:, of_input])
    largest = np.array([(1 << (group.weight_bits - 1)) - 1 for group in form.groups])[of_input]
    scales = np.empty((len(form.groups), len(stacked)), dtype=np.float32)
    for i, (first, last) in enumerate(zip(form.bounds[:-1], form.bounds[1:], strict=True)):
        w, limit = stacked[:, first:last], largest[first:last]
        if form.weight_clip is None:
            scales[i] = gptq.best_scales(w, np.diag(hessian)[first:last], limit)[0]
        else:
            scales[i] = gptq.unclipped_scale(w, limit) * form.weight_clip
    exact = scales.astype(np.float64)
    if use_gptq:
        integers = gptq.quantize(stacked, hessian, lambda k: exact[of_input[k]], largest)
    else:
        integers = gptq.round_weights(stacked, exact[of_input].T, largest)
    ends = np.cumsum([len(w) for w in weights.values()])
    columns = {name: (int(end) - len(w), int(end)) for (name, w), end in zip(weights.items(), ends, strict=True)}
    projection = MacProjection(form, np.ascontiguousarray(integers.T.astype(np.int16)), scales, columns)
    return projection, projection.run(x)


@njit(parallel=True, cache=True)
def _encode(x, bounds, bits, symmetric, clip, integers, scales, zero_points):
    for m in prange(x.shape[0]):
        for i in range(len(bits)):
            low, high = kernels.extremes(x[m, bounds[i] : bounds[i + 1]])
            if symmetric:
                smallest, largest = -np.float32((1 << (bits[i] - 1)) - 1), np.float32((1 << (bits[i] - 1)) - 1)
                scale = max(-low, high) * clip / largest
            else:
                smallest, largest = np.float32(0), np.float32((1 << bits[i]) - 1)
                scale = (high - low) * clip / largest
            if not scale > np.float32(0):
                scale = np.float32(1)
            zero = np.float32(0) if symmetric else np.rint(-low * clip / scale)
            for k in range(bounds[i], bounds[i + 1]):
                q = min(max(np.rint(x[m, k] / scale) + zero, smallest), largest)
                integers[m, k] = q - zero
            scales[m, i], zero_points[m, i] = scale, np.int32(zero)


@njit(parallel=True, cache=True)
def _add_scaled(y, sums, row_scale, column_scale):
    for m in prange(y.shape[0]):
        for n in range(y.shape[1]):
            y[m, n] += np.float32(sums[m, n]) * (row_scale[m] * column_scale[n])
