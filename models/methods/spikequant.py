"""SpikeQuant (arXiv 2510.19498) as the paper has it: unsigned codes with a zero point, salient values at 5 bits in
place by the median absolute deviation, per-channel scales in the threshold."""

import numpy as np

from spikeloom.models import spike_attention
from spikeloom.models import spike_projection as spikes
from spikeloom.models.codes import CodeFormat
from spikeloom.models.methods.floating import Method
from spikeloom.models.spike_projection import SalientRule

UNITS_PER_OCTAVE = 16
SHARE_TOKENS = 2048
SEARCH_TOKENS = 512
UNSIGNED_SPAN = 15
NARROW_LARGEST = 7


class SpikeQuant(Method):
    """`salient_share` of an input's values are salient on calibration."""

    name = "spikequant"

    def __init__(self, salient_share):
        self._share = salient_share
        self.options = {"salient_share": salient_share}
        self.weights = "4 bit per channel, GPTQ"
        self.activations = f"4 bit, 5 bit in {salient_share:.1%} of the values"
        self.assumptions = {
            "weights": "4 bit signed, one scale per output channel in the threshold, clip searched, GPTQ on the "
            "quantized inputs, tokens alike (the paper does not say how weights are rounded)",
            "salient_rule": "|x - median| > k * MAD over the token, raw MAD; k per layer and input, so that "
            f"{salient_share:.2%} of the calibration values are salient (the paper reports 2.45 to 2.68 %)",
            "salient_format": "5 bits as sign, 2-bit exponent, 2-bit fraction, one shared exponent per token; twice "
            "the range at the normal step, the plain reading, collapses on real outliers",
            "token_exponent": "the step is u times the power of two nearest to the range of the token's normal "
            "values over 15 u; the paper does not say whether scales are static or per token",
            "zero_point": "z per layer and input: the mean place of zero in the range of the normal values",
            "unit": "u per layer and input: least squared error of the activations in one octave",
            "output_bits": f"{spikes.OUTPUT_BITS} per output code, static range that nothing in calibration exceeds",
        } | spike_attention.assumptions(salient_share)

    def calibrate_projection(self, x, weights):
        largest = np.full(x.shape[1], NARROW_LARGEST)
        return spikes.calibrate_projection(weights, *self._coded_input(x), largest)

    def _coded_input(self, x):
        rule = SalientRule(_paper_constant(x, self._share), rounded=False)
        sample = np.ascontiguousarray(x[:: max(1, len(x) // SEARCH_TOKENS)])
        salient = spikes.mad_salience(sample, rule.k)
        low = np.where(salient, np.inf, sample).min(axis=1)
        high = np.where(salient, -np.inf, sample).max(axis=1)
        span = np.maximum(high - low, np.finfo(np.float32).tiny)
        zero = int(np.clip(np.rint((-low / span).mean() * UNSIGNED_SPAN), 0, UNSIGNED_SPAN))
        middle = float(np.median(span)) / UNSIGNED_SPAN
        offsets = 2.0 ** ((np.arange(UNITS_PER_OCTAVE) + 0.5) / UNITS_PER_OCTAVE - 0.5)
        no_wide = np.empty(0, dtype=np.int64)
        fmt = CodeFormat("unsigned", "floating", zero_point=zero)
        candidates = [spikes.calibrate_code(sample, fmt, rule, no_wide, middle * offset)[0] for offset in offsets]
        best = min(candidates, key=lambda code: spikes.coding_error(sample, code))
        return spikes.calibrate_code(x, fmt, rule, no_wide, best.unit)

    def calibrate_attention(self, shape, q, k, v, length):
        return spike_attention.calibrate(q, k, v, length, self._share)


def _paper_constant(x, share):
    """k of |x - median| > k * MAD that makes this share of x [M,K] salient, to 0.01."""
    sample = np.ascontiguousarray(x[:: max(1, len(x) // SHARE_TOKENS)])
    return round(float(np.quantile(spikes.relative_deviation(sample), 1 - share)), 2)
