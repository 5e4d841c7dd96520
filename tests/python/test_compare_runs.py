"""Runs of a comparison: what is kept, what is refused, what is an error, and what a hash depends on."""

import dataclasses
import json
import sys
import textwrap
from pathlib import Path

import pytest

from spikeloom import UserError
from spikeloom.compare import command, config, document, report, runs, study
from spikeloom.compare.runs import Job, Refused, Run, Runs
from spikeloom.store import program as programs

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build" / "spikeloom"
TRACES = ROOT / "traces" / "smollm2-135m"

# Logs its calls; `chip.answer` is the exit status of `run`, `chip.check` that of `price`.
STUB = """\
#!/usr/bin/env python3
import json, pathlib, sys, yaml
here = pathlib.Path(__file__).parent
with open(here / "calls", "a") as calls:
    calls.write(sys.argv[1] + "\\n")
content = yaml.safe_load(open(sys.argv[2]))
chip = content.get("chip") or {"name": "stub"} | content["experiment"]["overrides"]
status = int(chip.get("chip.answer" if sys.argv[1] == "run" else "chip.check", 0))
if status:
    sys.exit(print(f"spikeloom: {here}/chips/chip.yaml:1:2: chip.lanes: too few", file=sys.stderr) or status)
if sys.argv[1] == "price":
    resolved = {"experiment": {}, "chip": chip, "technology": {"name": "one"}, "workload": content["workload"]}
    print(json.dumps({"resolved": yaml.safe_dump(resolved), "trace": {"sha256": "5", "weights_sha256": "6"}}))
else:
    folder = pathlib.Path(sys.argv[sys.argv.index("-o") + 1])
    (folder / "resolved.yaml").write_text(yaml.safe_dump(content))
    (folder / "windows.csv").write_text("")
    (folder / "report.json").write_text("{}")
"""


@pytest.fixture
def world(tmp_path):
    """(Runs of a stub, function that makes a Job, file of calls)."""
    program = tmp_path / "spikeloom"
    program.write_text(STUB.replace("/usr/bin/env python3", sys.executable))
    program.chmod(0o755)
    (tmp_path / "chip.yaml").write_text("chip: {device: device.yaml}  # a comment\n")
    (tmp_path / "device.yaml").write_text("rows: 8\n")
    (tmp_path / "energy.yaml").write_text("technology: {name: one}\n")
    for name in ("layer15.prefill32", "layer15.weights"):
        (tmp_path / f"{name}.safetensors").write_bytes(name.encode())

    def job(**settings):
        named = tuple((f"chip.{name}", value) for name, value in settings.items())
        trace = tmp_path / "layer15.prefill32.safetensors"
        return Job(tmp_path / "chip.yaml", tmp_path / "energy.yaml", trace, ("q",), None, named)

    runs.configuration.cache_clear()
    return Runs(tmp_path / "runs", program, 1), job, tmp_path / "calls"


def calls(file):
    return file.read_text().split() if file.exists() else []


def test_a_run_is_made_once_and_kept_without_its_windows(world):
    found, job, called = world
    first, second = found.results([job()])[job()], found.results([job(), job()])[job()]
    assert isinstance(first, Run) and first == second and calls(called) == ["price", "run"]
    names = ["experiment.yaml", "identity.json", "report.json", "resolved.yaml"]
    assert sorted(path.name for path in first.folder.iterdir()) == names
    assert first.folder == found.store.place(first.key)


def test_what_price_refuses_is_kept_as_refused_with_its_message_without_folders(world):
    found, job, called = world
    bad = job(check="2")
    assert found.results([bad])[bad] == Refused("chip.yaml:1:2: chip.lanes: too few")
    assert found.results([bad])[bad] == Refused("chip.yaml:1:2: chip.lanes: too few")
    assert calls(called) == ["price"]


def kept(found, kind):
    """Products of a kind in the store."""
    paths = found.store.place("00").parents[1].rglob("identity.json")
    return [path.parent for path in paths if json.loads(path.read_text())["kind"] == kind]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"answer": "2"}, "the simulation stopped: .*too few"),
        ({"answer": "1"}, "layer15.prefill32.safetensors: exit status 1: .* with chip.answer=1; nothing is compared"),
        ({"answer": "3"}, "exit status 3"),
    ],
)
def test_other_failures_are_errors_and_leave_nothing(world, settings, said):
    found, job, _ = world
    with pytest.raises(UserError, match=said):
        found.results([job(**settings)])
    assert kept(found, "simulation") == []


def test_runs_before_a_failure_are_kept(world):
    found, job, called = world
    with pytest.raises(UserError):
        found.results([job(), job(answer="3")])
    found.results([job()])
    assert calls(called) == ["price", "run", "price", "run"]


def test_what_is_kept_follows_values_and_files_but_no_comments(world, tmp_path):
    found, job, called = world

    def is_described_again(job, runs_of=found):
        runs.configuration.cache_clear()
        before = calls(called).count("price")
        runs_of.results([job])
        return calls(called).count("price") > before

    assert is_described_again(job())
    (tmp_path / "chip.yaml").write_text("chip: {device: device.yaml}\n")
    assert not is_described_again(job())
    assert is_described_again(job(lanes="4"))
    files = {"device.yaml": "rows: 9\n", "layer15.weights.safetensors": "other", "energy.yaml": "a: 1\n"}
    for file, text in files.items():
        before = (tmp_path / file).read_bytes()
        (tmp_path / file).write_text(text)
        assert is_described_again(job())
        (tmp_path / file).write_bytes(before)
        assert not is_described_again(job())
    (tmp_path / "spikeloom").write_text((tmp_path / "spikeloom").read_text() + "# another program\n")
    assert is_described_again(job(), Runs(tmp_path / "runs", tmp_path / "spikeloom", 1))


def test_a_file_that_was_missing_is_looked_for_again(world, tmp_path):
    found, job, called = world
    (tmp_path / "chip.yaml").write_text("chip: {device: new.yml}\n")
    with_table = job(table=str(tmp_path / "new.table"))
    for count, name in enumerate((None, "new.yml", "new.table")):
        if name:
            (tmp_path / name).write_text("rows: 8\n")
        runs.configuration.cache_clear()
        found.results([with_table])
        found.results([with_table])
        assert calls(called).count("price") == count + 1


def test_a_missing_program_is_named_with_the_remedy(tmp_path):
    with pytest.raises(UserError, match=r"none: no such program; `make build` makes it, --spikeloom PROGRAM"):
        Runs(tmp_path, tmp_path / "none", 1)


SMALL = """\
compare:
  name: small
  chip: {root}/configs/chips/smollm2.yaml
  technologies: [{root}/configs/energy/22nm.yaml]
  layer: 15
  operations: [k]
  regimes:
    resident: {{case: prefill32, tokens: 2}}
    decode: {{case: decode128}}
  may_differ: [chip.payload]
  samples: 100
  seed: 1
  contenders:
    - name: spikes
      side: spiking
      trace: {root}/traces/smollm2-135m/spikequant-improved
      search:
        chip.spike_code: [ttfs, radix]
        chip.tile.token_batch: [1, 2, 300]
      rows: [chip.spike_code]
"""


needs_program = pytest.mark.skipif(not PROGRAM.exists(), reason="build/spikeloom is not built (`make build`)")


@needs_program
def test_the_simulator_itself_gives_a_report_twice_the_same(tmp_path):
    (tmp_path / "small.yaml").write_text(textwrap.dedent(SMALL.format(root=ROOT)))
    said = []
    for folder in ("one", "two"):
        options = command.CompareOptions(
            tmp_path / "small.yaml", tmp_path / folder, tmp_path / "runs", PROGRAM, 1, False, None
        )
        command.compare(options, lambda text, end="\n": said.append(text))
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two and said[1] == f"{tmp_path / 'one'}/report.html"
    text = one["report.md"].decode()
    assert "DRAM reads cancel in 4 of 4 points" in text  # two codes, two batches: a layer's weights are loaded once
    assert "No verdict" in text
    assert json.loads(one["numbers.json"])["format"] == "spikeloom-compare-numbers"


def simulations_by_price(folder):
    """(simulations, bills in other prices) of a store."""
    kinds = [json.loads(path.read_text())["kind"] for path in folder.rglob("identity.json")]
    return kinds.count("simulation"), kinds.count("bill")


@needs_program
def test_a_technology_that_is_priced_again_gives_what_simulating_in_it_gives(tmp_path):
    """22 nm is simulated and 45 nm priced, then the other way round: the reports are the same bytes."""
    text = SMALL.format(root=ROOT).replace("22nm.yaml]", f"22nm.yaml, {ROOT}/configs/energy/45nm.yaml]")
    rival = """\
    - name: trees
      side: multiply_accumulate
      trace: {root}/traces/smollm2-135m/spikequant-improved
      set: {{chip.tile.datapath: multiply_accumulate, chip.payload: packed_codes, chip.tile.mac_array.tree_width: 8}}
"""
    text = text.replace("[1, 2, 300]", "[1]").replace("[chip.payload]", "[chip.payload, chip.tile]")
    text += rival.format(root=ROOT) + f"  uncertainty: {ROOT}/configs/energy/uncertainty.yaml\n"
    (tmp_path / "small.yaml").write_text(text)
    comparison = config.load(tmp_path / "small.yaml")
    turned = dataclasses.replace(comparison, technologies=comparison.technologies[::-1])
    one, two = (study.run(which, Runs(tmp_path / str(i), PROGRAM, 1)) for i, which in enumerate((comparison, turned)))
    # Three chips, in two regimes of two and of one run.
    assert simulations_by_price(tmp_path / "0") == simulations_by_price(tmp_path / "1") == (9, 9)
    bouts = {(bout.regime.name, bout.technology): bout for bout in two.bouts}
    two = dataclasses.replace(
        two, comparison=comparison, bouts=[bouts[bout.regime.name, bout.technology] for bout in one.bouts]
    )
    first, second = report.build(one), report.build(two)
    assert document.markdown(first.blocks) == document.markdown(second.blocks)
    for a, b in zip(one.bouts, two.bouts, strict=True):
        for left, right in zip(a.ran, b.ran, strict=True):
            assert left.bill.events_pj() == pytest.approx(right.bill.events_pj(), rel=1e-6)
            assert left.runs[0].folder.name != right.runs[0].folder.name


@pytest.mark.parametrize(("status", "cause"), [(130, "Ctrl-C"), (143, "signal SIGTERM")])
def test_a_program_that_ends_itself_by_a_signal_was_killed(tmp_path, status, cause):
    stub = tmp_path / "spikeloom"
    stub.write_text(f"#!/bin/sh\nexit {status}\n")
    stub.chmod(0o755)
    with pytest.raises(programs.Killed, match=f"the program was stopped by {cause}$"):
        programs.simulate(stub, "x.yaml", {}, tmp_path)
