"""Kirin (arXiv 2602.08817): values of few bits as spikes, outliers as integers."""

from spikeloom.models.published.figures import RECOMPUTED, Row


def saved_steps(normal_bits, outlier_bits):
    """Share of time steps saved where only values of `normal_bits` are spikes: a value of b bits takes 2**b steps."""
    return 1 - 2**normal_bits / 2**outlier_bits


def rows(paper):
    """Rows of the table."""
    share = saved_steps(paper.constants["normal_bits"], paper.constants["outlier_bits"])
    assumed = "2^b steps for b bits; windows of 4-bit values instead of 8-bit ones"
    return [Row(paper.figures["steps"], RECOMPUTED, 100 * share, assumed)]
