"""Attention as the spiking chip computes it: queries and probabilities as spike codes, 4-bit keys and values.

Shapes: M queries (the last of C positions of a sequence), H heads of d dimensions, G heads of keys and values.
A key or value is 2^e * u * w with w in -8..7 and e per position and head; a value's e lies within 7 of `e_min`.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numba import njit, prange

from spikeloom.models import kernels, spike_projection, vector_unit
from spikeloom.models.codes import CodeFormat
from spikeloom.models.spike_projection import InputCode, SalientRule

UNIT_LOG2 = int(np.log2(spike_projection.RESIDUAL_UNIT))
# Output codes of scores and of mix: a mix carries its row's exponent, so that its range is wider.
SCORE_BITS, MIX_BITS = 12, 16
# Steps of a two-digit code up to the salient constant: half of its 63, the rest holds larger values.
QUERY_REACH = 31.5
VALUE_SHIFT_MAX = 7
CALIBRATION_SEQUENCES = 4
PROBABILITY_EXPONENT_MAX = 1
# The largest probability of a row is coded as 120 to 240 steps: 16 normal codes, and salient ones at E = 1, which go on
# from there to 240.
PROBABILITY_LARGEST = 240
KEY_UNIT_CANDIDATES = 2.0 ** (np.arange(8) / 8)


@dataclass(frozen=True)
class RowCode:
    """How keys or values are coded: `unit` u; exponents at least `e_min` [G], at most `e_min` + `shift_max`.

    Keys have no bounds: `e_min` is None. `offset` float32 [G,d], if there is one, is subtracted before coding.
    """

    unit: float
    e_min: np.ndarray | None = None
    shift_max: int = 0
    offset: np.ndarray | None = None


@dataclass(frozen=True)
class CodedRows:
    """w int8 [C,G,d] in -8..7, e int32 [C,G]."""

    integers: np.ndarray
    exponents: np.ndarray


@dataclass(frozen=True)
class HeadOperation:
    """gamma, F, B and the thresholds int64 [H] of `scores` or `mix`."""

    gamma: int
    fraction_bits: int
    theta: np.ndarray
    output_bits: int


@dataclass(frozen=True)
class CodedProbabilities:
    """Codes uint8 [M,H,C], salient bool [M,H,C], e int32 [M,H], E uint8 [M,H]."""

    codes: np.ndarray
    salient: np.ndarray
    token_exponent: np.ndarray
    salient_exponent: np.ndarray


@dataclass(frozen=True)
class AttentionTrace:
    """Everything that one sequence's attention read and gave; expected codes int16 [M,H,C] and [M, H * d]."""

    queries: spike_projection.CodedInput
    keys: CodedRows
    values: CodedRows
    probabilities: CodedProbabilities
    scores: np.ndarray
    mixed: np.ndarray


@dataclass
class SpikeAttention:
    """Static constants of one layer's attention."""

    queries: InputCode
    keys: RowCode
    values: RowCode
    scores: HeadOperation
    mix: HeadOperation

    def run(self, q, k, v, length):
        """Outputs float32 [M, H d] of q [M,H,d], k and v [M,G,d]: sequences of `length` tokens."""
        out = np.empty(q.shape, dtype=np.float32)
        for first in range(0, len(q), length):
            rows = slice(first, first + length)
            sequence = CodedSequence(self, q[rows], k[rows], v[rows])
            for head in range(q.shape[1]):
                weighed = sequence.weigh(head, self.scores)
                mixed = self.fire_mix(sequence.mix_membranes(head, weighed.integers), head)
                out[rows, head] = kernels.scale_outputs(mixed, weighed.exponents + self.mix_exponent(sequence, head))
        return out.reshape(len(q), -1)

    def trace(self, q, k, v):
        """AttentionTrace of the last M = len(q) positions of one sequence; k, v [C,G,d]."""
        sequence = CodedSequence(self, q, k, v)
        parts = [sequence.weigh(head, self.scores) for head in range(q.shape[1])]
        mixed = [self.fire_mix(sequence.mix_membranes(head, part.integers), head) for head, part in enumerate(parts)]
        return AttentionTrace(
            sequence.queries,
            sequence.keys,
            sequence.values,
            CodedProbabilities(
                *(
                    np.stack([getattr(part, name) for part in parts], axis=1)
                    for name in ("codes", "salient", "exponents", "salient_exponents")
                )
            ),
            np.stack([part.scores for part in parts], axis=1),
            np.concatenate(mixed, axis=1),
        )

    def fire_mix(self, membranes, head):
        """Output codes int16 [M,d] of one head's mix."""
        theta = np.full(membranes.shape[1], self.mix.theta[head], dtype=np.float64)
        return kernels.fire(membranes, self.mix.fraction_bits, theta, self.mix.output_bits)

    def mix_exponent(self, sequence, head):
        """What a row's exponent of a mix output has beside the row's own."""
        return int(self.values.e_min[sequence.group(head)]) + self.mix.gamma + UNIT_LOG2


@dataclass(frozen=True)
class WeighedRows:
    """One head's rows: score codes o int16 [M,C], probabilities as integers float32 [M,C] and as codes uint8,
    salient bool [M,C], e int32 [M], E uint8 [M]."""

    scores: np.ndarray
    integers: np.ndarray
    codes: np.ndarray
    salient: np.ndarray
    exponents: np.ndarray
    salient_exponents: np.ndarray


class CodedSequence:
    """Queries, keys and values of one sequence as codes; the steps of attention, a head at a time."""

    def __init__(self, attention, q, k, v):
        self.tokens, self.heads, size = q.shape
        self.context, self._kv_heads, _ = k.shape
        self.queries = spike_projection.encode_input(q.reshape(-1, size), attention.queries)
        self.keys = encode_rows(k, attention.keys)
        self.values = encode_rows(v, attention.values)
        self._attention = attention
        self._integers = self.queries.integers.reshape(self.tokens, self.heads, size)
        self._exponents = self.queries.token_exponent.reshape(self.tokens, self.heads)

    def group(self, head):
        """The head of keys and values that a head reads."""
        return head // (self.heads // self._kv_heads)

    def score_membranes(self, head):
        """V [M,C] of one head's scores, exact."""
        keys = np.ascontiguousarray(self.keys.integers[:, self.group(head)].T.astype(np.float32))
        return kernels.exact_product(np.ascontiguousarray(self._integers[:, head]), keys, np.abs(keys).max(axis=1))

    def weigh(self, head, scores):
        """WeighedRows: fire the scores, take the softmax, code the probabilities."""
        membranes = self.score_membranes(head)
        shape = (self.tokens, self.context)
        rows = WeighedRows(
            np.zeros(shape, np.int16),
            np.zeros(shape, np.float32),
            np.zeros(shape, np.uint8),
            np.zeros(shape, bool),
            np.zeros(self.tokens, np.int32),
            np.zeros(self.tokens, np.uint8),
        )
        theta = np.full(self.context, scores.theta[head], dtype=np.float64)
        fired = kernels.fire(membranes, scores.fraction_bits, theta, scores.output_bits)
        _softmax_codes(
            fired,
            np.ascontiguousarray(self._exponents[:, head]) + (scores.gamma + UNIT_LOG2),
            np.ascontiguousarray(self.keys.exponents[:, self.group(head)]),
            self.context - self.tokens,
            rows.scores,
            rows.integers,
            rows.codes,
            rows.salient,
            rows.exponents,
            rows.salient_exponents,
        )
        return rows

    def mix_membranes(self, head, integers):
        """V [M,d] of one head's mix, exact, of probabilities [M,C] as integers."""
        group = self.group(head)
        shifts = self.values.exponents[:, group] - self._attention.values.e_min[group]
        values = np.ldexp(self.values.integers[:, group].astype(np.float32), shifts[:, None])
        return kernels.exact_product(integers, values, np.abs(values).max(axis=1))


def assumptions(salient_share):
    """What attention takes for granted, by name."""
    return {
        "attention_queries": "two 3-bit digits and sign for every value, exponents per token and head; the salient "
        f"rule is counted ({salient_share:.2%} on calibration) and sets the scale",
        "attention_keys_values": "4 bit signed, a power-of-two scale per token and head, no zero point; a constant "
        "per head and dimension is subtracted from keys, which no softmax sees: their mean, moved so that the first "
        "position's key lies on the grid; a value's exponent lies within 7 of a "
        "constant per head",
        "attention_probabilities": "unsigned codes with z = 0; the row's largest probability is 120 to 240 "
        "steps, and what the normal code does not hold is salient",
        "attention_output_bits": f"{SCORE_BITS} for scores, {MIX_BITS} for mix",
    }


def encode_rows(x, code):
    """CodedRows of keys or values x [C,G,d]: e = round(log2(largest / (7 u))), within the code's bounds."""
    if code.offset is not None:
        x = x - code.offset
    largest = np.abs(x).max(axis=2)
    ratio = (largest * np.float32(1 / (7 * code.unit))).astype(np.float32)
    exponents = spike_projection.token_exponents(ratio)
    if code.e_min is not None:
        exponents = np.clip(exponents, code.e_min, code.e_min + code.shift_max)
    scaled = np.ldexp(x * np.float32(1 / code.unit), -exponents[:, :, None])
    return CodedRows(np.clip(np.rint(scaled), -8, 7).astype(np.int8), exponents.astype(np.int32))


def calibrate(q, k, v, length, salient_share):
    """SpikeAttention from calibration queries [M,H,d], keys and values [M,G,d] (sequences of `length`).

    `salient_share` of the query values are salient.
    """
    size = q.shape[2]
    rows = np.ascontiguousarray(q.reshape(-1, size))
    rule_k = spike_projection.salient_constant(rows, salient_share)
    fmt = CodeFormat("signed", "floating", digits=True)
    wide = np.arange(size)
    rule = SalientRule(rule_k, rounded=True)
    unit = rule_k / QUERY_REACH
    queries, _ = spike_projection.calibrate_code(rows, fmt, rule, wide, unit)
    keys = _key_code(k, length)
    values = RowCode(_best_unit(v))
    exponents = encode_rows(v, values).exponents
    e_min = np.maximum(exponents.min(axis=0), exponents.max(axis=0) - VALUE_SHIFT_MAX)
    shift_max = int(min(VALUE_SHIFT_MAX, (exponents - e_min).max()))
    values = replace(values, e_min=e_min, shift_max=shift_max)
    unfired = HeadOperation(0, 0, np.ones(q.shape[1], dtype=np.int64), 16)
    attention = SpikeAttention(queries, keys, values, unfired, unfired)
    sequences = [
        CodedSequence(attention, q[first : first + length], k[first : first + length], v[first : first + length])
        for first in range(0, min(len(q), CALIBRATION_SEQUENCES * length), length)
    ]
    scores = _head_operation(
        max(
            _largest_seen(sequence.score_membranes(head), sequence.context - sequence.tokens)
            for sequence in sequences
            for head in range(q.shape[1])
        ),
        queries.unit * keys.unit / np.sqrt(size),
        SCORE_BITS,
        q.shape[1],
    )
    mix = _head_operation(
        max(
            float(np.abs(sequence.mix_membranes(head, sequence.weigh(head, scores).integers)).max())
            for sequence in sequences
            for head in range(q.shape[1])
        ),
        values.unit,
        MIX_BITS,
        q.shape[1],
    )
    return SpikeAttention(queries, keys, values, scores, mix)


def _key_code(k, length):
    """RowCode of keys [M,G,d], sequences of `length`.

    Scores of one row that all change by q . offset have the same softmax, so that any offset is free and exact. It is
    the mean key, moved by less than a step so that the first position's key, which most heads attend to and which
    hardly depends on the text, lies on the grid of its code.
    """
    mean = k.mean(axis=0, dtype=np.float64).astype(np.float32)
    code = RowCode(_best_unit(k - mean), offset=mean)
    first = k[::length].mean(axis=0, dtype=np.float64).astype(np.float32)
    rows = encode_rows(first[None], code)
    coded = np.ldexp(rows.integers[0].astype(np.float32) * np.float32(code.unit), rows.exponents[0][:, None])
    return replace(code, offset=first - coded)


def _head_operation(largest, scale, output_bits, heads):
    gamma, theta, fraction_bits = spike_projection.calibrate_output(
        np.array([[largest]]), scale, np.ones(1), output_bits
    )
    return HeadOperation(gamma, fraction_bits, np.full(heads, theta[0]), output_bits)


def _largest_seen(membranes, first):
    """Largest |V| of scores that are seen: row m sees positions up to first + m."""
    return float(np.abs(np.tril(membranes, first)).max())


def _best_unit(x):
    """u in one octave with the least squared error of keys or values x, relative per row."""
    sample = x[:: max(1, len(x) // 1024)]
    size = np.maximum((sample**2).sum(axis=2), 1e-30)

    def error(unit):
        rows = encode_rows(sample, RowCode(unit))
        back = np.ldexp(rows.integers.astype(np.float32) * np.float32(unit), rows.exponents[:, :, None])
        return float((((back - sample) ** 2).sum(axis=2) / size).mean())

    return float(min(KEY_UNIT_CANDIDATES, key=error))


@njit(parallel=True, cache=True)
def _softmax_codes(
    fired, query_exponents, key_exponents, first, scores, integers, codes, salient, exponents, salient_exponents
):
    """Softmax of a head's score codes [M,C], and the codes of its probabilities: unsigned, z = 0, unit 1."""
    for m in prange(fired.shape[0]):
        seen = first + m + 1
        real = np.empty(seen, dtype=np.float32)
        probabilities = np.empty(seen, dtype=np.float32)
        for n in range(seen):
            scores[m, n] = fired[m, n]
            scale = np.float32(2.0 ** np.float64(query_exponents[m] + key_exponents[n]))
            real[n] = np.float32(fired[m, n]) * scale
        vector_unit.softmax_row(real, probabilities, seen)
        mantissa, exponent = math.frexp(kernels.extremes(probabilities)[1])
        e = exponent - (8 if np.float32(mantissa) * 256 <= PROBABILITY_LARGEST else 7)
        exponents[m] = e
        for n in range(seen):
            salient[m, n] = True
        kernels.encode_token(
            probabilities,
            salient[m, :seen],
            np.float32(1),
            kernels.UNSIGNED,
            0,
            True,
            salient[m, :seen],
            False,
            PROBABILITY_EXPONENT_MAX,
            0,
            e,
            m,
            codes,
            integers,
            salient_exponents,
            salient_exponents,
        )
