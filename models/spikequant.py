"""SpikeQuant-style quantizer, plain round-to-nearest: real tensors to codes, scales and thresholds.

Shapes: M tokens, K inputs, N outputs. An activation becomes x = 2^e * u * a, a weight W = s_w * w; both
are rounded to nearest, ties to even. `ASSUMPTIONS` states every choice that the paper leaves open.
"""

from dataclasses import dataclass

import numpy as np

from spikeloom.models import codes as code_bytes
from spikeloom.models.codes import CodeFormat
from spikeloom.models.integer_reference import thresholds

CLIP_CANDIDATES = np.linspace(0.5, 1.0, 21)
UNIT_CANDIDATES_PER_OCTAVE = 16
# Tokens on which the unit is searched; all calibration tokens give k and the ranges.
UNIT_SEARCH_TOKENS = 1024
SATURATED_SHARE_LIMIT = 1e-4

WEIGHT_ASSUMPTIONS = {
    "weights": "4 bit signed, -8..7, one real scale per output channel, round to nearest; of 21 clips from "
    "0.5 to 1.0 times the channel's largest magnitude over 7, the one with the least squared weight error",
}

ACTIVATION_ASSUMPTIONS = {
    "salient_rule": "a value is salient if |x - median| > k * MAD over the token (median and MAD per "
    "token, raw MAD); k per input is the quantile that makes the calibration share the wanted one, rounded "
    "to 0.01",
    "token_exponent": "e = round(log2(range / u)), range = the largest normal magnitude of the token over "
    "7 (signed) or the span of its normal values over 15 (unsigned)",
    "unit": "u per input: of 16 log-spaced values in one octave the one with the least squared activation "
    "error, relative per token, on calibration; placed so that the median e of calibration is 0",
    "zero_point": "z per input: unsigned only, the mean over calibration of -min / span * 15 of the normal "
    "values, or a neighbour, whichever has the least error",
    "salient_exponent": "E per token: the smallest with which the token's largest salient magnitude does not "
    "saturate; at most the calibration maximum",
    "output_scale": "gamma per operation: the smallest with which less than 0.01 % of calibration outputs saturate",
}


@dataclass(frozen=True)
class InputScale:
    """Static quantization constants of one input, from calibration.

    `unit` is u, `salient_k` is k, `exponent_max` is E_max; z is in `fmt`.
    """

    fmt: CodeFormat
    unit: float
    salient_k: float
    exponent_max: int

    @property
    def normal_span(self):
        """Steps that the range of a token's normal values is spread over."""
        return code_bytes.SIGNED_NORMAL_MAX if self.fmt.code == "signed" else code_bytes.UNSIGNED_NORMAL_MAX


@dataclass(frozen=True)
class QuantizedInput:
    """Codes uint8 [M,K], salient bool [M,K], token exponents e int64 [M], salient exponents E uint8 [M]."""

    codes: np.ndarray
    salient: np.ndarray
    token_exponent: np.ndarray
    salient_exponent: np.ndarray

    def integers(self, fmt):
        """a [M,K] int64."""
        return code_bytes.decode(self.codes, self.salient, fmt, self.salient_exponent)


def quantize_weights(weights):
    """4-bit weights per output channel: (w int8 [N,K], s_w float64 [N]) of real weights [N,K]."""
    weights = weights.astype(np.float64)
    largest = np.abs(weights).max(axis=1)
    largest[largest == 0] = 1.0
    best_error = np.full(len(weights), np.inf)
    best_scale = np.empty(len(weights))
    for clip in CLIP_CANDIDATES:
        scale = clip * largest / 7
        error = ((_round_weights(weights, scale) * scale[:, None] - weights) ** 2).sum(axis=1)
        better = error < best_error
        best_error[better], best_scale[better] = error[better], scale[better]
    return _round_weights(weights, best_scale).astype(np.int8), best_scale


def calibrate_input(x, code, salient_share):
    """InputScale of an input from calibration activations x [M,K]; `code` is "signed" or "unsigned".

    Raises ValueError if the share is not in (0, 1).
    """
    if not 0 < salient_share < 1:
        raise ValueError("the salient share must be between 0 and 1")
    x = x.astype(np.float64)
    deviation = relative_deviation(x)
    salient_k = round(float(np.quantile(deviation, 1 - salient_share)), 2)
    salient = deviation > salient_k
    sample = slice(None, None, max(1, len(x) // UNIT_SEARCH_TOKENS))
    candidates = (
        InputScale(CodeFormat(code, zero_point=z), unit, salient_k, code_bytes.EXPONENT_MAX)
        for z in _zero_point_candidates(x, salient, code)
        for unit in _unit_candidates(x, salient, code)
    )
    best = min(candidates, key=lambda scale: _relative_error(x[sample], salient[sample], scale))
    exponent_max = int(_quantize(x, salient, best).salient_exponent.max())
    return InputScale(best.fmt, best.unit, salient_k, exponent_max)


def quantize_input(x, scale):
    """QuantizedInput of activations x [M,K]."""
    x = x.astype(np.float64)
    return _quantize(x, relative_deviation(x) > scale.salient_k, scale)


def relative_deviation(x):
    """|x - median| / MAD over each token; x [M,K] real. MAD = 0 gives infinity off the median."""
    deviation = np.abs(x - np.median(x, axis=1, keepdims=True))
    mad = np.median(deviation, axis=1, keepdims=True)
    relative = np.full_like(deviation, np.inf)
    np.divide(deviation, mad, out=relative, where=mad > 0)
    relative[deviation == 0] = 0.0
    return relative


def dequantize(integers, token_exponent, unit):
    """Real values 2^e * u * a of integers a [M,K] and exponents e [M]."""
    return np.ldexp(unit * integers, token_exponent[:, None])


def calibrate_output(membranes, unit, weight_scale, residual_unit, output_bits):
    """(gamma, theta int64 [N], F) of an operation from calibration membranes V [M,N].

    `unit` is u, `weight_scale` s_w [N], `residual_unit` u_r. A channel whose output is about
    V * u * s_w / (2^gamma * u_r) saturates beyond 2^(B-1).
    """
    magnitude = np.abs(membranes) * (unit * weight_scale / residual_unit)
    limit = float(1 << (output_bits - 1)) - 0.5
    allowed = max(0, int(np.ceil(SATURATED_SHARE_LIMIT * magnitude.size)) - 1)
    # The largest value that may not saturate decides: only the allowed ones lie above it.
    decisive = np.partition(magnitude, magnitude.size - 1 - allowed, axis=None)[magnitude.size - 1 - allowed]
    gamma = int(np.ceil(np.log2(max(decisive, np.finfo(float).tiny) / limit)))
    theta, fraction_bits = thresholds(np.ldexp(residual_unit / (unit * weight_scale), gamma))
    return gamma, theta, fraction_bits


def _round_weights(weights, scale):
    return np.clip(np.rint(weights / scale[:, None]), -8, 7)


def _normal_extremes(x, salient):
    normal = np.where(salient, np.nan, x)
    return np.nanmin(normal, axis=1), np.nanmax(normal, axis=1)


def _token_range(x, salient, code):
    """Step that would just hold each token's normal values: float64 [M]."""
    low, high = _normal_extremes(x, salient)
    if code == "signed":
        return np.maximum(-low, high) / code_bytes.SIGNED_NORMAL_MAX
    return (high - low) / code_bytes.UNSIGNED_NORMAL_MAX


def _zero_point_candidates(x, salient, code):
    if code == "signed":
        return (0,)
    low, high = _normal_extremes(x, salient)
    middle = round(float(np.mean(-low / (high - low)) * code_bytes.UNSIGNED_NORMAL_MAX))
    return [z for z in (middle, middle - 1, middle + 1) if 0 <= z <= code_bytes.UNSIGNED_NORMAL_MAX]


def _unit_candidates(x, salient, code):
    """Units u in one octave, placed so that the median token has e = 0 for every one of them."""
    middle = float(np.median(_token_range(x, salient, code)))
    offsets = (np.arange(UNIT_CANDIDATES_PER_OCTAVE) + 0.5) / UNIT_CANDIDATES_PER_OCTAVE - 0.5
    return middle * 2.0**offsets


def _relative_error(x, salient, scale):
    quantized = _quantize(x, salient, scale)
    back = dequantize(quantized.integers(scale.fmt), quantized.token_exponent, scale.unit)
    return float((((x - back) ** 2).sum(axis=1) / (x**2).sum(axis=1)).mean())


def _quantize(x, salient, scale):
    token_range = _token_range(x, salient, scale.fmt.code)
    ratio = np.where(token_range > 0, token_range / scale.unit, 1.0)
    token_exponent = np.clip(np.rint(np.log2(ratio)), -128, 127).astype(np.int64)
    scaled = np.ldexp(x / scale.unit, -token_exponent[:, None])
    largest = np.where(salient, np.abs(scaled + scale.fmt.zero_point), 0).max(axis=1)
    exponent = code_bytes.smallest_exponent(largest, scale.fmt.salient_format, scale.exponent_max)
    encoded = code_bytes.encode(scaled, salient, scale.fmt, exponent)
    return QuantizedInput(encoded, salient, token_exponent, exponent)
