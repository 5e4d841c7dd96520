"""The compiled coding and firing give the integers of the literal contract (`codes`, `integer_reference`)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.models import codes as literal
from spikeloom.models import integer_reference, kernels
from spikeloom.models import spike_projection as spikes
from spikeloom.models.codes import CodeFormat

WIDE = np.array([1, 5, 17])
NO_WIDE = np.empty(0, dtype=np.int64)
FORMATS = [
    (CodeFormat("signed"), NO_WIDE, True),
    (CodeFormat("signed", digits=True), WIDE, True),
    (CodeFormat("unsigned", zero_point=6), NO_WIDE, False),
    (CodeFormat("signed"), NO_WIDE, False),
]


def heavy_tailed(seed, tokens=40, inputs=48):
    x = np.random.default_rng(seed).standard_t(3, (tokens, inputs)).astype(np.float32)
    x[0] = 0
    return x


@pytest.mark.parametrize(("fmt", "wide", "rounded"), FORMATS)
@given(seed=st.integers(0, 2**32 - 1), unit_log2=st.integers(-4, 2))
@settings(max_examples=20, deadline=None)
def test_codes_equal_the_literal_encoder_and_decode_to_their_integers(fmt, wide, rounded, seed, unit_log2):
    # With a unit that is a power of two, x / (2^e * u) is exact in any order of operations.
    code = spikes.InputCode(fmt, spikes.SalientRule(4.0, rounded), 2.0**unit_log2, 7, 7, wide)
    x = heavy_tailed(seed)
    coded = spikes.encode_input(x, code)
    scaled = np.ldexp(x.astype(np.float64) / code.unit, -coded.token_exponent[:, None])
    expected = literal.encode(scaled, coded.salient, fmt, coded.salient_exponent, coded.digit_exponent, wide)
    salient = coded.salient.copy()
    salient[:, wide] = False
    assert (coded.codes == expected).all()
    back = literal.decode(coded.codes, salient, fmt, coded.salient_exponent, coded.digit_exponent, wide)
    assert (coded.integers == back).all()
    if rounded:  # the rule's verdict, less what a normal code holds where there are normal codes
        beyond = np.abs(x) > 4 * np.exp2(coded.token_exponent)[:, None]
        fits = np.abs(np.rint(scaled)) <= 7
        if fmt.digits:
            fits[:, wide] = False
        assert (coded.salient == (beyond & ~fits)).all()


@given(seed=st.integers(0, 2**32 - 1), bits=st.integers(2, 16), fraction=st.integers(0, 20))
@settings(max_examples=60, deadline=None)
def test_firing_equals_integer_division(seed, bits, fraction):
    rng = np.random.default_rng(seed)
    theta = rng.integers(1024, 1 << 24, 9)
    # Around every boundary between two codes, where a rounded quotient would show.
    edges = (rng.integers(-(1 << bits), 1 << bits, (30, 9)) * theta - (theta >> 1)) >> fraction
    membranes = edges + rng.integers(-1, 2, edges.shape)
    expected = integer_reference.fire(membranes, fraction, theta, bits)
    assert (kernels.fire(membranes.astype(np.float64), fraction, theta.astype(np.float64), bits) == expected).all()


def test_thresholds_that_binary64_cannot_divide_exactly_are_refused():
    # 16 bits leave 2^37 for the threshold: o needs 16 of the 53 bits of a quotient.
    assert kernels.thresholds_are_exact(np.array([1024, (1 << 37) - 1]), 16)
    assert not kernels.thresholds_are_exact(np.array([1024, 1 << 37]), 16)
    with pytest.raises(OverflowError, match="too large to fire 16 bits"):
        # theta / 2^F = 2^gamma * u_r / (u * s_w): scales 2^40 apart, the smaller theta at least 1024.
        spikes.calibrate_output(np.ones((1, 2)), 1.0, np.array([1.0, 2.0**-40]), 16)


def test_the_exponent_is_the_nearest_in_the_log_domain():
    for n in (-20, -1, 0, 3, 11):
        below, above = np.float32(2.0**n * 1.41421), np.float32(2.0**n * 1.41422)
        assert (kernels.round_log2(below), kernels.round_log2(above)) == (n, n + 1)


def test_medians_are_the_middle_or_the_mean_of_the_two_in_the_middle():
    assert kernels.medians(np.array([[3, 1, 2]], dtype=np.float32)).tolist() == [2]
    assert kernels.medians(np.array([[4, 1, 2, 8]], dtype=np.float32)).tolist() == [3]
