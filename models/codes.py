"""Activation codes: one byte per code, and the integer `a` that the byte stands for.

Shapes: M tokens, K inputs. The formats and their ranges are those of the integer contract; the bit layout
of the bytes is the one of `traces/README.md`. Nothing here knows about spikes in time: `spike_counts`
only says how many spikes the time-to-first-spike code gives.
"""

from dataclasses import dataclass

import numpy as np

SIGNED_NORMAL_MAX = 7
UNSIGNED_NORMAL_MAX = 15
SHIFTED_MAX = 15
EXTENDED_MAX = 31
EXTENDED_OFFSET = 8
DIGITS_MAX = 63
EXPONENT_MAX = 7

# Magnitude of the floating salient code `x << 2 | f` at E = 0: (4 + f) << (1 + x), ascending.
FLOATING_MAGNITUDES = np.array([(4 + f) << (1 + x) for x in range(4) for f in range(4)], dtype=np.int64)

# Largest salient magnitude, in units of 2^E, that still rounds to the largest code instead of beyond it.
_FITS_BELOW = {"floating": 120.0, "shifted": 15.5, "digits": 63.5}

_STEPS = {
    ("signed", "floating"): 7,
    ("signed", "shifted"): 15,
    ("unsigned", "floating"): 15,
    ("unsigned", "extended"): 31,
}


@dataclass(frozen=True)
class CodeFormat:
    """How the activations of one input are coded.

    `code` is "signed" or "unsigned"; `salient_format` is "floating", "shifted" (signed only) or
    "extended" (unsigned only); `digits` codes every value of the wide inputs with two 3-bit digits
    (signed floating only); `zero_point` is z, 0 for signed.

    Raises ValueError for combinations that the contract does not have.
    """

    code: str
    salient_format: str = "floating"
    digits: bool = False
    zero_point: int = 0

    def __post_init__(self):
        if (self.code, self.salient_format) not in _STEPS:
            raise ValueError(f"no code '{self.code}' with salient format '{self.salient_format}'")
        if self.digits and (self.code, self.salient_format) != ("signed", "floating"):
            raise ValueError("digits need the signed code with floating salient values")
        if self.code == "signed" and self.zero_point != 0:
            raise ValueError("the signed code has no zero point")

    @property
    def steps(self):
        """T, the number of time steps of a window."""
        return _STEPS[self.code, self.salient_format]


def smallest_exponent(magnitude, salient_format, limit=EXPONENT_MAX):
    """Smallest shared exponent with which a token's largest magnitude does not saturate.

    `magnitude` [M] real, in steps; returns uint8 [M] in 0..limit, `limit` where nothing fits.
    `salient_format` is "floating", "shifted", "digits", or "extended" (which has no exponent: 0).
    """
    exponent = np.zeros(len(magnitude), dtype=np.uint8)
    if salient_format == "extended":
        return exponent
    fits_below = _FITS_BELOW[salient_format]
    for candidate in range(limit):
        exponent[magnitude > np.ldexp(fits_below, candidate)] = candidate + 1
    return exponent


def encode(scaled, salient, fmt, exponent, digit_exponent=None, digit_inputs=None):
    """Code bytes of real activations: nearest code, ties to even, saturating at the largest.

    `scaled` [M,K] real: x / (2^e * u); `salient` [M,K] bool; `exponent` [M] is E; `digit_exponent` [M] is
    E7 and `digit_inputs` the indices of the wide inputs, both only read when `fmt.digits`.
    Returns uint8 [M,K].
    """
    exponent = np.asarray(exponent, dtype=np.int64)[:, None]
    on_grid = scaled + fmt.zero_point
    codes = np.where(salient, _encode_salient(on_grid, fmt, exponent), _encode_normal(scaled, fmt))
    if fmt.digits:
        digit_exponent = np.asarray(digit_exponent, dtype=np.int64)[:, None]
        codes[:, digit_inputs] = _encode_digits(scaled[:, digit_inputs], digit_exponent)
    return codes.astype(np.uint8)


def decode(codes, salient, fmt, exponent, digit_exponent=None, digit_inputs=None):
    """The integers a [M,K] (int64) that code bytes stand for; the arguments are those of `encode`.

    Raises ValueError if a byte is not a code of its format (see `check_codes`).
    """
    check_codes(codes, salient, fmt, digit_inputs)
    codes = codes.astype(np.int64)
    exponent = np.asarray(exponent, dtype=np.int64)[:, None]
    values = np.where(salient, _decode_salient(codes, fmt, exponent), _decode_normal(codes, fmt))
    values -= fmt.zero_point
    if fmt.digits:
        digit_exponent = np.asarray(digit_exponent, dtype=np.int64)[:, None]
        values[:, digit_inputs] = _decode_digits(codes[:, digit_inputs], digit_exponent)
    return values


def check_codes(codes, salient, fmt, digit_inputs=None):
    """Raises ValueError naming the first token and input whose byte has unused bits set or is a -0."""
    wrong = codes >= np.where(salient, 32, 16)
    if fmt.code == "signed":
        wrong |= ~salient & (codes == 0b1000)
    if fmt.salient_format == "shifted":
        wrong |= salient & (codes == 0b10000)
    if fmt.digits:
        digit_codes = codes[:, digit_inputs]
        wrong[:, digit_inputs] = (digit_codes >= 128) | (digit_codes == 0b1000000)
    if wrong.any():
        token, position = np.argwhere(wrong)[0]
        raise ValueError(f"token {token}, input {position}: byte {codes[token, position]} is not a code")


def spike_counts(codes, salient, fmt, digit_inputs=None):
    """Spikes that each code gives in time to first spike: int64 [M,K], 0 or 1, up to 2 for digits."""
    magnitude = np.where(salient, _salient_magnitude(codes, fmt), _normal_magnitude(codes, fmt))
    counts = (magnitude > 0).astype(np.int64)
    if fmt.digits:
        digit_codes = codes[:, digit_inputs]
        counts[:, digit_inputs] = (digit_codes >> 3 & 7 > 0).astype(np.int64) + (digit_codes & 7 > 0)
    return counts


def _encode_normal(scaled, fmt):
    if fmt.code == "signed":
        a = np.clip(np.rint(scaled), -SIGNED_NORMAL_MAX, SIGNED_NORMAL_MAX).astype(np.int64)
        return np.abs(a) | (a < 0).astype(np.int64) << 3
    offset = EXTENDED_OFFSET if fmt.salient_format == "extended" else 0
    return np.clip(np.rint(scaled) + fmt.zero_point - offset, 0, UNSIGNED_NORMAL_MAX).astype(np.int64)


def _encode_salient(on_grid, fmt, exponent):
    if fmt.salient_format == "extended":
        return np.clip(np.rint(on_grid), 0, EXTENDED_MAX).astype(np.int64)
    magnitude = np.ldexp(np.abs(on_grid), -exponent)
    if fmt.salient_format == "floating":
        return _nearest_floating(magnitude) | (on_grid < 0).astype(np.int64) << 4
    q = np.clip(np.rint(magnitude), 0, SHIFTED_MAX).astype(np.int64)
    return q | ((on_grid < 0) & (q > 0)).astype(np.int64) << 4


def _nearest_floating(magnitude):
    """Index x << 2 | f of the nearest floating magnitude; on a tie the even index, whose f is even."""
    midpoints = (FLOATING_MAGNITUDES[1:] + FLOATING_MAGNITUDES[:-1]) / 2
    index = np.searchsorted(midpoints, magnitude, side="left")
    tied_to_odd = (index % 2 == 1) & (index < 15) & (magnitude == midpoints[np.minimum(index, 14)])
    return index + tied_to_odd


def _encode_digits(scaled, digit_exponent):
    magnitude = np.rint(np.ldexp(np.abs(scaled), -digit_exponent))
    magnitude = np.clip(magnitude, 0, DIGITS_MAX).astype(np.int64)
    return magnitude | ((scaled < 0) & (magnitude > 0)).astype(np.int64) << 6


def _normal_magnitude(codes, fmt):
    """p of normal codes: what the spike's time says (extended codes already hold q + 8)."""
    if fmt.code == "signed":
        return codes & 7
    offset = EXTENDED_OFFSET if fmt.salient_format == "extended" else 0
    return codes.astype(np.int64) + offset


def _salient_magnitude(codes, fmt):
    if fmt.salient_format == "floating":
        return (codes & 3) + 4
    return codes & 15 if fmt.salient_format == "shifted" else codes


def _decode_normal(codes, fmt):
    magnitude = _normal_magnitude(codes, fmt)
    return np.where(codes & 8, -magnitude, magnitude) if fmt.code == "signed" else magnitude


def _decode_salient(codes, fmt, exponent):
    if fmt.salient_format == "extended":
        return codes
    magnitude = FLOATING_MAGNITUDES[codes & 15] if fmt.salient_format == "floating" else codes & 15
    return np.where(codes & 16, -magnitude, magnitude) << exponent


def _decode_digits(codes, digit_exponent):
    magnitude = 8 * (codes >> 3 & 7) + (codes & 7)
    return np.where(codes & 64, -magnitude, magnitude) << digit_exponent
