"""Published figures: each model by hand, the deviations within stated bands, and the table that shows them."""

import math
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from spikeloom.models.published import as_html, as_markdown, prosperity, published_rows, quantized_twin
from spikeloom.models.published import operation_prices as prices
from spikeloom.models.published.figures import (
    BOUNDED,
    CONTRAST,
    IMPOSSIBLE,
    READING,
    RECOMPUTED,
    SOLVED,
    Figure,
    Row,
    papers,
)
from spikeloom.models.published.kirin import saved_steps
from spikeloom.traces.shapes import SHAPES

ROOT = Path(__file__).resolve().parents[2]
LLAMA = "Llama-2-7B, rate coding, T = 15, with additions and weights"


def row(name):
    found = [row for row in published_rows() if row.figure.name == name]
    assert len(found) == 1, name
    return found[0]


# Prosperity. K*T*L = 768 * 16 * 128 = 1,572,864 and four times that; floor over 14: 112,347 and 449,389.


def array(**more):
    return papers()["prosperity"].constants | more


def test_a_product_takes_a_pass_per_12_outputs():
    assert prosperity.product_cycles(array(), 768, 768) == 64 * 112_347
    assert prosperity.product_cycles(array(), 768, 3072) == 64 * 449_389
    assert prosperity.product_cycles(array(), 769, 768) == 65 * 112_347


def test_neurons_take_a_cycle_per_14_and_12_steps():
    assert prosperity.neuron_cycles(array(), 768) == 7021  # 98,304 / 14 = 7021.7
    assert prosperity.neuron_cycles(array(steps=24), 768) == 14_043
    assert prosperity.neuron_cycles(array(steps=11), 768) == 0


def test_a_spikingbert_layer_is_six_products_and_its_neurons():
    products = (192 + 64 + 256) * 112_347 + 64 * 449_389
    neurons = 14_043 + 3 * 7021 + 28_086
    assert prosperity.layer_cycles(array()) == products + neurons == 86_345_752


def test_eyeriss_takes_690_8_ms_and_1150_mj():
    assert round(prosperity.time_ms(array()), 1) == 690.8
    # 1410.5 mW * 0.690766 s = 974.325 mJ; 2,585,788,416 * 5.47 * 12.45 pJ = 176.096 mJ.
    assert prosperity.energy_mj(array()) == pytest.approx(974.325 + 176.096, abs=2e-3)
    assert round(prosperity.energy_mj(array())) == 1150


# arXiv 2409.08290, by hand: accumulate 0.05448 pJ, words 0.25 and events 3 pJ per bit and hop.


def twins(steps, **more):
    return quantized_twin.make_twins(papers()["quantized_twin"].constants, steps, **({"fan_in": math.inf} | more))


@pytest.mark.parametrize(("steps", "bits"), [(1, 1), (2, 2), (3, 2), (4, 3), (7, 3), (8, 4), (15, 4), (16, 5)])
def test_the_twin_tells_as_many_values_apart(steps, bits):
    assert quantized_twin.twin_bits(steps) == bits


def test_events_words_and_the_twin_cost_what_a_hand_adds_up():
    layer = twins(5, weight_bits=4, weight_pj_bit=0.1, hops=2)
    assert layer.events_pj(0.2) == pytest.approx(1.0 * (0.05448 + 0.4 + 6.0))
    assert layer.words_pj(0.2) == pytest.approx(5 * 0.5 + 0.05448 + 0.4)
    assert replace(layer, reads=5).words_pj(0.2) == pytest.approx(5 * 0.5 + 0.05448 + 2.0)
    assert layer.twin_pj(0.5, accumulates=3) == pytest.approx(0.5 * 3 * 0.05448 + 0.4 + 3 * 0.25 * 2)
    neuron = 5 * (0.05448 + 0.2 * 0.05448) / 64
    assert replace(layer, fan_in=64).events_pj(0.2) - layer.events_pj(0.2) == pytest.approx(neuron)


def test_break_even_from_known_constants_is_movement_over_events():
    # r (5 * 3.05448 - 0.05448) = 3 * 0.25
    assert twins(5).break_even() == pytest.approx(0.75 / 15.21792)
    assert twins(5).ratio(twins(5).break_even()) == pytest.approx(1)


def test_the_switch_lies_where_one_step_of_events_costs_one_of_words():
    # r (4 e + 3) = 4 e + 0.25
    layer = twins(5, weight_bits=4, weight_pj_bit=0.05)
    assert layer.switch() == pytest.approx(0.45 / 3.2)


def test_the_solved_weight_price_gives_the_break_even_it_was_solved_from():
    low, high = quantized_twin.weight_price_range(papers()["quantized_twin"])
    assert twins(5, fan_in=4096, weight_pj_bit=high).break_even() == pytest.approx(0.057)
    dear = twins(5, fan_in=4096, weight_pj_bit=low)
    assert dear.events_pj(0.057) == pytest.approx(dear.twin_pj(5 * 0.057, accumulates=4))
    assert 0 < low < high


def test_where_words_travel_and_nothing_else_counts_the_ratio_is_steps_over_bits():
    far = twins(15, hops=1e6)
    assert far.ratio(1.0) == pytest.approx(15 / 4, rel=1e-6)
    assert quantized_twin.llama_ratio(far, (4096, 11008), 1.0) == pytest.approx(3.75, rel=1e-6)


def test_fan_in_moves_the_ratio_of_llama_by_less_than_a_thousandth():
    shapes = [(4096, 11008), (1024, 2752)]
    narrow, wide = (quantized_twin.llama_ratio(twins(15, hops=4.75), shape, 0.5) for shape in shapes)
    assert narrow == pytest.approx(wide, rel=1e-3)


def test_what_is_said_to_give_llamas_ratio_gives_it():
    # 0.0204 pJ per weight bit, spike rate 0.711: (15 * 1.1875 + 10.665 * 0.05448 + 0.0817) / (4.75 + 0.0387 + 0.0817).
    by_hand = (17.8125 + 0.58103 + 0.0817) / (4.75 + 0.03873 + 0.0817)
    assert by_hand == pytest.approx(3.793, abs=1e-3)
    layer = twins(15, hops=4.75, weight_pj_bit=0.0817 / 4)
    assert quantized_twin.llama_ratio(layer, (4096, 11008), 0.711) == pytest.approx(by_hand, abs=1e-3)
    assert "0.020 pJ per weight bit, a spike rate of 0.71" in row(LLAMA).assumed


def test_llamas_sizes_are_those_of_its_shape():
    constants, shape = papers()["quantized_twin"].constants, SHAPES["llama-2-7b"]
    assert (constants["llama_hidden"], constants["llama_feed_forward"]) == (shape.hidden, shape.feed_forward)


def test_a_first_spike_code_costs_a_spike_per_spiking_input():
    layer = twins(4, hops=0.64)
    assert quantized_twin.first_spike_ratio(layer, 0.1) == pytest.approx(
        0.1 * (0.05448 + 1.92) / (0.1 * 0.05448 + 3 * 0.25 * 0.64)
    )
    assert quantized_twin.first_spike_share(layer, quantized_twin.first_spike_ratio(layer, 0.1)) == pytest.approx(0.1)


def test_needed_shares_grow_with_the_steps_and_stay_within_theorem_2():
    published = [row(f"VGG16 on CIFAR-10, time to first spike, T = {t}").figure.published for t in range(3, 9)]
    shares = [quantized_twin.first_spike_share(twins(t, hops=0.64), r) for t, r in enumerate(published, start=3)]
    assert shares == sorted(shares)
    assert 0.0549 < shares[0] < 3 * 0.0549 and 0.0852 < shares[-1] < 8 * 0.0852


# Prices of operations.


def test_fp32_prices_give_5_1_per_operation_and_less_with_more_spikes():
    horowitz = papers()["operation_prices"].constants
    assert prices.float_advantage(horowitz) == pytest.approx(4.6 / 0.9)
    assert prices.float_advantage(horowitz, spikes_per_synapse=2) == pytest.approx(2.3 / 0.9)
    assert prices.float_advantage(horowitz, prices.spikes_per_synapse_for(horowitz, 4.6)) == pytest.approx(4.6)


def test_4_bit_integers_leave_2_25_of_it():
    # Multiplier 0.2 * 16 / 64 = 0.05 pJ; adders of 20 and 16 bits 0.0625 and 0.05 pJ.
    horowitz = papers()["operation_prices"].constants
    assert prices.integer_advantage(horowitz) == pytest.approx((0.05 + 0.0625) / 0.05)
    assert prices.integer_advantage(horowitz, spikes_per_synapse=2.25) == pytest.approx(1)
    assert prices.integer_advantage(horowitz, bits=8, fan_in=1) == pytest.approx((0.2 + 0.05) / 0.025)


def test_prices_are_those_of_the_technology_files():
    horowitz, twin = (papers()[name].constants for name in ("operation_prices", "quantized_twin"))
    events = yaml.safe_load((ROOT / "configs/energy/45nm.yaml").read_text())["technology"]["events"]
    assert horowitz["float_add_pj"] == events["vector_add"]["pj"]
    assert horowitz["float_multiply_pj"] == events["vector_multiply"]["pj"]
    assert horowitz["integer_add_32_pj"] / 32 == pytest.approx(events["slope_add_bit"]["pj"])
    text = (ROOT / "configs/energy/README.md").read_text()
    assert f"({twin['accumulate_pj']} pJ)" in text and f"{twin['dense_pj_bit']} pJ/bit" in text


def test_windows_of_4_bit_values_save_15_steps_of_16():
    assert saved_steps(4, 8) == 15 / 16


# The table.

LIMITS = {RECOMPUTED: 0.05, SOLVED: 0.10}
# Known to lie further off, each with what is missing in its `assumed`.
FURTHER = {
    "break-even spike rate, T = 5, 4-bit weights, fan-in 4096": 0.14,
    "VGG16 on CIFAR-10, time to first spike, T = 4 over T = 3": 0.27,
    "VGG16 on CIFAR-10, time to first spike, T = 8 over T = 7": 0.08,
}


@pytest.mark.parametrize("row", [r for r in published_rows() if r.kind in LIMITS], ids=lambda r: r.figure.name)
def test_recomputed_figures_deviate_within_the_stated_band(row):
    assert abs(row.deviation) <= FURTHER.get(row.figure.name, LIMITS[row.kind])


@pytest.mark.parametrize("row", [r for r in published_rows() if r.kind == BOUNDED], ids=lambda r: r.figure.name)
def test_a_range_holds_its_published_figure(row):
    least, greatest = row.recomputed
    assert least <= row.figure.published <= greatest


def test_every_figure_has_one_row_a_source_and_an_assumption_or_a_reason():
    rows = published_rows()
    figures = [figure for paper in papers().values() for figure in paper.figures.values()]
    assert sorted(r.figure.name + r.figure.paper for r in rows) == sorted(f.name + f.paper for f in figures)
    assert len({row.figure.name for row in rows}) == len(rows)
    assert all(row.figure.source and row.assumed for row in rows)
    for row in rows:
        assert (
            (row.recomputed is None) == (row.kind == IMPOSSIBLE) == (row.deviation is None) == bool(row.figure.reason)
        )


def test_readings_and_contrasts_say_what_they_are():
    by_kind = {kind: [r for r in published_rows() if r.kind == kind] for kind in (READING, CONTRAST, SOLVED)}
    assert all("not a finding" in row.assumed for row in by_kind[READING])
    assert all("solved from" in row.assumed for row in by_kind[SOLVED])
    assert [row.recomputed for row in by_kind[CONTRAST]] == [pytest.approx(2.25)]


def test_every_constant_has_a_source_with_its_certainty():
    blocks = yaml.safe_load((ROOT / "models/published/figures.yaml").read_text()).values()
    sources = [constant["source"] for block in blocks for constant in block["constants"].values()]
    sources += [figure.source for paper in papers().values() for figure in paper.figures.values()]
    assert all(any(f"[{mark}]" in source for mark in "PSCA") for source in sources)


def made_row(**more):
    figure = Figure("a <b> & c", "x | y", 4.0, "pJ", "z [S]")
    return Row(**({"figure": figure, "kind": RECOMPUTED, "recomputed": 5.0, "assumed": "nothing"} | more))


def test_deviation_is_relative_and_has_both_ends_of_a_range():
    assert made_row().deviation == 0.25
    assert made_row(recomputed=(3.0, 4.0)).deviation == (-0.25, 0.0)
    assert made_row(recomputed=None).deviation is None
    nothing = replace(made_row().figure, published=0)
    assert made_row(figure=nothing, recomputed=0).deviation == 0
    assert made_row(figure=nothing, recomputed=1).deviation == math.inf


def test_markdown_has_a_line_per_row_and_escapes_bars():
    lines = as_markdown([made_row(), made_row(recomputed=(3.0, 4.0))]).splitlines()
    assert lines[1] == "|" + " --- |" * 7
    assert lines[2] == "| a <b> & c | x \\| y | 4 pJ | 5 pJ | +25.0 % | nothing | z [S] |"
    assert "| 3 to 4 pJ | -25.0 % to 0.0 % |" in lines[3]
    missing = made_row(kind=IMPOSSIBLE, recomputed=None, assumed="no table")
    assert "| - | - | cannot be reproduced: no table |" in as_markdown([missing])


class Cells(HTMLParser):
    def __init__(self):
        super().__init__()
        self.rows, self.open = [], []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def test_html_is_well_formed_and_says_what_markdown_does():
    cells = Cells()
    cells.feed(as_html([made_row()]))
    assert cells.open == []
    assert cells.rows[1] == ["a <b> & c", "x | y", "4 pJ", "5 pJ", "+25.0 %", "nothing", "z [S]"]
    whole = Cells()
    whole.feed(as_html(published_rows()))
    assert {len(line) for line in whole.rows} == {7} and len(whole.rows) == len(published_rows()) + 1
    assert 'class="cannot-be-reproduced"' in as_html(published_rows())
