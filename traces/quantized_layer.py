"""Quantizes one captured layer: weights once, then activations, thresholds and expected outputs per code."""

from dataclasses import dataclass

import numpy as np

from spikeloom.models import integer_reference as reference
from spikeloom.models import spikequant


@dataclass(frozen=True)
class OperationWeights:
    """One operation: its input's name, w int8 [N,K], s_w float64 [N], and the FP32 weights [N,K]."""

    input_name: str
    integers: np.ndarray
    scale: np.ndarray
    real: np.ndarray


@dataclass(frozen=True)
class OperationResult:
    """gamma, theta int64 [N], F, V0 int64 [N], expected output codes o int64 [M,N]."""

    gamma: int
    theta: np.ndarray
    fraction_bits: int
    v0: np.ndarray
    expected: np.ndarray


@dataclass(frozen=True)
class QuantizedLayer:
    """Dicts by input name: InputScale, QuantizedInput, a [M,K]; by operation name: OperationResult."""

    scales: dict
    inputs: dict
    integers: dict
    operations: dict


def quantize_operations(real_weights, input_names):
    """OperationWeights by name, of FP32 weights [N,K] and of input names, both by operation name."""
    return {
        name: OperationWeights(input_names[name], *spikequant.quantize_weights(real), real)
        for name, real in real_weights.items()
    }


def quantize_layer(code, weights, calibration, exported, salient_share, residual_unit, output_bits):
    """QuantizedLayer of the `exported` inputs [M,K] by name, with constants from the `calibration` inputs.

    `weights` are OperationWeights by name, `residual_unit` is u_r, `output_bits` B.
    """
    scales, inputs, integers, calibration_integers = {}, {}, {}, {}
    for name in exported:
        scale = spikequant.calibrate_input(calibration[name], code, salient_share)
        scales[name] = scale
        inputs[name] = spikequant.quantize_input(exported[name], scale)
        integers[name] = inputs[name].integers(scale.fmt)
        calibration_integers[name] = spikequant.quantize_input(calibration[name], scale).integers(scale.fmt)
    operations = {}
    for name, op in weights.items():
        x = op.input_name
        operations[name] = _operation_result(
            op, scales[x], calibration_integers[x], integers[x], residual_unit, output_bits
        )
    return QuantizedLayer(scales, inputs, integers, operations)


def _operation_result(op, scale, calibration_integers, integers, residual_unit, output_bits):
    w = op.integers.T.astype(np.int64)
    # The integers a already hold -z, which V0 gives the chip: hence the plain product, without V0.
    without_v0 = np.zeros(w.shape[1], dtype=np.int64)
    gamma, theta, fraction_bits = spikequant.calibrate_output(
        reference.weighted_sums(calibration_integers, w, without_v0),
        scale.unit,
        op.scale,
        residual_unit,
        output_bits,
    )
    membranes = reference.weighted_sums(integers, w, without_v0)
    expected = reference.fire(membranes, fraction_bits, theta, output_bits)
    v0 = reference.initial_membranes(w, scale.fmt.zero_point)
    return OperationResult(gamma, theta, fraction_bits, v0, expected)
