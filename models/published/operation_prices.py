"""Accumulate at 0.9 pJ against multiply-accumulate at 4.6 pJ: what it yields, and what 4-bit integers make of it.

The two prices are those of 32-bit floating point. With them an accumulate saves the multiplier, four fifths of the
bill. A 4 x 4 bit multiplier is small beside the adder that both sides need, so that little is left to save; and this
counts nothing but arithmetic.
"""

from math import ceil, log2

from spikeloom.models.published.figures import CONTRAST, READING, RECOMPUTED, Row

FAN_IN = 4096
BITS = 4


def float_advantage(prices, spikes_per_synapse=1.0):
    """Energy of an FP32 multiply-accumulate over that of the accumulates of one synapse."""
    return (prices["float_add_pj"] + prices["float_multiply_pj"]) / (prices["float_add_pj"] * spikes_per_synapse)


def integer_advantage(prices, spikes_per_synapse=1.0, bits=BITS, fan_in=FAN_IN):
    """The same for `bits` x `bits` integers: multipliers grow with the product of widths, adders with their width.

    A sum of `fan_in` terms needs ceil(log2 fan_in) bits more than a term: a weight on the spiking side, a product on
    the other.
    """
    add_pj = prices["integer_add_32_pj"] / 32
    multiply_pj = prices["integer_multiply_8_pj"] * bits * bits / 64
    growth = ceil(log2(fan_in))
    return (multiply_pj + add_pj * (2 * bits + growth)) / (add_pj * (bits + growth) * spikes_per_synapse)


def spikes_per_synapse_for(prices, advantage):
    """Spikes per synapse at which FP32 prices give `advantage`."""
    return float_advantage(prices) / advantage


def rows(paper):
    """Rows of the table."""
    prices, figures = paper.constants, paper.figures
    spikes = spikes_per_synapse_for(prices, figures["spikequant"].published)
    integers = (
        "4 x 4 bit multiplier = 16/64 of the 8 x 8 bit one, adders by width (16 bits for weights, 20 for products, "
        "fan-in 4096), one spike per synapse: FP32 prices overstate what leaving out the multiplier saves"
    )
    reading = (
        "one spike per synapse at FP32 prices. A reading, not a finding: the paper's energy table is not public. "
        f"{spikes:.2f} spikes per synapse would give 4.6"
    )
    addition = prices["float_add_pj"] + prices["float_multiply_pj"]
    return [
        Row(
            figures["multiply_accumulate"], RECOMPUTED, addition, "multiplication and addition, no memory, no movement"
        ),
        Row(figures["advantage"], RECOMPUTED, float_advantage(prices), "one spike per synapse; arithmetic alone"),
        Row(figures["advantage_4_bit"], CONTRAST, integer_advantage(prices), integers),
        Row(figures["spikequant"], READING, float_advantage(prices), reading),
    ]
