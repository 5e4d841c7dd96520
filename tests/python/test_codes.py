"""Activation codes against the tables of the integer contract, written out by hand."""

import numpy as np
import pytest

from spikeloom.models.codes import (
    CodeFormat,
    check_codes,
    decode,
    encode,
    smallest_exponent,
    spike_counts,
)

SIGNED = CodeFormat("signed")
SHIFTED = CodeFormat("signed", "shifted")
DIGITS = CodeFormat("signed", digits=True)
UNSIGNED = CodeFormat("unsigned", zero_point=6)
EXTENDED = CodeFormat("unsigned", "extended", zero_point=16)


def one(function, value, salient, fmt, exponent=0, digit_exponent=None):
    """`function` on one value; a digit exponent makes the only input a wide one."""
    digit_inputs = None if digit_exponent is None else np.array([0])
    digit_exponent = None if digit_exponent is None else [digit_exponent]
    result = function(np.array([[value]]), np.array([[salient]]), fmt, [exponent], digit_exponent, digit_inputs)
    return int(result[0, 0])


@pytest.mark.parametrize(("fmt", "steps"), [(SIGNED, 7), (SHIFTED, 15), (DIGITS, 7), (UNSIGNED, 15), (EXTENDED, 31)])
def test_steps_are_those_of_the_contract(fmt, steps):
    assert fmt.steps == steps


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("unsigned", "shifted"), "no code"),
        (("signed", "extended"), "no code"),
        (("unsigned", "floating", True), "digits"),
        (("signed", "shifted", True), "digits"),
        (("signed", "floating", False, 3), "zero point"),
    ],
)
def test_combinations_outside_the_contract_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        CodeFormat(*arguments)


@pytest.mark.parametrize(
    ("byte", "salient", "fmt", "exponent", "value"),
    [
        (0b0000, False, SIGNED, 0, 0),
        (0b0111, False, SIGNED, 3, 7),
        (0b1001, False, SIGNED, 0, -1),
        (0b0_00_00, True, SIGNED, 0, 8),  # (4 + 0) << 1
        (0b0_11_11, True, SIGNED, 0, 112),  # (4 + 3) << 4
        (0b1_01_10, True, SIGNED, 2, -96),  # -((4 + 2) << (1 + 1 + 2))
        (0b1_1111, True, SHIFTED, 7, -1920),  # -(15 << 7)
        (0, False, UNSIGNED, 0, -6),
        (15, False, UNSIGNED, 0, 9),
        (0b0_00_00, True, UNSIGNED, 0, 2),  # 8 - z
        (0b1_00_00, True, UNSIGNED, 1, -22),  # -16 - z
        (0, False, EXTENDED, 0, -8),  # stands for 8
        (15, False, EXTENDED, 0, 7),  # stands for 23
        (31, True, EXTENDED, 0, 15),
    ],
)
def test_bytes_stand_for_the_values_of_the_contract(byte, salient, fmt, exponent, value):
    assert one(decode, byte, salient, fmt, exponent) == value


@pytest.mark.parametrize(
    ("byte", "digit_exponent", "value"),
    [(0b0_000_000, 7, 0), (0b0_111_111, 0, 63), (0b1_010_001, 3, -136), (0b0_001_000, 1, 16)],
)
@pytest.mark.parametrize("salient", [False, True])
def test_digits_stand_for_the_same_value_salient_or_not(byte, digit_exponent, value, salient):
    assert one(decode, byte, salient, DIGITS, 5, digit_exponent) == value


@pytest.mark.parametrize(
    ("fmt", "salient", "largest_byte"),
    [
        (SIGNED, False, 16),
        (SIGNED, True, 32),
        (SHIFTED, True, 32),
        (UNSIGNED, False, 16),
        (UNSIGNED, True, 32),
    ]
    + [(EXTENDED, False, 16), (EXTENDED, True, 32)],
)
def test_every_code_survives_decoding_and_encoding(fmt, salient, largest_byte):
    bytes_ = np.arange(largest_byte, dtype=np.uint8)[None, :]
    negative_zero = {(SIGNED, False): 0b1000, (SHIFTED, True): 0b10000}.get((fmt, salient))
    bytes_ = bytes_[bytes_ != negative_zero][None, :]
    mask = np.full(bytes_.shape, salient)
    for exponent in range(8):
        real = decode(bytes_, mask, fmt, [exponent]).astype(float)
        assert (encode(real, mask, fmt, [exponent]) == bytes_).all()


@pytest.mark.parametrize("digit_exponent", [0, 7])
def test_every_digit_code_survives_decoding_and_encoding(digit_exponent):
    bytes_ = np.delete(np.arange(128, dtype=np.uint8), 64)[None, :]
    mask = np.zeros(bytes_.shape, dtype=bool)
    inputs = np.arange(127)
    real = decode(bytes_, mask, DIGITS, [0], [digit_exponent], inputs).astype(float)
    assert (encode(real, mask, DIGITS, [0], [digit_exponent], inputs) == bytes_).all()


@pytest.mark.parametrize(
    ("real", "salient", "fmt", "exponent", "value"),
    [
        (2.5, False, SIGNED, 0, 2),  # ties to even
        (3.5, False, SIGNED, 0, 4),
        (-0.4, False, SIGNED, 0, 0),
        (99.0, False, SIGNED, 0, 7),
        (1.0, True, SIGNED, 0, 8),  # the smallest floating magnitude
        (15.0, True, SIGNED, 0, 16),  # between 14 (f = 3) and 16 (f = 0): even f
        (9.0, True, SIGNED, 0, 8),  # between 8 (f = 0) and 10 (f = 1)
        (11.0, True, SIGNED, 0, 12),  # between 10 (f = 1) and 12 (f = 2)
        (-9999.0, True, SIGNED, 1, -224),
        (9999.0, True, UNSIGNED, 0, 106),
        (-7.0, True, UNSIGNED, 0, -14),  # v = -1: the nearest is -8
        (7.6, False, EXTENDED, 0, 7),
        (-99.0, True, EXTENDED, 0, -16),
    ],
)
def test_encoding_gives_the_nearest_code_and_saturates(real, salient, fmt, exponent, value):
    assert one(decode, np.uint8(one(encode, real, salient, fmt, exponent)), salient, fmt, exponent) == value


def test_encoding_never_gives_negative_zero():
    assert one(encode, -0.3, False, SIGNED) == 0
    assert one(encode, -0.3, True, SHIFTED) == 0
    assert one(encode, -0.3, False, DIGITS, digit_exponent=0) == 0


@pytest.mark.parametrize(("salient_format", "largest"), [("floating", 112), ("shifted", 15), ("digits", 63)])
def test_smallest_exponent_just_holds_the_magnitude(salient_format, largest):
    magnitude = np.array([0.0, largest, largest * 2.0, largest * 128.0, largest * 1024.0])
    assert smallest_exponent(magnitude, salient_format).tolist() == [0, 0, 1, 7, 7]
    assert smallest_exponent(magnitude, salient_format, 3).tolist() == [0, 0, 1, 3, 3]


@pytest.mark.parametrize(
    ("byte", "salient", "fmt"),
    [(8, False, SIGNED), (16, False, SIGNED), (32, True, SIGNED), (16, True, SHIFTED), (16, False, UNSIGNED)],
)
def test_bytes_that_are_no_code_are_named(byte, salient, fmt):
    codes = np.array([[1, byte]], dtype=np.uint8)
    with pytest.raises(ValueError, match=f"token 0, input 1: byte {byte} "):
        check_codes(codes, np.array([[False, salient]]), fmt)


@pytest.mark.parametrize("byte", [64, 128])
def test_digit_bytes_that_are_no_code_are_named(byte):
    with pytest.raises(ValueError, match=f"byte {byte} "):
        check_codes(np.array([[byte]], dtype=np.uint8), np.array([[False]]), DIGITS, np.array([0]))


def test_spikes_are_counted_per_nonzero_magnitude_or_digit():
    codes = np.array([[0, 3, 0b10000]], dtype=np.uint8)
    salient = np.array([[False, False, True]])
    assert spike_counts(codes, salient, SIGNED).tolist() == [[0, 1, 1]]
    assert spike_counts(codes[:, :2], salient[:, :2], EXTENDED).tolist() == [[1, 1]]
    digits = np.array([[0, 0b1_010_001, 0b0_001_000]], dtype=np.uint8)
    assert spike_counts(digits, salient, DIGITS, np.arange(3)).tolist() == [[0, 2, 1]]
