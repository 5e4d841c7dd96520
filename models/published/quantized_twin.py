"""arXiv 2409.08290: a spiking network of T steps against its fair twin, quantized to b = ceil(log2(T+1)) bits.

Its constants and results are known, its formulas are not quoted anywhere public that we found. Reconstructed here, in
pJ per synapse and inference, with spike rate r (spikes per input and step), active share a of the twin's inputs, and w
weight bits:

    events     T r (E_acc + w E_weight + E_sparse hops)                 spikes travel one by one
    words      T (r E_acc + E_dense hops) + w E_weight                  every step travels whole
    twin       a E_mac + w E_weight + b E_dense hops

and per neuron, T (E_compare + r E_subtract) on the spiking side. A spiking layer takes the cheaper of events and words.
E_weight (SRAM, per bit) and E_mac are not public. The paper bounds a by r <= a <= T r (theorem 2); unless said
otherwise a = r and E_mac = E_acc here, which makes the twin cheapest.
"""

import math
from dataclasses import dataclass, replace

from spikeloom.models.published.figures import BOUNDED, RECOMPUTED, SOLVED, Row

STEPS_OF_VGG16 = range(3, 9)


def twin_bits(steps):
    """Bits of the twin of a network of `steps` time steps."""
    return math.ceil(math.log2(steps + 1))


@dataclass(frozen=True)
class Twins:
    """A spiking layer and its twin: prices in pJ, `reads` of a weight per window where words travel."""

    accumulate_pj: float
    dense_pj_bit: float
    sparse_pj_bit: float
    steps: int
    weight_bits: int = 4
    weight_pj_bit: float = 0.0
    hops: float = 1.0
    fan_in: float = 4096
    reads: int = 1

    def events_pj(self, rate):
        """Energy per synapse where spikes travel one by one."""
        each = self.accumulate_pj + self._weight_pj() + self.sparse_pj_bit * self.hops
        return self.steps * rate * each + self._neuron_pj(rate)

    def words_pj(self, rate):
        """Energy per synapse where every step travels whole."""
        each = rate * self.accumulate_pj + self.dense_pj_bit * self.hops
        return self.steps * each + self.reads * self._weight_pj() + self._neuron_pj(rate)

    def twin_pj(self, active, accumulates=1.0):
        """Energy per synapse of the twin, whose multiply-accumulate costs as much as `accumulates` accumulates."""
        movement = twin_bits(self.steps) * self.dense_pj_bit * self.hops
        return active * accumulates * self.accumulate_pj + self._weight_pj() + movement

    def ratio(self, rate):
        """Energy of the spiking layer over its twin's."""
        return min(self.events_pj(rate), self.words_pj(rate)) / self.twin_pj(rate)

    def break_even(self):
        """Spike rate at which events cost what the twin does; both are linear in it."""
        return _zero(lambda rate: self.events_pj(rate) - self.twin_pj(rate))

    def switch(self):
        """Spike rate from which words cost less than events, where words read a weight every step."""
        every_step = replace(self, reads=self.steps)
        return _zero(lambda rate: every_step.events_pj(rate) - every_step.words_pj(rate))

    def weight_price_for(self, rate, active=None, accumulates=1.0):
        """pJ per weight bit at which the break-even is `rate`."""
        active = rate if active is None else active

        def difference(price):
            priced = replace(self, weight_pj_bit=price)
            return priced.events_pj(rate) - priced.twin_pj(active, accumulates)

        return _zero(difference)

    def _weight_pj(self):
        return self.weight_bits * self.weight_pj_bit

    def _neuron_pj(self, rate):
        return self.steps * self.accumulate_pj * (1 + rate) / self.fan_in


def _zero(linear):
    """Where a linear function is 0."""
    return linear(0.0) / (linear(0.0) - linear(1.0))


def make_twins(constants, steps, **more):
    """Twins at the paper's prices."""
    names = ("accumulate_pj", "dense_pj_bit", "sparse_pj_bit")
    return Twins(**{name: constants[name] for name in names}, steps=steps, **more)


def weight_price_range(paper):
    """(least, greatest) pJ per weight bit that give the published break-even.

    The greatest where the twin's arithmetic is cheapest. The least where it is dearest: all T r inputs active
    (theorem 2), and a multiplication by b bits as dear as b accumulates.
    """
    rate = paper.figures["break_even"].published / 100
    twins = make_twins(paper.constants, 5)
    dearest = twins.weight_price_for(rate, active=twins.steps * rate, accumulates=1 + twin_bits(twins.steps))
    return dearest, twins.weight_price_for(rate)


def llama_ratio(twins, shape, rate, active=None, accumulates=1.0):
    """Ratio over the projections of a Llama layer (all layers are alike): q, k, v, o, gate, up, down.

    `shape` is (hidden, feed-forward); `active` and `accumulates` are the twin's, as in `Twins.twin_pj`.
    """
    hidden, feed_forward = shape
    shapes = [(hidden, hidden)] * 4 + [(feed_forward, hidden)] * 2 + [(hidden, feed_forward)]
    spiking = sum(n * k * replace(twins, fan_in=k).words_pj(rate) for n, k in shapes)
    return spiking / sum(n * k * twins.twin_pj(rate if active is None else active, accumulates) for n, k in shapes)


def first_spike_ratio(twins, share):
    """Ratio where `share` of the inputs spike, each once, and those are the twin's active ones."""
    rate = share / twins.steps
    return min(twins.events_pj(rate), twins.words_pj(rate)) / twins.twin_pj(share)


def first_spike_share(twins, ratio):
    """Share of inputs that must spike for `ratio`, where events travel."""
    return _zero(lambda share: twins.events_pj(share / twins.steps) - ratio * twins.twin_pj(share))


def rows(paper):
    """Rows of the table."""
    return [*_break_even_rows(paper), *_transformer_rows(paper), *_vgg16_rows(paper)]


def _break_even_rows(paper):
    figures, constants = paper.figures, paper.constants
    low, price = weight_price_range(paper)
    base = make_twins(constants, 5, weight_pj_bit=price)
    eight = replace(base, weight_bits=8)
    halves = {name: replace(base, **{name: constants[name] / 2}) for name in ("sparse_pj_bit", "dense_pj_bit")}
    known = (
        "movement over one hop [A], accumulates, compares and subtracts: what is known. A weight read of "
        f"{price:.3f} pJ/bit would give {figures['break_even'].published}, or any price from {low:.3f} on if "
        "multiplications cost more than accumulates; not established"
    )
    solved = (
        f"weights at {price:.3f} pJ/bit, solved from the break-even at T = 5, multiplications as cheap as accumulates; "
        "nothing else adjusted"
    )
    no_membrane = "; without the membrane's reads and writes, whose price is not public"
    rates = [
        ("break_even_t2_w4", replace(base, steps=2).break_even(), ""),
        ("break_even_t2_w8", replace(eight, steps=2).break_even(), ""),
        ("break_even_t3_w8", replace(eight, steps=3).break_even(), ""),
        ("break_even_fan_in_64", replace(base, fan_in=64).break_even(), no_membrane),
        ("break_even_cheap_sparse", halves["sparse_pj_bit"].break_even(), ""),
        ("break_even_cheap_dense", halves["dense_pj_bit"].break_even(), ""),
        ("switch_low", base.switch(), "; 4-bit weights [A], read at every step"),
        ("switch_high", eight.switch(), "; 8-bit weights [A], read at every step"),
    ]
    unpriced = replace(base, weight_pj_bit=0.0).break_even()
    return [
        Row(figures["break_even"], RECOMPUTED, 100 * unpriced, known),
        *(Row(figures[key], SOLVED, 100 * rate, solved + more) for key, rate, more in rates),
    ]


def _transformer_rows(paper):
    figures = paper.figures
    alone = "words travel and nothing else counts: T / ceil(log2(T+1))"
    steps = {"sst2_t1": 1, "sst2_t3": 3, "sst2_t7": 7, "sst2_t15": 15, "llama": 15}
    simple = [Row(figures[key], RECOMPUTED, t / twin_bits(t), alone) for key, t in steps.items()]
    return [*simple, _llama_row(paper)]


def _llama_row(paper):
    figure, constants = paper.figures["llama_in_full"], paper.constants
    shape = (constants["llama_hidden"], constants["llama_feed_forward"])
    base = make_twins(constants, 15, hops=constants["transformer_hops"])
    cheap, dear = (replace(base, weight_pj_bit=price) for price in weight_price_range(paper))
    once = _llama_range([cheap, dear], shape)
    every_step = _llama_range([replace(twins, reads=twins.steps) for twins in (cheap, dear)], shape)
    needed = _zero(lambda rate: (llama_ratio(cheap, shape, rate) - figure.published) * cheap.twin_pj(rate))
    assumed = (
        f"4-bit weights, read once a window [A], {base.hops:.4g} hops; spike rate and the prices of weights and "
        f"multiplications are not public. {figure.published} follows, say, from {cheap.weight_pj_bit:.3f} pJ per "
        f"weight bit, a spike rate of {needed:.2f} and multiplications as cheap as accumulates; not established. "
        f"Weights read at every step would make it {every_step[0]:.2f} to {every_step[1]:.2f}"
    )
    return Row(figure, BOUNDED, once, assumed)


def _llama_range(choices, shape):
    """(least, greatest): few spikes against dear multiplications, spikes everywhere against cheap ones."""
    dearest = {"active": 1.0, "accumulates": 1 + twin_bits(choices[0].steps)}
    least = min(llama_ratio(twins, shape, twins.switch(), **dearest) for twins in choices)
    return least, max(llama_ratio(twins, shape, 1.0) for twins in choices)


def _vgg16_rows(paper):
    figures, constants = paper.figures, paper.constants
    rates = {t: constants[f"cifar10_spike_rate_t{t}"] for t in (3, 8)}
    twins = {t: make_twins(constants, t, hops=constants["vgg16_hops"], fan_in=math.inf) for t in STEPS_OF_VGG16}
    alone = "weights not counted [A]: a convolution reads them once for many positions; 0.64 hops"
    coded = [Row(figures[f"cifar10_t{t}"], RECOMPUTED, twins[t].ratio(r), alone) for t, r in rates.items()]
    first = [_first_spike_row(figures[f"ttfs_t{t}"], twins[t], rates) for t in STEPS_OF_VGG16]
    return [*coded, *first, *(_step_row(figures, twins, t) for t in (3, 7)), *_dear_events_rows(figures)]


def _first_spike_row(figure, twins, rates):
    low, high = rates.get(twins.steps, rates[3]), rates.get(twins.steps, rates[8])
    ends = (low, min(1.0, twins.steps * high))
    share = first_spike_share(twins, figure.published)
    assumed = (
        "weights not counted [A]; theorem 2 bounds the share of inputs that spike by the rate-coded networks' rates "
        f"(known for T = 3 and 8). The published ratio needs a share of {100 * share:.0f} %, that is a spike rate of "
        f"{100 * share / twins.steps:.1f} %, against a twin of {twin_bits(twins.steps)} bits"
    )
    return Row(figure, BOUNDED, tuple(first_spike_ratio(twins, end) for end in ends), assumed)


def _step_row(figures, twins, steps):
    """The ratio falls where one more step than `steps` gives the twin another bit."""
    figure = figures[f"ttfs_step_{steps}"]
    before, after = (first_spike_share(twins[t], figures[f"ttfs_t{t}"].published) for t in (steps, steps + 1))
    assumed = (
        f"an equal share of inputs spikes: the twin's bits, {twin_bits(steps)} over {twin_bits(steps + 1)}. The rest "
        f"would be a share that grows from {100 * before:.1f} to {100 * after:.1f} %; where the twin's bits stay, the "
        "ratio rises with the share"
    )
    return Row(figure, RECOMPUTED, twin_bits(steps) / twin_bits(steps + 1), assumed)


def _dear_events_rows(figures):
    ratios = [t / twin_bits(t) for t in STEPS_OF_VGG16]
    wins = 2 * sum(ratio < 1 for ratio in ratios)  # two data sets
    words = "words travel, as they do from a spike rate of 1/64 on, and nothing else counts: T / ceil(log2(T+1))"
    values = [("wins_at_64", wins), ("least_at_64", min(ratios)), ("greatest_at_64", max(ratios))]
    return [Row(figures[key], RECOMPUTED, value, words) for key, value in values]
