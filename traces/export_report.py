"""The figures of an exported layer, as lines of text: how many values spike, and what quantizing costs."""

import numpy as np

from spikeloom.models import codes as code_bytes
from spikeloom.models import spikequant


def report_lines(code, quantized, weights, exported, output_bits, residual_unit):
    """Lines on a QuantizedLayer against the FP32 inputs `exported` [M,K] and weights it came from."""
    lines = [
        f"{code} code, exported tokens",
        "input              salient  zero a  spikes/token  of inputs  E range  x error",
    ]
    lines += [_input_line(name, quantized, exported[name]) for name in quantized.inputs]
    lines.append("operation  F  gamma  saturated  output error against FP32")
    for name, op in weights.items():
        lines.append(_operation_line(name, quantized, op, exported[op.input_name], output_bits, residual_unit))
    return lines


def relative_error(values, target):
    """Root of the squared error over the squared size of `target`, over all elements."""
    return float(np.sqrt(((values - target) ** 2).sum() / (target.astype(np.float64) ** 2).sum()))


def _input_line(name, quantized, real):
    x, scale, a = quantized.inputs[name], quantized.scales[name], quantized.integers[name]
    spikes = code_bytes.spike_counts(x.codes, x.salient, scale.fmt).sum(axis=1).mean()
    error = relative_error(spikequant.dequantize(a, x.token_exponent, scale.unit), real)
    smallest, largest = x.salient_exponent.min(), x.salient_exponent.max()
    return (
        f"{name:18} {x.salient.mean():6.2%}  {(a == 0).mean():6.2%}  {spikes:12.1f}  "
        f"{spikes / a.shape[1]:9.1%}  {smallest:>3}..{largest:<2}  {error:6.2%}"
    )


def _operation_line(name, quantized, op, real_input, output_bits, residual_unit):
    result, x = quantized.operations[name], quantized.inputs[op.input_name]
    value = np.ldexp(residual_unit * result.expected, x.token_exponent[:, None] + result.gamma)
    error = relative_error(value, real_input.astype(np.float64) @ op.real.T.astype(np.float64))
    limit = 1 << (output_bits - 1)
    saturated = ((result.expected == -limit) | (result.expected == limit - 1)).mean()
    return f"{name:9} {result.fraction_bits:2}  {result.gamma:5}  {saturated:9.4%}  {error:.2%}"
