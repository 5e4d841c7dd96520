"""Linear operations as the spiking chip computes them: codes, integer sums, thresholds, output codes.

Shapes: M tokens, K inputs, N outputs. In real numbers: x = 2^e * u * a, W = s_w * w,
o = fire(a w), y = 2^(e + gamma) * u_r * o.
"""

from dataclasses import dataclass

import numpy as np

from spikeloom.models import gptq, kernels
from spikeloom.models import integer_reference as reference
from spikeloom.models.activation_count import ActivationCount
from spikeloom.models.codes import EXPONENT_MAX, CodeFormat

# u_r: a power of two, so that the residual stream is scaled exactly.
RESIDUAL_UNIT = 2.0**-8
OUTPUT_BITS = 16
# Largest shift h of a window of weights.
SHIFT_MAX = 3
SHARE_TOKENS = 4096
# Largest |a|, before rounding, that a signed normal code holds.
NORMAL_REACH = 7.5


@dataclass(frozen=True)
class SalientRule:
    """Which values of a token are salient.

    `k` is the constant of the MAD rule. `rounded`: the rule of the improved method, |x| > k * 2^round(log2 MAD)
    with MAD the median of |x|, and the token exponent is that rounded logarithm; otherwise the paper's,
    |x - median| > k * MAD, and the exponent follows the range of what is not salient.
    """

    k: float
    rounded: bool


@dataclass(frozen=True)
class InputCode:
    """Static constants of one input: `unit` is u, `exponent_max` and `digit_max` bound E and E7.

    `wide` int64 [n_wide] are the inputs with 8-bit weights; `fmt` says whether they have two-digit codes.
    """

    fmt: CodeFormat
    rule: SalientRule
    unit: float
    exponent_max: int
    digit_max: int
    wide: np.ndarray


@dataclass(frozen=True)
class CodedInput:
    """Codes uint8 [M,K], salient bool [M,K] (as coded), integers a float32 [M,K], e int32 [M], E and E7 uint8 [M]."""

    codes: np.ndarray
    salient: np.ndarray
    integers: np.ndarray
    token_exponent: np.ndarray
    salient_exponent: np.ndarray
    digit_exponent: np.ndarray

    def rows(self, part):
        """The tokens of a slice."""
        return CodedInput(*(array[part] for array in vars(self).values()))


@dataclass(frozen=True)
class SpikeOperation:
    """One operation: columns of the projection's weights, gamma, F, theta int64 [N], and its output bits.

    `largest` is the largest |V| on calibration text; 0 where that is not known.
    """

    first: int
    last: int
    gamma: int
    fraction_bits: int
    theta: np.ndarray
    output_bits: int
    largest: int = 0


@dataclass
class SpikeProjection:
    """The operations that read one input. `weights` int16 [K,N] of all of them side by side.

    `shifts` h uint8 [W,N], in windows of `group` inputs; one window of zeros where `group` is 0.
    """

    code: InputCode
    weights: np.ndarray
    operations: dict
    group: int
    shifts: np.ndarray

    def run(self, x):
        """Outputs {operation: y float32 [M,N]} of inputs x float32 [M,K]."""
        return self.values(self.fire(*self.membranes(x)))

    def count(self, x):
        """ActivationCount of x [M,K]: 4 bits, 5 of narrow salient values, 7 of two digits; a mask, or an index list
        where that is shorter; 8 bits of token exponent and 3 of each shared exponent."""
        coded, inputs = encode_input(x, self.code), x.shape[1]
        narrow = np.ones(inputs, dtype=bool)
        if self.code.fmt.digits:
            narrow[self.code.wide] = False
        digits = x.size - len(x) * int(narrow.sum())
        marked = int(coded.salient[:, narrow].sum())
        marks = min(len(x) * int(narrow.sum()), marked * int(np.ceil(np.log2(inputs))))
        exponents = 11 + (3 if digits else 0)
        payload = 4 * x.size + marked + 3 * digits
        side = marks + exponents * len(x)
        return ActivationCount(x.size, int(coded.salient.sum()), digits, payload, side, has_rule=True)

    def membranes(self, x):
        """(V [M,N] as exact float32 or float64, the CodedInput)."""
        coded = encode_input(x, self.code)
        return self.sums(coded), coded

    def sums(self, coded):
        """V [M,N] of a CodedInput, as exact float32 or float64."""
        weights = shifted_weights(self.weights, self.shifts).astype(np.float32)
        return kernels.exact_product(np.ascontiguousarray(coded.integers), weights, np.abs(weights).max(axis=1))

    def fire(self, membranes, coded):
        """({operation: o int16 [M,N]}, the CodedInput)."""
        outputs = {}
        for name, op in self.operations.items():
            part = np.ascontiguousarray(membranes[:, op.first : op.last])
            outputs[name] = kernels.fire(part, op.fraction_bits, op.theta.astype(np.float64), op.output_bits)
        return outputs, coded

    def values(self, fired):
        """{operation: y float32 [M,N]} of what `fire` gives."""
        outputs, coded = fired
        unit = int(np.log2(RESIDUAL_UNIT))
        return {
            name: kernels.scale_outputs(o, coded.token_exponent + self.operations[name].gamma + unit)
            for name, o in outputs.items()
        }


def encode_input(x, code):
    """CodedInput of float32 x [M,K]."""
    x = np.ascontiguousarray(x, dtype=np.float32)
    shape, fmt = x.shape, code.fmt
    codes, integers = np.empty(shape, np.uint8), np.empty(shape, np.float32)
    E, E7 = np.empty(shape[0], np.uint8), np.empty(shape[0], np.uint8)
    wide = np.zeros(shape[1], dtype=bool)
    wide[code.wide] = True
    kind = kernels.SIGNED if fmt.code == "signed" else kernels.UNSIGNED
    inverse = np.float32(1 / code.unit)
    if code.rule.rounded:
        magnitude = np.abs(x)
        e = token_exponents(kernels.medians(magnitude)).astype(np.int64)
        salient = magnitude > np.ldexp(np.float32(code.rule.k), e)[:, None]
    else:
        salient = mad_salience(x, code.rule.k)
        span = 7 if kind == kernels.SIGNED else 15
        e = kernels.range_exponents(x, salient, inverse, kind, span, wide, fmt.digits)
    kernels.encode(
        x,
        e,
        salient,
        inverse,
        kind,
        fmt.zero_point,
        code.rule.rounded,
        wide,
        fmt.digits,
        np.int64(code.exponent_max),
        np.int64(code.digit_max),
        codes,
        integers,
        E,
        E7,
    )
    return CodedInput(codes, salient, integers, e.astype(np.int32), E, E7)


def token_exponents(mad):
    """e int32 [M] = round(log2(MAD)), in the log domain; 0 where MAD is 0."""
    mantissa, exponent = np.frexp(mad)
    e = np.where(mantissa < kernels.SQRT_HALF, exponent - 1, exponent)
    return np.clip(np.where(mad > 0, e, 0), -128, 127).astype(np.int32)


def mad_salience(x, k):
    """|x - median| > k * MAD over each token, in binary32: bool [M,K]."""
    deviation = np.abs(x - kernels.medians(x)[:, None])
    return deviation > np.float32(k) * kernels.medians(deviation)[:, None]


def relative_deviation(x):
    """|x - median| / MAD over each token, float32 [M,K]; infinite off the median where MAD is 0."""
    deviation = np.abs(x - kernels.medians(x)[:, None])
    mad = kernels.medians(deviation)[:, None]
    relative = np.full_like(deviation, np.inf)
    np.divide(deviation, mad, out=relative, where=mad > 0)
    relative[deviation == 0] = 0.0
    return relative


def salient_constant(x, share):
    """k of the rounded rule that makes this share of x [M,K] salient, to 0.001; from evenly spread rows."""
    # Not every n-th: rows may repeat with a period, as heads do.
    places = np.linspace(0, len(x) - 1, min(len(x), SHARE_TOKENS)).astype(int)
    sample = np.ascontiguousarray(x[places])
    magnitude = np.abs(sample)
    exponents = token_exponents(kernels.medians(magnitude))
    return round(float(np.quantile(np.ldexp(magnitude, -exponents[:, None]), 1 - share)), 3)


def real_values(coded, code):
    """What a CodedInput stands for: 2^e * u * a, float32 [M,K]."""
    return np.ldexp(coded.integers * np.float32(code.unit), coded.token_exponent[:, None])


def shifted_weights(weights, shifts):
    """w * 2^h int16 [K,N] of weights [K,N] and shifts [W,N]."""
    return weights << np.repeat(shifts, len(weights) // len(shifts), axis=0).astype(np.int16)


def calibrate_projection(weights, code, coded, largest, output_bits=OUTPUT_BITS, group=0):
    """(SpikeProjection, its outputs) of weights {operation: [N,K]}, in order, calibrated on a CodedInput [M,K].

    `largest` [K] is the range of an integer weight, `group` the inputs of a window with shifts of its own (0: none).
    Rounding is GPTQ's on the coded inputs.
    """
    stacked = np.concatenate(list(weights.values())).astype(np.float64)
    hessian = gptq.hessian_of(real_values(coded, code))
    scales, shifts = gptq.best_scales(stacked, np.diag(hessian), largest, group, SHIFT_MAX if group else 0)
    steps = scales * 2.0**shifts
    size = group or len(largest)
    rounded = gptq.quantize(stacked, hessian, lambda k: steps[k // size], largest)
    integers = np.ascontiguousarray(rounded.T.astype(np.int16))
    columns = shifted_weights(integers, shifts).astype(np.float32)
    sums = kernels.exact_product(coded.integers, columns, np.abs(columns).max(axis=1))
    operations, first = {}, 0
    for name, w in weights.items():
        part = slice(first, first + len(w))
        gamma, theta, fraction_bits = calibrate_output(sums[:, part], code.unit, scales[part], output_bits)
        largest_sum = int(np.abs(sums[:, part]).max(initial=0))
        operations[name] = SpikeOperation(first, part.stop, gamma, fraction_bits, theta, output_bits, largest_sum)
        first = part.stop
    projection = SpikeProjection(code, integers, operations, group, shifts)
    return projection, projection.values(projection.fire(sums, coded))


def calibrate_code(x, fmt, rule, wide, unit):
    """(InputCode, CodedInput) of calibration inputs x [M,K]: E and E7 bounded by what these need."""
    coded = encode_input(x, InputCode(fmt, rule, unit, EXPONENT_MAX, EXPONENT_MAX, wide))
    most = int(coded.salient_exponent.max()), int(coded.digit_exponent.max())
    return InputCode(fmt, rule, unit, *most, wide), coded


def coding_error(x, code):
    """Mean over tokens of the squared error of the coded x [M,K], relative per token."""
    error, size = (x - real_values(encode_input(x, code), code)) ** 2, x**2
    return float((error.sum(axis=1) / np.maximum(size.sum(axis=1), 1e-30)).mean())


def calibrate_output(membranes, unit, scales, output_bits):
    """(gamma, theta int64 [N], F) of an operation from calibration membranes V [M,N].

    gamma is the smallest with which no calibration output saturates: the few enormous values of the residual
    stream matter more than a bit of resolution.
    """
    magnitude = float((np.abs(membranes) * (unit * scales / RESIDUAL_UNIT)).max(initial=0.0))
    limit = float(1 << (output_bits - 1)) - 0.5
    gamma = int(np.ceil(np.log2(max(magnitude, np.finfo(float).tiny) / limit)))
    theta, fraction_bits = reference.thresholds(np.ldexp(RESIDUAL_UNIT / (unit * scales), gamma))
    if not kernels.thresholds_are_exact(theta, output_bits):
        raise OverflowError(f"a threshold of {int(theta.max())} is too large to fire {output_bits} bits exactly")
    return gamma, theta, fraction_bits
