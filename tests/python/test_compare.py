"""Both bills: ratios, ceilings, readings and what prices do equal what the hand-made results say on paper."""

import json
import math
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import compare_world
import matplotlib
import numpy as np
import pytest
import yaml
from compare_world import LOAD_PJ, RATIOS, HandMadeRuns, write_config
from matplotlib.backends.backend_agg import FigureCanvasAgg

from spikeloom import UserError
from spikeloom.compare import (
    break_even,
    capacity,
    command,
    config,
    explain,
    fronts,
    readings,
    report,
    rungs,
    runs,
    sensitivity,
    study,
    uncertainty,
    words,
)
from spikeloom.compare.bill import Bill
from spikeloom.compare.config import RIVAL, SPIKING
from spikeloom.compare.numbers import Numbers
from spikeloom.plots import compare_bars, compare_front, style

ROOT = Path(__file__).resolve().parents[2]
TRACES = ROOT / "traces" / "smollm2-135m"
SPIKING_PJ, RIVAL_PJ = 16, 16


@pytest.fixture
def world(tmp_path):
    """(Comparison, HandMadeRuns)."""
    return config.load(write_config(tmp_path, TRACES)), HandMadeRuns(tmp_path / "runs")


@pytest.fixture
def by_hand(world):
    return study.run(*world)


def bout_of(found, regime):
    return found.of_regime(regime)[0]


def test_every_energy_group_of_the_simulator_sits_on_exactly_one_rung():
    text = (ROOT / "sim" / "base" / "energy_events.h").read_text()
    listed = re.search(r"kEnergyGroupNames = \{(.*?)\};", text, re.DOTALL).group(1)
    groups = re.findall(r'"(\w+)"', listed)
    assert len(groups) == 12
    assert sorted(groups) == sorted(group for _, on_rung in rungs.RUNGS for group in on_rung)


def test_ratios_rise_rung_by_rung_as_on_paper(by_hand):
    bout = bout_of(by_hand, "resident")
    cells = [cell for cell in bout.cells() if cell.row.point.labels["chip.spike_code"] == "ttfs"]
    assert [cell.rung for cell in cells] == list(range(1, 10))
    assert [cell.ratio for cell in cells] == pytest.approx(RATIOS)


def test_the_marginal_bill_holds_no_load_of_weights(by_hand):
    bout = bout_of(by_hand, "resident")
    assert bout.best_spiking.pj == pytest.approx(SPIKING_PJ)
    assert bout.best_rival.pj == pytest.approx(RIVAL_PJ)
    assert [run for run, _ in bout.best_spiking.bill.runs] == ["spk-prefill32-32-ttfs-1", "spk-prefill32-16-ttfs-1"]


def test_groups_left_out_are_counted_and_no_part_of_the_bill():
    rows = {("dram_read_bit", "dram"): (8, 6.0), ("noc_event", "noc"): (2, 3.0)}
    bill = Bill(rows, (), 2).without(("dram",))
    assert (bill.energy_pj(), bill.groups_pj(), bill.events_pj()) == (1.5, {"noc": 1.5}, {"noc_event": 1.5})
    assert (bill.count("dram_read_bit"), bill.alone().energy_pj()) == (8, 3.0)


def test_a_regime_without_dram_ends_at_the_sums_of_the_other_rungs(tmp_path):
    """Of the table in compare_world.py: rung 7 as rung 6, then 13 over 11 and 15 over 14."""
    text = compare_world.CONFIG.replace("tokens: 16}", "tokens: 16, without: [dram]}")
    found = study.run(config.load(write_config(tmp_path, TRACES, text)), HandMadeRuns(tmp_path / "runs"))
    bout = bout_of(found, "resident")
    cells = [cell for cell in bout.cells() if cell.row.point.labels["chip.spike_code"] == "ttfs"]
    assert [cell.ratio for cell in cells[5:]] == pytest.approx([11 / 10, 11 / 10, 13 / 11, 15 / 14])


def test_prefill_and_decode_pay_for_the_weights(by_hand):
    assert bout_of(by_hand, "prefill").best_spiking.pj == pytest.approx(SPIKING_PJ + LOAD_PJ / 32)
    assert bout_of(by_hand, "decode").best_spiking.pj == pytest.approx(SPIKING_PJ + LOAD_PJ)


def test_the_ceiling_leaves_out_arithmetic_membranes_and_thresholds_of_the_spiking_side(by_hand):
    bout = bout_of(by_hand, "resident")
    assert rungs.ceiling(bout.best_rival.bill, bout.best_spiking.bill) == pytest.approx(16 / (16 - 1 - 3 - 1))


def test_batches_beyond_the_tokens_are_not_run_and_refused_ones_are_listed(by_hand, world):
    assert {dict(job.settings).get(config.BATCH, "1") for job in world[1].asked if "decode" in job.trace.name} == {"1"}
    refused = bout_of(by_hand, "prefill").refused
    assert [point.labels[config.BATCH] for point, _ in refused] == ["8", "8"]


def test_each_side_takes_its_best_point_and_each_code_its_row(by_hand):
    bout = bout_of(by_hand, "prefill")
    assert [row.point.labels for row in bout.rows] == [
        {"chip.spike_code": code, config.BATCH: "1"} for code in ("ttfs", "count")
    ]


def test_a_bill_that_does_not_add_up_to_its_report_is_refused(world, tmp_path):
    def spoil(_job, found, _chip):
        found["energy"]["total_pj"] *= 1.01

    with pytest.raises(UserError, match=r"energy\.csv: adds up to"):
        study.run(world[0], HandMadeRuns(tmp_path / "spoilt", spoil))


# Capacity: the formulas of arXiv 2409.08290, ceil(log2(T + 1)) and with signs ceil(log2(2 T + 1)).
@pytest.mark.parametrize("steps", [1, 3, 4, 7, 8, 15, 16, 31])
def test_capacity_follows_the_formulas(steps):
    assert capacity.bits_of_steps(steps, False) == math.ceil(math.log2(steps + 1))
    assert capacity.bits_of_steps(steps, True) == math.ceil(math.log2(2 * steps + 1))


def test_the_signed_code_of_seven_steps_matches_four_bits_and_radix_takes_three_steps():
    trace = TRACES / "spikequant-improved" / "layer15.prefill32.safetensors"
    assert capacity.spiking(trace, "ttfs") == (7, 4)
    assert capacity.spiking(trace, "radix") == (3, 4)


def test_a_reading_holds_within_its_factor_and_chance_counts_all_cells(by_hand):
    (reading,) = by_hand.comparison.readings
    chosen = readings.chosen(reading, by_hand.cells)
    assert [(cell.rung, reading.holds(cell.ratio)) for cell in chosen] == [(1, True), (2, False)]
    # 3 regimes x 2 rows x 9 rungs. Within 4/1.1 .. 4.4: rung 1 of ttfs, which has no loads, in every regime;
    # with counts everything but the load doubles, so that no ratio exceeds 2.
    assert len(by_hand.cells) == 54
    assert len(readings.within(reading, by_hand.cells)) == 3


def test_a_reading_of_no_cell_is_refused(by_hand):
    (reading,) = by_hand.comparison.readings
    with pytest.raises(UserError, match="names no cell"):
        readings.chosen(reading, [])


# Resident: spiking 16 = 1 adders + 2 wires + 2 dram + 11, rival 16 = 4 + 1 + 1 + 10.
SWINGS = {
    "adders": ((16 - 2) / (16 - 0.5), (16 + 4) / (16 + 1)),
    "dram": ((16 - 0.75) / (16 - 1.5), (16 + 3) / (16 + 6)),
    "wires": ((16 - 0.5) / (16 - 1), (16 + 1) / (16 + 2)),
}


def test_the_tornado_varies_one_group_of_prices_at_a_time(by_hand):
    swings = bout_of(by_hand, "resident").prices(by_hand.groups).tornado()
    assert [swing.group.name for swing in swings] == ["adders", "dram", "wires"]
    for swing in swings:
        assert (swing.at_low, swing.at_high) == pytest.approx(SWINGS[swing.group.name])


def test_corners_put_every_group_where_it_moves_the_ratio_most(by_hand):
    low, high = bout_of(by_hand, "resident").prices(by_hand.groups).corners()
    assert low == pytest.approx((10 + 2 + 2 + 4) / (11 + 0.5 + 4 + 8))
    assert high == pytest.approx((10 + 8 + 0.5 + 0.25) / (11 + 2 + 1 + 0.5))


def test_the_interval_lies_within_the_corners_and_is_the_same_each_time(by_hand):
    prices = bout_of(by_hand, "resident").prices(by_hand.groups)
    low, high = prices.interval(2000, 1)
    assert prices.corners()[0] < low < 1 < high < prices.corners()[1]
    assert (low, high) == prices.interval(2000, 1)


def test_sides_choose_anew_under_other_prices(by_hand):
    def outcome(adders, wires):
        rows = {("arithmetic_event", "arithmetic"): (1, adders), ("noc_event", "noc"): (1, wires)}
        return SimpleNamespace(bill=Bill(rows, ()))

    prices = sensitivity.Prices([outcome(6, 6)], [outcome(1, 5), outcome(4, 3)], by_hand.groups)
    positions = np.array([[np.nan, np.nan, np.nan], [np.nan, np.nan, 1.0]])  # wires at the high end: x 2
    assert prices.ratios(positions) == pytest.approx([12 / 6, (6 + 12) / (4 + 6)])


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((0.8, 0.9), "no gain"),
        ((0.9, 1.1), "open"),
        ((0.9, 0.9999), "open"),
        ((1.1, 1.2), "gain"),
        ((0.9998, 0.9999), "even"),
        (None, "even"),  # the headline is 1
    ],
)
def test_a_gain_that_uncertain_prices_undo_is_none(by_hand, ends, said):
    interval = ends and tuple(SimpleNamespace(value=end) for end in ends)
    assert words.call(bout_of(by_hand, "prefill"), interval) == said


ANCHORED = """\
uncertainty:
  events:
    arithmetic_event: {group: adders, low: 0, high: 2.0, source: by hand}
    noc_event: {group: adders, low: 0.5, high: 3.0, source: by hand}
  leakage:
    sram: {group: leakage, low: 0.1, high: 10, source: by hand}
    register_bit: {group: leakage, low: 0.5, high: 2, source: by hand}
  anchors:
    datapath: {technology: one, groups: [adders], low: 0.5, high: 1.5, source: by hand}
"""


def test_events_of_a_group_move_together_and_an_anchor_multiplies_them(tmp_path):
    (tmp_path / "prices.yaml").write_text(ANCHORED)
    groups = uncertainty.load(tmp_path / "prices.yaml")
    assert [(group.name, group.low, group.high, group.technology) for group in groups] == [
        ("adders", 0.0, 3.0, None),
        ("leakage", 0.1, 10.0, None),
        ("datapath anchor", 0.5, 1.5, "one"),
    ]
    assert [group.name for group in uncertainty.of_technology(groups, "two")] == ["adders", "leakage"]
    rows = {("arithmetic_event", "arithmetic"): (1, 4.0), ("noc_event", "noc"): (1, 6.0), ("other", "noc"): (1, 5.0)}
    side = [SimpleNamespace(bill=Bill(rows, ()))]
    plain = [SimpleNamespace(bill=Bill({("other", "noc"): (1, 1.0)}, ()))]
    positions = np.array([[0.0, np.nan, np.nan], [1.0, np.nan, 1.0], [0.5, np.nan, 0.0]])
    # All low: 4 x 0 + 6 x 0.5. All high, times 1.5. In the middle, linear from 0 and geometric else, times 0.5.
    expected = [3 + 5, (8 + 18) * 1.5 + 5, (4 * 1.0 + 6 * math.sqrt(0.5 * 3)) * 0.5 + 5]
    assert sensitivity.Prices(side, plain, groups).ratios(positions) == pytest.approx(expected)


def test_an_anchor_of_an_unknown_group_is_named(tmp_path):
    (tmp_path / "prices.yaml").write_text(ANCHORED.replace("[adders]", "[adder]"))
    with pytest.raises(UserError, match=r"prices\.yaml:9:\d+: .*datapath\.groups: no group 'adder'"):
        uncertainty.load(tmp_path / "prices.yaml")


def test_break_even_makes_both_bills_equal(by_hand):
    bout = bout_of(by_hand, "prefill")
    sides = bout.identical, bout.spiking_on_the_same
    adders, dram, _ = by_hand.groups
    # Adders times f: rival 12 + 4 f + 20/32, spiking 15 + f + 20/32; equal at f = 1. With DRAM times 2: rival
    # 11 + 4 f + 2 (1 + 20/32), spiking 13 + f + 2 (2 + 20/32): 3 f = 4.
    assert break_even.even(*sides, adders).factor == pytest.approx(1)
    assert break_even.even(*sides, adders, dram, 2.0).factor == pytest.approx(4 / 3)
    [(scale, even)] = break_even.curve(*sides, dram, adders, (2.0,))
    assert (scale, even.factor) == (2.0, pytest.approx(4 / 3))
    assert even[1:] == (bout.best_rival, bout.best_spiking)


def test_sides_choose_anew_at_the_break_even(by_hand):
    """The rival takes 5 + 7 f. One spiking point, 8 + 5 f, is best as stated and would be equal at 1.5; the other one,
    12 + 2 f, is better from 4/3 on and equal at 1.4."""
    adders = by_hand.groups[0]

    def outcome(rest, adding):
        return SimpleNamespace(bill=SimpleNamespace(events_pj=lambda: {"arithmetic_event": adding, "other": rest}))

    rival, near, far = outcome(5, 7), outcome(8, 5), outcome(12, 2)
    assert break_even.even([rival], [near], adders).factor == pytest.approx(1.5)
    assert break_even.even([rival], [near, far], adders) == (pytest.approx(1.4), rival, far)


def test_no_positive_factor_means_no_break_even(by_hand):
    bout = bout_of(by_hand, "resident")
    adders, _, wires = by_hand.groups
    # Wires times f with adders free: rival 11 + f, spiking 13 + 2 f.
    assert break_even.even(bout.identical, bout.spiking_on_the_same, wires, adders, 0.0) is None


def chips_differ(job, _report, chip):
    if dict(job.settings).get("chip.tile.datapath"):
        chip["lanes"] = "64"


def tokens_differ(job, found, _chip):
    if dict(job.settings).get("chip.tile.datapath"):
        found["trace"]["model"] = "another"


def operations_differ(job, found, _chip):
    if dict(job.settings).get("chip.tile.datapath"):
        found["phases"][0]["operations"] = ["q"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (chips_differ, r"chip\.lanes: 48 and 64 \(spikes, macs\)"),
        (tokens_differ, r"trace\.model: by hand and another"),
        (operations_differ, r"operations: k on one side only"),
    ],
)
def test_unlike_things_are_refused_unless_allowed_and_then_said_on_top(world, tmp_path, changes, said):
    store = HandMadeRuns(tmp_path / "unlike", changes)
    with pytest.raises(UserError, match=said):
        study.run(world[0], store)
    blocks = report.build(study.run(world[0], store, allow_different=True)).blocks
    assert re.search(said, blocks[1].text) and blocks[1].warning


def test_the_datapath_and_what_is_searched_may_differ(by_hand):
    assert [bout.differences for bout in by_hand.bouts] == [[], [], []]


def test_the_verdict_says_no_gain_and_what_would_have_to_change(by_hand):
    bout = bout_of(by_hand, "prefill")
    text = words.verdict(Numbers(), bout, by_hand.groups, None)
    assert "**prefill, one: Even: both take the same to 0.05 %.**" in text  # 16 + 20/32 over 16 + 20/32
    # Without rungs 1 and 3 spiking takes 11 + 20/32, the rival 16 + 20/32.
    assert re.search(r"If all spike arithmetic were free, the ratio would be 1\.43", text)
    assert "For a gain one of these would have to change: adders × 1.0000⟦n8⟧, within its uncertainty of × 0.5" in text
    assert words.overall([bout], ["no gain"]).startswith("**No gain in full.**")
    assert words.overall([bout], ["even"]).startswith("**Even: both take the same to 0.05 %.**")
    assert words.overall([bout], ["even"], uncertain=False).endswith("prices were not examined.")


def table_of(found, caption):
    """Rows, as texts, of the report's first table whose caption begins so."""
    tables = [block for block in report.build(found).blocks if getattr(block, "caption", "").startswith(caption)]
    return [[getattr(cell, "shown", cell) for cell in row] for row in tables[0].rows]


# Another spiking method: twice the energy (the count code), and the only one whose perplexity is within the limit.
SECOND = """\
    - name: exact
      side: spiking
      trace: TRACES/spikequant-improved
      set: {chip.spike_code: count}
      perplexity: {method: spikequant-improved, salient: 5.00%}
  readings:
"""


def test_the_headlines_show_the_best_within_the_perplexity_limit_beside_the_best(tmp_path):
    text = compare_world.CONFIG.replace("  readings:\n", SECOND).replace(
        "  samples:", "  perplexity_limit: 40\n  samples:"
    )
    path = write_config(tmp_path, TRACES, text)
    readme = tmp_path / "README.md"
    readme.write_text(readme.read_text().replace("35.57 (26.60", "824.00 (26.60"))
    rows = table_of(study.run(config.load(path), HandMadeRuns(tmp_path / "runs")), "Headlines")
    assert [row[2:5] for row in rows[:2]] == [
        ["all", "spikes (ttfs, token batch 1)", "824.00"],
        ["perplexity up to 40", "exact", "36.90"],
    ]
    assert [row[-1] for row in rows[:2]] == ["1.0000", "0.500"]  # 16 over 16, and over 32


def test_without_a_perplexity_limit_headlines_are_of_all_methods(by_hand):
    rows = table_of(by_hand, "Headlines")
    assert [row[:3] for row in rows] == [[name, "one", "all"] for name in ("resident", "prefill", "decode")]


def test_rivals_on_other_integers_alone_give_no_verdict_and_say_why(world, tmp_path):
    def other_integers(job, found, _chip):
        if dict(job.settings).get("chip.tile.datapath"):
            found["trace"]["sha256"] = "7" * 64

    found = study.run(world[0], HandMadeRuns(tmp_path / "other", other_integers))
    blocks = report.build(found).blocks
    verdict = blocks[[getattr(block, "text", "") for block in blocks].index("Verdict") + 1]
    assert verdict.text.startswith("**No verdict** where no rival runs on the integers of the best spiking chip: ")
    assert "resident at one (spikes (ttfs, token batch 1))" in verdict.text
    assert table_of(found, "Headlines")[0][-3:] == ["none", "-", "-"]
    assert not any(getattr(block, "items", None) == () for block in blocks)


EQUAL_AREA = "  equal_area: {tolerance: 0.01, search: {chip.tile.lanes: [32, 50, 56]}}\n  samples:"


def test_rivals_are_matched_by_area_in_the_size_next_to_the_spiking_chip(tmp_path):
    """50 lanes of 0.06 mm2 are its 3 mm2; leakage, 1 of the rival's 16 pJ at 48 lanes, grows with them."""
    path = write_config(tmp_path, TRACES, compare_world.CONFIG.replace("  samples:", EQUAL_AREA))
    found = study.run(config.load(path), HandMadeRuns(tmp_path / "runs"))
    resident = found.equal_area[0]
    assert (resident.point.labels["chip.tile.lanes"], resident.share) == ("50", pytest.approx(1))
    assert rungs.ratio(resident.outcome.bill, resident.bout.best_spiking.bill) == pytest.approx((15 + 50 / 48) / 16)
    assert table_of(found, "Matched by area")[1][0] == "macs (lanes 50)"


def test_a_rival_that_no_size_brings_to_that_area_is_not_run_and_said(tmp_path):
    text = compare_world.CONFIG.replace("  samples:", EQUAL_AREA.replace("50, ", ""))
    runs = HandMadeRuns(tmp_path / "runs")
    found = study.run(config.load(write_config(tmp_path, TRACES, text)), runs)
    row = table_of(found, "Matched by area")[1]
    # 56 lanes: 3.36 of 3 mm2, nearer than 32.
    assert (row[0], row[-2:]) == ("macs (lanes 56)", ["1.12", "no size within the tolerance"])
    assert not any("chip.tile.lanes" in dict(job.settings) for job in runs.asked)


# Three settings of the spiking method and two of the other; all on the same trace.
SETTINGS = {
    "spikes": [("small", 40.0), ("middle", 30.0), ("large", 25.0)],
    "macs": [("few bits", 35.0), ("many bits", 28.0)],
}


def with_settings(tmp_path):
    """A comparison whose contenders have SETTINGS; perplexities stand in JSON lines."""
    lines = []
    text = compare_world.CONFIG.replace("{file: README.md, column: PPL wikipedia}", "{file: read.jsonl, text: wiki}")
    for name, settings in SETTINGS.items():
        parts = []
        for setting, value in settings:
            where = f"{{method: spikequant-improved, size: {name} {setting}}}"
            parts.append(f"{{name: {setting}, trace: TRACES/spikequant-improved, perplexity: {where}}}")
            for of, factor in (("wiki", 1), ("news", 2)):
                options = {"size": f"{name} {setting}"}
                reading = {
                    "method": "spikequant-improved",
                    "options": options,
                    "text": of,
                    "perplexity": factor * value,
                }
                lines.append(json.dumps(reading | {"low": value - 1, "high": value + 1}))
        block = f"    - name: {name}\n"
        head, _, rest = text.partition(block)
        own = re.sub(r"      (trace|perplexity): .*\n", "", rest, count=2)
        text = head + block + f"      settings: [{', '.join(parts)}]\n" + own
    path = write_config(tmp_path, TRACES, text.replace("contender: spikes", "contender: 'spikes, small'"))
    path.write_text(path.read_text().replace("rivals: [macs]", "rivals: ['macs, few bits']"))
    (tmp_path / "read.jsonl").write_text("\n".join(lines) + "\n")
    return path


def test_settings_of_a_method_are_contenders_with_perplexities_of_their_own(tmp_path):
    found = study.run(config.load(with_settings(tmp_path)), HandMadeRuns(tmp_path / "runs"))
    wanted = {f"{name}, {setting}": value for name, settings in SETTINGS.items() for setting, value in settings}
    assert {name: perplexity.value for name, perplexity in found.perplexities.items()} == wanted
    assert {one.method for one in found.comparison.contenders} == set(SETTINGS)


def entry(side, method, pj, perplexity):
    """What fronts know of an outcome."""
    contender = SimpleNamespace(side=side, method=method, name=f"{method} {perplexity}")
    return SimpleNamespace(pj=pj, point=SimpleNamespace(contender=contender)), SimpleNamespace(value=perplexity)


def test_fronts_hold_what_nothing_beats_in_both_and_rivals_match_at_no_worse_perplexity():
    spikes = [entry(SPIKING, "s", pj, value) for pj, value in ((10, 40), (12, 30), (13, 35), (20, 25))]
    rivals = [entry(RIVAL, "m", 9, 41), entry(RIVAL, "m", 11, 30), entry(RIVAL, "n", 30, 28)]
    assert [one.pj for one, _ in fronts.front(spikes)] == [10, 12, 20]  # 13 at 35 is beaten by 12 at 30
    assert [one.pj for one, _ in fronts.front(spikes + rivals)] == [9, 10, 11, 20]
    assert list(fronts.by_method(spikes + rivals)) == ["s", "m", "n"]
    pairs = [(spiking[0].pj, rival and rival[0].pj) for spiking, rival in fronts.matched(spikes + rivals)]
    assert pairs == [(10, 11), (12, 11), (20, None)]
    within = fronts.cheapest_within([*rivals, entry(RIVAL, "n", 31, 20)], 30)
    assert {method: found and found[0].pj for method, found in within.items()} == {"m": 11, "n": 30}
    assert fronts.cheapest_within(rivals, 29)["m"] is None


def test_the_report_tells_fronts_apart_and_matches_by_perplexity(tmp_path):
    """Every setting runs on the same trace here, so that all spend alike: 16 pJ a token either side."""
    found = study.run(config.load(with_settings(tmp_path)), HandMadeRuns(tmp_path / "runs"))
    lowest = {"spikes, large": ("yes", "yes"), "macs, many bits": ("yes", "-")}
    rows = table_of(found, "Energy and perplexity: resident")
    assert {row[0]: tuple(row[-2:]) for row in rows} == {
        f"{name}, {setting}": lowest.get(f"{name}, {setting}", ("-", "-"))
        for name, settings in SETTINGS.items()
        for setting, _ in settings
    }
    matched = table_of(found, "Matched by perplexity: resident")
    assert [row[1:] for row in matched] == [["25.00", "16.00 pJ", "none", "-", "-", "-"]]


def test_the_report_says_what_the_cheapest_rival_of_no_higher_perplexity_takes(tmp_path):
    """16 pJ a token either side: the ratio is 1, where a rival's perplexity is no higher than 25."""
    path = with_settings(tmp_path)
    comparison, runs = config.load(path), HandMadeRuns(tmp_path / "runs")
    found = study.run(comparison, runs)
    lead = "**resident, one**: "
    assert f"{lead}no rival reaches the perplexity of a point of the spiking front." in sentences_of(found)
    lines = (tmp_path / "read.jsonl").read_text()
    (tmp_path / "read.jsonl").write_text(lines.replace('"perplexity": 28.0', '"perplexity": 24.0'))
    found = study.run(comparison, runs)
    said = (
        "at no higher perplexity the cheapest rival takes 1.0000 (perplexity 25.0) times the energy of spikes; spikes"
    )
    assert f"{lead}{said} take less at 0 of the 1 points of their front." in sentences_of(found)
    rows = table_of(found, "Each method's cheapest setting up to that perplexity, over spiking energy: resident")
    assert rows == [["spikes, large", "25.00", "1.0000"]]


def sentences_of(found):
    """Every bullet of a report, without the marks of ids."""
    items = [item for block in report.build(found).blocks for item in getattr(block, "items", ())]
    return [re.sub("⟦.*?⟧", "", item) for item in items]


FRONT_EXPORT = re.compile(r" export --method (\S+) (.*?)--layers 15 --tokens 32 --decode 128 (.*?)-o (\S+)")


def test_make_front_exports_every_setting_of_the_committed_comparison_as_its_perplexity_is_read():
    """The config itself needs traces that are not committed: what it names is compared with what make would run."""
    made = subprocess.run(["make", "-n", "front"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    exported = {}
    for method, options, windows, folder in FRONT_EXPORT.findall(made):
        assert windows == "--calibration-windows 2 "
        words_of = options.replace("--", "").replace("-", "_").split()
        exported[folder] = {"method": method} | dict(zip(words_of[::2], map(float, words_of[1::2]), strict=True))
    text = (ROOT / "configs" / "experiments" / "compare_settings.yaml").read_text()
    named = {}
    for one in yaml.safe_load(text)["compare"]["contenders"]:
        named |= {
            setting["trace"].removeprefix("../../"): setting["perplexity"] for setting in one.get("settings", [one])
        }
    assert named.keys() == exported.keys()
    lines = [json.loads(line) for line in (ROOT / "plots" / "example" / "settings.jsonl").read_text().splitlines()]
    for folder, where in named.items():
        assert exported[folder].items() <= where.items()
        reading = [one for one in lines if {"method": one["method"], **one["options"]}.items() >= where.items()]
        assert [one["windows"] for one in reading] == [2], folder


def test_a_setting_without_its_perplexity_is_refused(tmp_path):
    path = with_settings(tmp_path)
    path.write_text(path.read_text().replace(", perplexity: {method: spikequant-improved, size: spikes middle}", ""))
    with pytest.raises(UserError, match=r"settings\[1\]\.perplexity: missing key"):
        config.load(path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{}", r"read\.jsonl:1: no reading of `spikeloom perplexity --json`"),
        ("[", r"read\.jsonl:1: no reading"),
        ('{"method": "spikes", "options": 3, "text": "wiki"}', r"read\.jsonl:1: no reading"),
        ('{"text": "news"}', r"read\.jsonl: no reading on the text 'wiki'"),
    ],
)
def test_what_is_no_reading_of_a_perplexity_is_refused(tmp_path, line, said):
    path = with_settings(tmp_path)
    (tmp_path / "read.jsonl").write_text(line + "\n")
    with pytest.raises(UserError, match=said):
        study.run(config.load(path), HandMadeRuns(tmp_path / "runs"))


def test_a_figure_of_fronts_names_methods_and_settings(tmp_path):
    found = study.run(config.load(with_settings(tmp_path)), HandMadeRuns(tmp_path / "runs"))
    bout = bout_of(found, "resident")
    entries = [(one, found.perplexities[one.point.contender.name]) for one in (*bout.rows, *bout.rivals)]
    axes = compare_front.draw(bout, entries, "perplexity of wiki", "by hand", False).axes[-1]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["spikes", "macs"]
    assert {text.get_text() for text in axes.texts} <= {name for some in SETTINGS.values() for name, _ in some}


REFINE = "  refine: {chip.mapping.placement: [near_memory, snake]}\n  samples:"


def test_the_best_points_run_again_in_other_placements_and_each_side_takes_its_best(tmp_path):
    """The snake spares the rival its network, 1 of 16 pJ, and doubles that of spikes, 2 of 16."""
    path = write_config(tmp_path, TRACES, compare_world.CONFIG.replace("  samples:", REFINE))
    runs = HandMadeRuns(tmp_path / "runs")
    bout = bout_of(study.run(config.load(path), runs), "resident")
    assert (bout.headline, bout.best_rival.point.called()) == (pytest.approx((16 - 1) / 16), "macs (snake)")
    assert "snake" not in bout.best_spiking.point.called()
    snakes = [one for one in bout.ran if one.point.labels.get("chip.mapping.placement") == "snake"]
    assert sorted(one.point.called() for one in snakes) == [
        "macs (snake)",
        "spikes (count, token batch 1, snake)",
        "spikes (ttfs, token batch 1, snake)",
    ]


def test_what_is_refined_may_differ_between_chips_and_nothing_else(tmp_path):
    path = write_config(tmp_path, TRACES, compare_world.CONFIG.replace("  samples:", REFINE))
    assert not [
        bout.differences
        for bout in study.run(config.load(path), HandMadeRuns(tmp_path / "runs")).bouts
        if bout.differences
    ]


LONG = "a name of a contender that is much longer than the space that labels have, and goes on and on and on"


def test_labels_of_bars_are_whole_and_inside_the_figure(tmp_path):
    path = write_config(
        tmp_path,
        TRACES,
        compare_world.CONFIG.replace("name: spikes", f'name: "{LONG}"').replace(
            "contender: spikes", f'contender: "{LONG}"'
        ),
    )
    bout = bout_of(study.run(config.load(path), HandMadeRuns(tmp_path / "runs")), "prefill")
    with matplotlib.rc_context(style.SETTINGS):
        picture = compare_bars.draw(bout, "origin", False)
        renderer = FigureCanvasAgg(picture).get_renderer()
        labels = picture.axes[0].get_yticklabels()
        boxes = [label.get_window_extent(renderer) for label in labels]
    assert " ".join(labels[0].get_text().split()) == f"{LONG} (ttfs, token batch 1)"
    assert all(box.x0 >= 0 for box in boxes)
    assert all(above.y0 >= below.y1 for above, below in zip(boxes, boxes[1:], strict=False))


PREFILL_ONLY = re.sub(r"    (resident|decode): .*\n", "", compare_world.CONFIG).replace("[resident]", "[prefill]")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Folder with `one` and `two`, the same report written twice, and `runs`."""
    folder = tmp_path_factory.mktemp("written")
    comparison = config.load(write_config(folder, TRACES, PREFILL_ONLY))
    for name in ("one", "two"):
        (folder / name).mkdir()
        command.write(report.build(study.run(comparison, HandMadeRuns(folder / "runs"))), folder / name, comparison)
    return folder


def numbers_of(written):
    return json.loads((written / "one" / "numbers.json").read_text())["numbers"]


def test_the_same_report_twice_gives_the_same_bytes_without_paths_and_links(written):
    first, second = ({path.name: path.read_bytes() for path in (written / name).iterdir()} for name in ("one", "two"))
    assert first == second
    assert {"report.html", "report.md", "numbers.json", "tornado_prefill_one.svg"} <= first.keys()
    for name in ("report.html", "report.md", "numbers.json"):
        assert str(written).encode() not in first[name]
        assert b"http://" not in first[name] and b"https://" not in first[name] and b"None" not in first[name]


def test_one_technology_has_no_network_dearer_than_anothers(written):
    assert "for the same flits" not in (written / "one" / "report.md").read_text()


def test_every_cell_and_sentence_number_can_be_explained(written):
    page = (written / "one" / "report.html").read_text()
    assert set(re.findall(r'<td class="n" id="([^"]+)"', page)) <= numbers_of(written).keys()
    assert set(re.findall(r'<sup id="([^"]+)"', page)) <= numbers_of(written).keys()
    for identity in numbers_of(written):
        assert explain.explain(written / "one", identity, written / "runs").startswith(f"{identity} = ")


def test_an_explanation_shows_counters_prices_and_files(written):
    first_rung = "rival over spiking energy, rungs 1 to 1:"
    identity = next(name for name, entry in numbers_of(written).items() if entry["what"].startswith(first_rung))
    text = explain.explain(written / "one", identity, written / "runs")
    assert re.search(r"arithmetic_event +arithmetic +1,280 +0\.1 +4\n", text)  # 32 tokens of the rival
    assert "mac-prefill32-32-ttfs-1/energy.csv" in text


OF_OTHERS = [("run", "report.json"), ("noc", "noc.json"), ("explore", "study.json"), ("steps", "points.csv")]


@pytest.mark.parametrize(("other", "name"), OF_OTHERS)
def test_results_of_another_command_stay_as_they_are(tmp_path, other, name):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("{}")
    path = write_config(tmp_path, TRACES, PREFILL_ONLY)
    options = command.CompareOptions(path, tmp_path / "out", tmp_path / "store", Path("none"), 1, False, None)
    with pytest.raises(
        UserError, match=rf"out: holds the results of `spikeloom {other}`; choose another folder with -o"
    ):
        command.compare(options)
    assert [each.name for each in (tmp_path / "out").iterdir()] == [name]


def test_a_report_of_other_values_is_not_explained(written, tmp_path):
    """Comments do not count; the files that a configuration names do."""
    here = write_config(tmp_path, TRACES, PREFILL_ONLY)
    explain.require_report_of(here, written / "one")
    here.write_text(here.read_text() + "# a comment\n")
    runs.configuration.cache_clear()
    explain.require_report_of(here, written / "one")
    (tmp_path / "chip.yaml").write_text("chip: {name: another}\n")
    runs.configuration.cache_clear()
    with pytest.raises(UserError, match=r"one: this report was made from another configuration than .*compare\.yaml"):
        explain.require_report_of(here, written / "one")


def test_a_report_of_other_perplexities_is_not_explained(written, tmp_path):
    """Of the file only the table counts."""
    here = write_config(tmp_path, TRACES, PREFILL_ONLY)
    table = tmp_path / "README.md"
    table.write_text("Words around the table.\n" + table.read_text())
    runs.configuration.cache_clear()
    explain.require_report_of(here, written / "one")
    table.write_text(table.read_text().replace("35.57", "35.58"))
    runs.configuration.cache_clear()
    with pytest.raises(UserError, match="made from another configuration"):
        explain.require_report_of(here, written / "one")


@pytest.mark.parametrize("identity", ["", " "])
def test_an_empty_id_runs_nothing(written, tmp_path, identity):
    options = command.CompareOptions(
        written / "compare.yaml", tmp_path / "out", tmp_path / "store", Path("none"), 1, False, identity
    )
    with pytest.raises(UserError, match=r"^--explain: the id is empty; ids stand in the report, such as T3\.1\.2$"):
        command.compare(options)


def test_an_unknown_id_is_named(written):
    with pytest.raises(UserError, match="no number 'T99.1.1'"):
        explain.explain(written / "one", "T99.1.1", written / "runs")


BAD = [
    ("  seed: 1\n", "  seed: one\n", r"compare\.yaml:15:9: compare\.seed: expected a whole number"),
    ("  seed: 1\n", "  seed: 1\n  sead: 2\n", r"compare\.yaml:16:9: compare\.sead: unknown key, 'seed' may be meant"),
    ("  seed: 1\n", "  seed: 1\n  seed: 2\n", r"compare\.yaml:16:3: compare\.seed: repeated key"),
    ("  regimes:\n", "  regimse:\n", r":7:\d+: compare\.regimse: unknown key, and 'regimes' is missing; is it meant\?"),
    ("  layer: 15\n", "", r"compare\.yaml:2:3: compare\.layer: missing key"),
    (
        "side: spiking",
        "side: spikes",
        r":18:13: compare\.contenders\[0\]\.side: 'spikes' is unknown \(allowed: spiking, multi",
    ),
    ("chip: chip.yaml", "chip: none.yaml", r":3:9: compare\.chip: no such file or folder"),
    ("rungs: [1, 2]", "rungs: [0]", r"compare\.readings\[0\]\.rungs: 0 is out of range \(allowed 1\.\.9\)"),
    ("rivals: [macs]", "rivals: [mac]", r"rivals: 'mac' is not a contender of side multiply_accumulate"),
    ("name: macs", "name: spikes", r"two contenders are called 'spikes'"),
    ("case: decode128", "case: decode7", r"no layer 15 of case 'decode7' \(cases: prefill32, decode128"),
    ("tokens: 16", "tokens: 17", r"resident needs 34 tokens"),
    ("decode: {case: decode128}", "decode: {case: prefill32}", r"decode is one token, case 'prefill32' of .* has 32"),
    ("side: multiply_accumulate", "side: spiking", r"side: must be multiply_accumulate: it sets chip\.tile\.datapath"),
    ("rows: [chip.spike_code]", "rows: [chip.payload]", r"rows: 'chip\.payload' is not searched"),
    ("technologies: [one]", "technologies: [two]", r"reading 'four times less': no 'two' here \(there are one\)"),
    ("salient: 5.00%", "salient: 6.00%", r"README\.md: 0 perplexities have method spikequant-improved, salient 6.00%"),
    (
        "{method: spikequant-improved, salient: 5.00%}",
        "{method: atom}",
        r"compare\.yaml: contender 'macs': its perplexity is read of method atom, but .* was exported with",
    ),
    (
        "  perplexity: {file: README.md, column: PPL wikipedia}\n",
        "",
        r"contenders: some name a perplexity, but the comp",
    ),
    (
        "  perplexity: {file: README.md, column: PPL wikipedia}\n",
        "  perplexity_limit: 40\n",
        r"perplexity_limit: needs a",
    ),
    ("  seed: 1\n", "  seed: [\n", r"compare\.yaml:\d+:\d+: not YAML"),
]


@pytest.mark.parametrize(("old", "new", "said"), BAD)
def test_a_mistake_is_named_with_its_place(tmp_path, old, new, said):
    assert old in compare_world.CONFIG
    path = write_config(tmp_path, TRACES, compare_world.CONFIG.replace(old, new, 1))
    with pytest.raises(UserError, match=said):
        study.run(config.load(path), HandMadeRuns(tmp_path / "runs"))


def test_the_example_of_the_schema_is_read(tmp_path):
    text = (ROOT / "sim" / "compare" / "README.md").read_text()
    example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL).group(1).replace("../..", str(ROOT))
    (tmp_path / "example.yaml").write_text(example)
    assert [one.name for one in config.load(tmp_path / "example.yaml").contenders] == ["spiking", "adder tree"]


def test_the_committed_comparison_is_read():
    assert config.load(ROOT / "configs" / "experiments" / "compare_smollm2.yaml").side(SPIKING)


def test_sides_are_told_apart(by_hand):
    bout = bout_of(by_hand, "decode")
    assert {one.point.contender.name for one in bout.side(SPIKING)} == {"spikes"}
    assert {one.point.contender.name for one in bout.side(RIVAL)} == {"macs"}
