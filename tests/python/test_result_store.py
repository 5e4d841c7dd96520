"""Kept results: what they follow from, and that nothing is made twice or half."""

import csv
import json
import multiprocessing
import os
import signal
import time

import pytest
import yaml
from small_study import EXPERIMENT, PROGRAM, ROOT, needs_program

from spikeloom import UserError
from spikeloom.store import program as programs
from spikeloom.store.bill import bill
from spikeloom.store.result_store import ResultStore
from spikeloom.store.simulation import PRICE_ONLY, simulation, simulation_identity

# For each path that changes no cycle and no count: another value.
OTHERS = {
    "experiment.name": {"experiment.name": "other"},
    "experiment.window_cycles": {"experiment.window_cycles": "77"},
    "technology": {"experiment.energy": str(ROOT / "configs/energy/45nm.yaml")},
    "chip.name": {"chip.name": "other"},
    "chip.network.link_length_mm": {"chip.network.link_length_mm": "2.5"},
    "chip.memory_node.global_buffer.bytes": {"chip.memory_node.global_buffer.bytes": "1048576"},
    "chip.memory_node.dram.device.currents": {"chip.memory_node.dram.device.currents.rails.1.idd4r": "300"},
    "chip.encoder.main_bytes": {"chip.encoder.main_bytes": "4096"},
    "chip.encoder.side_bytes": {"chip.encoder.side_bytes": "4096"},
    "chip.encoder.index_bytes": {"chip.encoder.index_bytes": "32768"},
}


@pytest.fixture
def experiment(tmp_path):
    """An experiment with operations of spikes and of the vector unit."""
    content = EXPERIMENT | {
        "workload": EXPERIMENT["workload"] | {"operations": ["attention_norm", "attention_input", "o"]}
    }
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture
def store(tmp_path):
    return ResultStore(tmp_path / "store")


def test_every_price_only_path_is_tried():
    assert set(OTHERS) == set(PRICE_ONLY)


@needs_program
@pytest.mark.parametrize("path", PRICE_ONLY)
def test_what_changes_no_cycle_keeps_counts_and_is_priced_as_a_run_prices_it(tmp_path, experiment, store, path):
    base = programs.price(PROGRAM, experiment, {})
    other = programs.price(PROGRAM, experiment, OTHERS[path])
    assert other["resolved"] != base["resolved"]
    assert simulation_identity(PROGRAM, other) == simulation_identity(PROGRAM, base)
    kept = simulation(store, PROGRAM, base)
    programs.simulate(PROGRAM, experiment, OTHERS[path], tmp_path / "run")
    assert (tmp_path / "run/counts.csv").read_text() == (kept.folder / "counts.csv").read_text()
    energy = programs.price(PROGRAM, experiment, OTHERS[path], counts=kept.folder)["energy"]
    report = json.loads((tmp_path / "run/report.json").read_text())
    assert energy["total_pj"] == pytest.approx(report["energy"]["total_pj"], rel=1e-12)
    assert energy["groups_pj"] == pytest.approx(report["energy"]["groups_pj"], rel=1e-12)
    assert energy["cycles"] == report["time"]["cycles"]
    billed = bill(store, PROGRAM, other, kept).folder
    assert json.loads((billed / "report.json").read_text())["area"]["total_mm2"] == report["area"]["total_mm2"]
    assert events(billed) == pytest.approx(events(tmp_path / "run"), rel=1e-8)


def events(folder):
    """{event: pJ} of an energy.csv."""
    spent = {}
    with open(folder / "energy.csv", newline="") as file:
        for row in csv.DictReader(file):
            spent[row["event"]] = spent.get(row["event"], 0.0) + float(row["energy_pj"])
    return spent


@needs_program
def test_a_bill_in_the_prices_of_the_simulation_is_the_simulation(experiment, store):
    priced = programs.price(PROGRAM, experiment, {})
    kept = simulation(store, PROGRAM, priced)
    assert bill(store, PROGRAM, priced, kept) == kept


@needs_program
def test_what_may_change_cycles_program_and_trace_is_another_result(tmp_path, experiment):
    identity = simulation_identity(PROGRAM, programs.price(PROGRAM, experiment, {}))
    lanes = programs.price(PROGRAM, experiment, {"chip.tile.lanes": "64"})
    other = ROOT / "traces/smollm2-135m/spikequant/layer15.prefill32.safetensors"
    trace = programs.price(PROGRAM, experiment, {"workload.trace": str(other)})
    program = tmp_path / "spikeloom"
    program.write_bytes(PROGRAM.read_bytes() + b"\0")
    base = programs.price(PROGRAM, experiment, {})
    others = [
        simulation_identity(PROGRAM, lanes),
        simulation_identity(PROGRAM, trace),
        simulation_identity(program, base),
    ]
    assert all(found != identity for found in others)


@needs_program
def test_a_trace_of_the_same_content_elsewhere_is_the_same_result(tmp_path, experiment):
    here = ROOT / "traces/smollm2-135m/spikequant-improved"
    for file in here.glob("layer15.*"):
        (tmp_path / file.name).symlink_to(file)
    moved = {"workload.trace": str(tmp_path / "layer15.prefill32.safetensors")}
    assert simulation_identity(PROGRAM, programs.price(PROGRAM, experiment, moved)) == simulation_identity(
        PROGRAM, programs.price(PROGRAM, experiment, {})
    )


@needs_program
def test_counts_of_which_rows_are_missing_give_no_bill(experiment, store):
    priced = programs.price(PROGRAM, experiment, {})
    kept = simulation(store, PROGRAM, priced)
    counts = kept.folder / "counts.csv"
    lines = counts.read_text().splitlines(keepends=True)
    counts.write_text("".join(lines[:9] + lines[10:]))
    other = programs.price(PROGRAM, experiment, OTHERS["technology"])
    with pytest.raises(UserError, match="its counts cannot be priced: .*rows are missing"):
        bill(store, PROGRAM, other, kept)


@needs_program
def test_counts_of_another_chip_are_refused(tmp_path, experiment, store):
    kept = simulation(store, PROGRAM, programs.price(PROGRAM, experiment, {}))
    with pytest.raises(programs.Refused, match="chip.payload is address_events there, packed_codes here"):
        programs.price(PROGRAM, experiment, {"chip.payload": "packed_codes"}, counts=kept.folder)


def slow_make(log):
    def make(folder):
        with open(log, "a") as file:
            file.write("made\n")
        time.sleep(0.3)
        (folder / "file").write_text("whole")

    return make


def take(folder, log):
    return ResultStore(folder).product({"number": 1}, slow_make(log)).kept


def test_what_several_want_at_once_is_made_once(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        kept = pool.starmap(take, [(tmp_path / "store", tmp_path / "log")] * 4)
    assert sorted(kept) == [False, True, True, True]
    assert (tmp_path / "log").read_text() == "made\n"


def test_a_maker_that_is_killed_leaves_nothing_and_blocks_nobody(tmp_path):
    process = multiprocessing.get_context("spawn").Process(target=take, args=(tmp_path / "store", tmp_path / "log"))
    process.start()
    while not (tmp_path / "log").exists():
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    product = ResultStore(tmp_path / "store").product({"number": 1}, slow_make(tmp_path / "log"))
    assert not product.kept
    assert (product.folder / "file").read_text() == "whole"
    assert not list((tmp_path / "store").rglob("*.part"))


def test_a_maker_that_fails_leaves_nothing(tmp_path, store):
    def make(folder):
        (folder / "file").write_text("half")
        raise programs.Broken("no")

    with pytest.raises(programs.Broken):
        store.product({"number": 2}, make)
    assert not [path for path in (tmp_path / "store").rglob("*") if path.is_dir() and len(path.name) > 2]


def test_a_full_disk_is_one_line(store):
    def make(folder):
        with open("/dev/full", "w") as full:
            full.write("x" * 100_000)

    with pytest.raises(UserError, match="No space left on device"):
        store.product({"number": 3}, make)


def test_a_store_that_is_a_file_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        ResultStore(tmp_path / "file").product({"number": 4}, slow_make(tmp_path / "log"))
