"""The quantizer's rules on small inputs whose results follow by hand, and the exporter's choice of text."""

import numpy as np
import pytest

from spikeloom import UserError
from spikeloom.models.codes import CodeFormat
from spikeloom.models.spikequant import (
    InputScale,
    calibrate_input,
    calibrate_output,
    dequantize,
    quantize_input,
    quantize_weights,
    relative_deviation,
)
from spikeloom.traces.exporter import choose_text


def heavy_tailed(tokens=256, inputs=200, seed=2):
    return np.random.default_rng(seed).standard_t(4, (tokens, inputs)).astype(np.float32)


def test_weights_on_the_grid_are_kept_exactly():
    # The largest magnitude is 7 steps, so the clip 1.0 has no error.
    weights = np.array([[7, -7, 3, 0, 1], [-7, 2, 5, -1, 0]]) * np.array([[0.5], [2.0]])
    integers, scale = quantize_weights(weights)
    assert scale.tolist() == [0.5, 2.0]
    assert integers.tolist() == [[7, -7, 3, 0, 1], [-7, 2, 5, -1, 0]]


def test_a_channel_of_zeros_has_a_positive_scale():
    integers, scale = quantize_weights(np.zeros((1, 4)))
    assert (integers == 0).all() and scale[0] > 0


def test_deviation_is_counted_in_raw_mads_from_the_median():
    # Median 3, absolute deviations 2, 1, 0, 1, 7: MAD 1.
    assert relative_deviation(np.array([[1.0, 2.0, 3.0, 4.0, 10.0]])).tolist() == [[2, 1, 0, 1, 7]]


def test_token_exponent_is_the_rounded_logarithm_of_the_normal_range():
    # The largest normal magnitude is 7 * 2 * u: e = 1; a = x / (2 * u), and the outlier 100 * u has a = 50.
    x = np.array([[14.0, -14.0, 2.0, -6.0, 0.0, 6.0, -2.0, 100.0]]) * 0.25
    scale = InputScale(CodeFormat("signed"), 0.25, 5.0, 7)
    quantized = quantize_input(x, scale)
    assert quantized.token_exponent.tolist() == [1]
    assert quantized.salient.tolist() == [[False] * 7 + [True]]
    # 48 = (4 + 2) << 3 is nearer to 50 than 56 = (4 + 3) << 3.
    assert quantized.integers(scale.fmt).tolist() == [[7, -7, 1, -3, 0, 3, -1, 48]]
    assert dequantize(np.array([[3]]), np.array([1]), 0.25).tolist() == [[1.5]]


@pytest.mark.parametrize("code", ["signed", "unsigned"])
def test_calibration_meets_the_salient_share_and_its_ranges(code):
    x = heavy_tailed()
    scale = calibrate_input(x, code, 0.025)
    quantized = quantize_input(x, scale)
    assert quantized.salient.mean() == pytest.approx(0.025, abs=0.001)
    assert quantized.salient_exponent.max() == scale.exponent_max
    assert np.median(quantized.token_exponent) == 0
    back = dequantize(quantized.integers(scale.fmt), quantized.token_exponent, scale.unit)
    assert ((back - x) ** 2).sum() < 0.03 * (x.astype(float) ** 2).sum()


def test_salient_exponents_saturate_at_the_calibrated_maximum():
    x = heavy_tailed()
    scale = calibrate_input(x, "signed", 0.025)
    x[0, 0] = 1e6
    quantized = quantize_input(x, scale)
    assert quantized.salient_exponent[0] == scale.exponent_max
    assert quantized.integers(scale.fmt)[0, 0] == 112 << scale.exponent_max


@pytest.mark.parametrize(("allowed", "gamma"), [(0, 3), (1, 0)])
def test_gamma_is_the_smallest_below_the_saturated_share(allowed, gamma):
    # B = 8: codes up to 127 hold magnitudes below 127.5 * 2^gamma. Of 10,000 outputs, fewer than one may
    # saturate; of 20,000, one may.
    membranes = np.full((10_000 * (1 + allowed), 1), 100)
    membranes[5] = 800
    assert calibrate_output(membranes, 1.0, np.ones(1), 1.0, 8)[0] == gamma


def test_thresholds_fold_all_constants():
    gamma, theta, fraction_bits = calibrate_output(np.array([[127], [-100]]), 0.5, np.array([0.25]), 0.125, 8)
    assert (gamma, fraction_bits) == (0, 10)
    assert theta.tolist() == [1024]  # 2^10 * 2^0 * 0.125 / (0.5 * 0.25)


def test_exported_tokens_come_from_an_article_that_is_not_calibrated_on():
    articles = ["a a a a", "b b", "short", "c c c c c c c c c c", "d d d d d d d d d d d d"]
    sample = choose_text(articles, str.split, 4)
    assert sample.calibration == [["a"] * 4, ["b"] * 2]
    assert (sample.article_number, sample.first, sample.last) == (3, 3, 7)
    assert sample.article == ["c"] * 10


def test_texts_without_a_long_article_are_refused():
    with pytest.raises(UserError, match="no line of 64 tokens"):
        choose_text(["a", "b"], str.split, 32)
