"""Prosperity (HPCA 2025): its model of Eyeriss, running SpikingBERT.

A 14 x 12 array takes ceil(N/12) * floor(K*T*L/14) cycles for a product of [T*L, K] spikes with [K, N] weights, and
floor(floor(T/12) * n / 14) for n integrate-and-fire neurons. Counted are the products with weights and the neurons;
attention's two products, softmax and LayerNorm are not (the paper's code runs them for another row, "Eyeriss_linear").
"""

from spikeloom.models.published.figures import RECOMPUTED, Row


def product_cycles(array, outputs, inputs):
    """Cycles of all time steps and tokens of a product with weights [inputs, outputs]."""
    passes = -(-outputs // array["columns"])
    return passes * (inputs * array["steps"] * array["tokens"] // array["rows"])


def neuron_cycles(array, neurons):
    """Cycles of all time steps of `neurons` per token."""
    return array["steps"] // array["columns"] * neurons * array["tokens"] // array["rows"]


def layer_cycles(array):
    """Cycles of one encoder layer: q, k, v as one product, then o, up, down; the query has no neurons."""
    hidden, wide = array["hidden"], array["feed_forward"]
    products = [(3 * hidden, hidden), (hidden, hidden), (wide, hidden), (hidden, wide)]
    neurons = [2 * hidden, hidden, hidden, wide, hidden]  # k and v; attention; o; up; down
    return sum(product_cycles(array, *shape) for shape in products) + sum(neuron_cycles(array, n) for n in neurons)


def time_ms(array):
    """Time of all layers in milliseconds."""
    return array["layers"] * layer_cycles(array) / (array["clock_mhz"] * 1e3)


def energy_mj(array):
    """On-chip power times time, and DRAM accesses times their price, in millijoules."""
    dram_pj = array["dram_pj_bit"] * array["dram_bits"] * array["dram_factor"]
    return array["power_mw"] * time_ms(array) * 1e-3 + dram_pj * 1e-9


def rows(paper):
    """Rows of the table."""
    counted = "counted: q, k, v, o, both feed-forward products, and the neurons; not attention's products nor LayerNorm"
    bill = "that time at 1410.5 mW on the chip, and the paper's own count of DRAM accesses (taken, not recomputed)"
    return [
        Row(paper.figures["time"], RECOMPUTED, time_ms(paper.constants), counted),
        Row(paper.figures["energy"], RECOMPUTED, energy_mj(paper.constants), bill),
    ]
