"""Figures of a results folder: what they show adds up, and bad files are named with a remedy."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from spikeloom import UserError
from spikeloom.__main__ import main as command_line
from spikeloom.plots import latency, mesh_heatmap, power_over_time, render, roofline, stalls, style
from spikeloom.plots import results as results_module

ROOT = Path(__file__).resolve().parents[2]
GROUPS = tuple(style.GROUPS)
SILENT = ("dequantize_and_requantize", "vector_unit")
CYCLES, WINDOW, PHASE_BEGIN = 1050, 100, 420
FILES = ["report.json", "energy.csv", "windows.csv"]
RESOLVED = """
chip:
  memory_nodes:
    - {router: [0, 1], port: west}
    - router:
        - 1
        - 0
      port: north
"""


def spent(window):
    """Energy in pJ by group of one window; the window that begins at 700 spends nothing."""
    groups = [group for group in GROUPS if group not in SILENT]
    return {} if window == 7 else {group: (i + 1) * (window + 1) * 10.0 for i, group in enumerate(groups)}


def window_rows():
    """Rows of windows.csv; the phase changes inside the window that begins at 400."""
    for window in range(-(-CYCLES // WINDOW)):
        parts = [(0, 0.2), (1, 0.8)] if window == PHASE_BEGIN // WINDOW else [(int(window > 4), 1.0)]
        for phase, part in parts:
            for group, energy in spent(window).items():
                yield [window * WINDOW, phase, "chip.tile_0_0", "event", group, 1, repr(energy * part)]


def total_by_group(phase=None):
    totals = dict.fromkeys(GROUPS, 0.0)
    for _begin, row_phase, _block, _event, group, _count, energy in window_rows():
        totals[group] += float(energy) if phase in (None, row_phase) else 0
    return totals


def phase_report(operations, begin, end, number):
    return {
        "operations": operations,
        "begin_cycle": begin,
        "end_cycle": end,
        "cycles": end - begin,
        "energy_pj": total_by_group(number),
        "tile_cycles": dict.fromkeys(style.STATES, end - begin) | {"rows_added": 3},
        "roofline": {
            "additions_per_cycle": 30.0,
            "bounds": {
                "lanes": 400.0,
                "weight_sram": 350.0,
                "mesh": 60.0,
                "kv_cache": None,
                "encoders": 40.0,
                "dram": None,
            },
            "lowest_bound": "encoders",
            "reached": 0.75,
        },
    }


def vector_phase():
    phase = phase_report(["norm"], CYCLES, CYCLES, 2)
    del phase["roofline"]
    return phase


def report(synthetic=False):
    """A chip of 2 x 2 tiles with two memory nodes."""
    groups = total_by_group()
    busy = {"idle": CYCLES - 300, "busy": 200, "stalled_input": 100, "stalled_output": 0}
    tiles = [(x, y) for y in range(2) for x in range(2)]
    blocks = [f"tile_{x}_{y}.{kind}" for x, y in tiles for kind in ("synapse_array", "neuron_array")]
    blocks += [f"memory_{i}.{kind}" for i in range(2) for kind in ("dram", "encoder_0", "encoder_1")]
    links = ["link_0_0_east", "link_1_0_west", "link_0_0_south", "link_0_1_north", "link_1_0_south"]
    links += [f"{place}.{way}" for place in ("memory_0", "memory_1") for way in ("inject", "eject")]
    return {
        "format": "spikeloom-report",
        "version": 1,
        "synthetic": synthetic,
        "trace": {"model": "a model", "layer": 3, "tokens": 2},
        "chip": {
            "name": "small",
            "width": 2,
            "height": 2,
            "clock_mhz": 500.0,
            "payload": "address_events",
            "arithmetic": "ttfs",
        },
        "technology": "22nm",
        "time": {"cycles": CYCLES, "us": CYCLES / 500},
        "energy": {
            "total_pj": sum(groups.values()),
            "per_token_pj": sum(groups.values()) / 2,
            "groups_pj": groups,
        },
        "phases": [
            phase_report(["q", "k", "v"], 1, PHASE_BEGIN, 0),
            phase_report(["down"], PHASE_BEGIN, CYCLES, 1),
            vector_phase(),
        ],
        "activity_cycles": {f"chip.{block}": busy for block in blocks},
        "link_flits": {f"chip.{link}": 100 * i for i, link in enumerate(links)},
    }


def write_rows(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def write_run(directory, synthetic=False):
    (directory / "report.json").write_text(json.dumps(report(synthetic)), encoding="utf-8")
    (directory / "resolved.yaml").write_text(RESOLVED, encoding="utf-8")
    write_rows(directory / "windows.csv", results_module.WINDOW_COLUMNS, window_rows())
    rows = [["chip.tile_0_0", "event", group, 1, 1, repr(pj)] for group, pj in total_by_group().items()]
    write_rows(directory / "energy.csv", results_module.ENERGY_COLUMNS, rows)
    return directory


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return results_module.load(write_run(tmp_path_factory.mktemp("run")))


def texts(picture):
    """Every text of a figure."""
    return [text.get_text() for text in picture.findobj(lambda artist: hasattr(artist, "get_text"))]


def test_all_figures_are_written_and_named_and_the_same_again(run, capsys):
    assert command_line(["plot", str(run)]) == 0
    pictures = sorted(run.glob("*.png"))
    assert sorted(capsys.readouterr().out.split()) == [str(path) for path in pictures]
    assert [path.name for path in pictures] == sorted(render.FIGURES)
    before = [path.read_bytes() for path in pictures]
    assert all(data.startswith(b"\x89PNG") for data in before)
    assert render.main(str(run)) == [run / name for name in render.FIGURES]
    assert [path.read_bytes() for path in pictures] == before


@pytest.mark.parametrize("most_bins", [1, 2, 3, 11, 1500])
def test_power_times_time_is_the_energy_of_every_group(results, most_bins):
    edges_us, power_mw = power_over_time.power_bins(results, most_bins)
    assert len(power_mw) == len(edges_us) - 1 <= most_bins
    assert edges_us[-1] == pytest.approx(CYCLES / 500)
    energy_pj = (power_mw * np.diff(edges_us)[:, None]).sum(axis=0) * 1e3
    assert energy_pj == pytest.approx([results.energy_pj[group] for group in results.groups], rel=1e-9)
    assert energy_pj.sum() == pytest.approx(results.total_pj, rel=1e-6)


def test_power_of_a_window_is_its_energy_over_its_length(results):
    edges_us, power_mw = power_over_time.power_bins(results)
    assert edges_us[:3] == pytest.approx([0, 0.2, 0.4])
    # Leakage spends 10 pJ in the first 0.2 us, 50 pJ in the window of two phases, 110 pJ in the last 0.1 us.
    leakage = power_mw[:, results.groups.index("leakage")]
    assert leakage[[0, 4, 7, 10]] == pytest.approx([0.05, 0.25, 0, 1.1])


def test_every_energy_group_of_the_simulator_has_a_colour():
    header = (ROOT / "sim/base/energy_events.h").read_text(encoding="utf-8")
    names = re.search(r"kEnergyGroupNames = \{(.*?)\}", header, re.DOTALL)[1]
    assert set(re.findall(r'"(\w+)"', names)) == set(style.GROUPS)
    assert len({colour for _label, colour in style.GROUPS.values()}) == len(style.GROUPS)


def test_every_state_of_the_simulator_has_a_colour():
    header = (ROOT / "sim/base/activity.h").read_text(encoding="utf-8")
    names = re.search(r"kActivityNames = \{(.*?)\}", header, re.DOTALL)[1]
    assert set(re.findall(r'"(\w+)"', names)) == set(style.STATES)


@pytest.mark.parametrize("name", render.FIGURES)
def test_synthetic_data_is_labelled_in_every_figure(results, name):
    synthetic = replace(results, report=results.report | {"synthetic": True})
    assert "SYNTHETIC DATA" in texts(render.FIGURES[name](synthetic))
    assert "SYNTHETIC DATA" not in texts(render.FIGURES[name](results))


def test_silent_groups_are_named_and_not_drawn(results):
    shown = texts(render.FIGURES["energy_breakdown.png"](results))
    assert any("nothing spent" in text and "vector unit" in text for text in shown)
    assert "vector unit" not in shown
    assert "DRAM" in shown


def test_rooflines_show_what_was_reached_and_the_bounds_of_phases_of_spikes(results):
    picture = roofline.draw(results)
    bounds, states = picture.axes
    assert [label.get_text() for label in bounds.get_yticklabels()] == ["q, k, v", "down"]
    assert [bar.get_width() for bar in bounds.patches] == [40.0, 30.0] * 2  # up to the lowest bound, reached
    assert [line.get_xdata()[0] for line in bounds.lines] == [400.0, 350.0, 60.0, 40.0] * 2
    assert texts(picture).count("75.0 % of the\nbound by encoders") == 2
    assert sum(bar.get_width() for bar in states.patches) == pytest.approx(2)


def test_the_rooflines_legends_lie_within_the_figure(results):
    picture = roofline.draw(results)
    renderer = FigureCanvasAgg(picture).get_renderer()
    for legend in picture.legends:
        extent = legend.get_window_extent(renderer)
        assert picture.bbox.x0 <= extent.x0 and extent.x1 <= picture.bbox.x1


def test_blocks_are_sorted_by_row_and_their_cycles_add_up(results):
    kinds = stalls.blocks_by_kind(results.report["activity_cycles"])
    assert [label for label, _ in kinds["synapse_array"]] == ["tile 0,0", "tile 1,0", "tile 0,1", "tile 1,1"]
    assert [label for label, _ in kinds["encoder"]][:2] == ["memory 0, port 0", "memory 0, port 1"]
    assert all(sum(states.values()) == CYCLES for blocks in kinds.values() for _, states in blocks)


def test_encoders_of_tiles_are_blocks_too():
    assert list(stalls.blocks_by_kind({"chip.tile_2_1.encoder": {}})) == ["encoder"]


def test_memory_nodes_stand_at_their_ports(results):
    picture = mesh_heatmap.draw(results)
    places = {text.get_text(): text.get_position() for text in picture.axes[0].texts}
    assert places["memory 0\nDRAM\nbusy 19 %"] == (-1, 1)
    assert places["memory 1\nDRAM\nbusy 19 %"] == (1, -1)


def test_mesh_without_configuration_says_what_is_missing(run):
    (run / "resolved.yaml").unlink()
    shown = texts(mesh_heatmap.draw(results_module.load(run)))
    assert any("resolved.yaml" in text for text in shown)


@pytest.mark.parametrize(
    ("pj", "text"),
    [
        (0.5, "0.5000 pJ"),
        (334.72, "334.7 pJ"),
        (999.96, "1.000 nJ"),
        (2.12284e8, "212.3 µJ"),
        (3e15, "3000 J"),
    ],
)
def test_energies_have_four_digits_and_a_unit(pj, text):
    assert style.energy(pj) == text


@pytest.mark.parametrize(("part", "text"), [(0, "0.0 %"), (1e-6, "<0.1 %"), (0.766, "76.6 %"), (1, "100.0 %")])
def test_shares_never_hide_a_small_part(part, text):
    assert style.share(part) == text


def rewrite(old, new):
    def change(path):
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


BAD_FILES = {
    "not JSON": ("report.json", rewrite("{", "{,"), "report.json:1: not JSON"),
    "not UTF-8": ("report.json", lambda path: path.write_bytes(b"\xff"), "not UTF-8"),
    "another format": ("report.json", rewrite("spikeloom-report", "other"), "not a report of spikeloom"),
    "another version": ("report.json", rewrite('"version": 1', '"version": 2'), "version 2"),
    "missing key": ("report.json", rewrite('"cycles"', '"c"'), "time.cycles is missing"),
    "no cycles": ("report.json", rewrite(f'"cycles": {CYCLES}', '"cycles": 0'), "time.cycles is 0"),
    "phase without a key": ("report.json", rewrite("begin_cycle", "b"), "phases[0].begin_cycle is missing"),
    "roofline without a key": ("report.json", rewrite("lowest_bound", "b"), "phases[0].roofline.lowest_bound"),
    "text for a number": (
        "report.json",
        rewrite('"busy": 200', '"busy": "x"'),
        "activity_cycles.chip.tile_0_0",
    ),
    "unknown group": ("report.json", rewrite('"noc"', '"nic"'), "'nic' has no colour"),
    "other columns": ("energy.csv", rewrite("unit_pj", "unit"), "energy.csv:1: the header must be"),
    "empty table": ("windows.csv", lambda path: path.write_text(""), "windows.csv:1: the header must be"),
    "not a number": ("energy.csv", rewrite(",1,1,", ",1,1,x"), "energy.csv:2: cannot be read"),
    "cut row": ("windows.csv", rewrite(",1,1", "\n"), "windows.csv:"),
    "group of another chip": (
        "windows.csv",
        rewrite("leakage", "leak"),
        "windows.csv:2: energy group 'leak'",
    ),
    "window after the end": ("windows.csv", rewrite("1000,", f"{CYCLES},"), "windows must begin"),
    "another run's energy": ("energy.csv", rewrite(",1,1,", ",1,1,9"), "different runs"),
    "another run's windows": ("windows.csv", rewrite("dram,1,", "dram,1,9"), "different runs"),
    "not YAML": ("resolved.yaml", rewrite("chip:", "chip: ]"), "resolved.yaml: not YAML"),
    "no memory nodes": ("resolved.yaml", rewrite("memory_nodes", "nodes"), "chip.memory_nodes"),
    "no such port": ("resolved.yaml", rewrite("west", "up"), "no edge port"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_malformed_files_are_user_errors_with_file_and_remedy(run, case):
    name, change, message = BAD_FILES[case]
    change(run / name)
    with pytest.raises(UserError) as error:
        render.main(str(run))
    assert message in str(error.value)
    assert str(error.value).startswith(str(run / name))
    assert "spikeloom run" in str(error.value)
    assert "\n" not in str(error.value)
    assert not list(run.glob("*.png"))


@pytest.mark.parametrize("name", FILES)
def test_missing_files_are_user_errors(run, name):
    (run / name).unlink()
    with pytest.raises(UserError, match=f"{name}: .*spikeloom run"):
        render.main(str(run))


@pytest.mark.skipif(not (ROOT / "results/demo/report.json").is_file(), reason="the demo has not been run")
def test_demo_is_drawn_from_its_own_numbers():
    demo = results_module.load(ROOT / "results/demo")
    edges_us, power_mw = power_over_time.power_bins(demo)
    energy_pj = (power_mw * np.diff(edges_us)[:, None]).sum() * 1e3
    assert energy_pj == pytest.approx(demo.total_pj, rel=1e-6)
    assert len(demo.memory_nodes) == 2


NOC_HEAD = {"name": "n", "network": "8x8 mesh", "routing": "odd_even", "vcs_per_class": 2}


def test_latency_figure_shows_the_curve_and_leaves_out_saturated_points(tmp_path):
    rows = [
        {"offered": 0.1, "accepted": 0.1, "latency": 20.0, "deviation": 0.1, "saturated": False},
        {"offered": 0.5, "accepted": 0.25, "latency": None, "deviation": None, "saturated": True},
        {"offered": 0.001, "accepted": 0.0, "latency": None, "deviation": None, "saturated": False},  # no packet
    ]
    content = NOC_HEAD | {"pattern": "uniform", "synthetic": True, "packet_flits": 4, "rates": rows}
    (tmp_path / "noc.json").write_text(json.dumps(content))
    picture = latency.draw(latency.load(tmp_path))
    curves, throughput = picture.axes
    assert picture.texts[1].get_text().startswith("8x8 mesh, odd_even, 2 virtual channels; SYNTHETIC traffic: uniform")
    assert [list(line.get_xdata()) for line in curves.get_lines()][0] == [0.1]
    assert list(throughput.get_lines()[0].get_ydata()) == [0.0, 0.1, 0.25]
    assert render.main(tmp_path) == [tmp_path / "latency.png"]
    assert (tmp_path / "latency.png").stat().st_size > 1000


def test_recorded_traffic_is_drawn_by_class_beside_the_recording(tmp_path):
    rows = [
        {"class": "weights", "latency": 20.0, "recorded_latency": 30.0},
        {"class": "all", "latency": 25.0, "recorded_latency": 24.0},
    ]
    recording = {"chip": "c", "workload": "layer 3 of m, 1 token"}
    content = NOC_HEAD | {"pattern": "recorded", "synthetic": False, "recording": recording, "classes": rows}
    (tmp_path / "noc.json").write_text(json.dumps(content))
    picture = latency.draw(latency.load(tmp_path))
    assert [bar.get_width() for bar in picture.axes[0].patches] == [20.0, 25.0, 30.0, 24.0]
    texts = [text.get_text() for text in picture.texts]
    assert texts[1] == "8x8 mesh, odd_even, 2 virtual channels per class; recorded traffic: c, layer 3 of m, 1 token"
    assert "SYNTHETIC DATA" not in texts


def test_a_file_that_is_no_measurement_is_refused(tmp_path):
    (tmp_path / "noc.json").write_text("{}")
    with pytest.raises(UserError, match=r"not written by `spikeloom noc`"):
        latency.load(tmp_path)
