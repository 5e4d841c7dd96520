"""Runs of a comparison: what is kept, what is refused, what is an error, and what a hash depends on."""

import json
import textwrap
from pathlib import Path

import pytest

from spikeloom import UserError
from spikeloom.compare import command, runs
from spikeloom.compare.runs import Job, Refused, Run, RunStore

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build" / "spikeloom"
TRACES = ROOT / "traces" / "smollm2-135m"

# Counts its calls; `chip.answer` is the exit status of a run, `chip.check` that of `check`.
STUB = """\
#!/usr/bin/env python3
import pathlib, sys, yaml
here = pathlib.Path(__file__).parent
with open(here / "calls", "a") as calls:
    calls.write(sys.argv[1] + "\\n")
overrides = yaml.safe_load(open(sys.argv[2]))["experiment"]["overrides"]
status = int(overrides.get("chip.answer" if sys.argv[1] == "run" else "chip.check", 0))
if status:
    sys.exit(print(f"spikeloom: {here}/chips/chip.yaml:1:2: chip.lanes: too few", file=sys.stderr) or status)
folder = pathlib.Path(sys.argv[sys.argv.index("-o") + 1])
folder.mkdir()
(folder / "windows.csv").write_text("")
(folder / "report.json").write_text("{}")
"""


@pytest.fixture
def world(tmp_path):
    """(RunStore on a stub, function that makes a Job, file of calls)."""
    program = tmp_path / "spikeloom"
    program.write_text(STUB.replace("/usr/bin/env python3", __import__("sys").executable))
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

    runs._configuration.cache_clear()
    runs._trace_hashes.cache_clear()
    return RunStore(tmp_path / "runs", program, 1), job, tmp_path / "calls"


def calls(file):
    return file.read_text().split() if file.exists() else []


def test_a_run_is_made_once_and_kept_without_its_windows(world):
    store, job, called = world
    first, second = store.results([job()])[job()], store.results([job(), job()])[job()]
    assert isinstance(first, Run) and first == second and calls(called) == ["run"]
    assert sorted(path.name for path in first.folder.iterdir()) == ["experiment.yaml", "report.json"]
    assert not list(store.folder.glob("*.partial"))


def test_what_check_refuses_is_kept_as_refused_with_its_message_without_folders(world):
    store, job, called = world
    bad = job(answer="2", check="2")
    assert store.results([bad])[bad] == Refused("chip.yaml:1:2: chip.lanes: too few")
    assert store.results([bad])[bad] == Refused("chip.yaml:1:2: chip.lanes: too few")
    assert calls(called) == ["run", "check"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"answer": "2"}, "spikeloom run failed: .*too few"),
        ({"answer": "1"}, "outputs differ from the trace with chip.answer=1"),
        ({"answer": "3"}, r"spikeloom run failed \(3\)"),
    ],
)
def test_other_failures_are_errors_and_leave_nothing(world, settings, said):
    store, job, _ = world
    with pytest.raises(UserError, match=said):
        store.results([job(**settings)])
    assert list(store.folder.iterdir()) == []


def test_runs_before_a_failure_are_kept(world):
    store, job, called = world
    with pytest.raises(UserError):
        store.results([job(), job(answer="3")])
    store.results([job()])
    assert calls(called) == ["run", "run"]


def key(store, job):
    runs._configuration.cache_clear()
    runs._trace_hashes.cache_clear()
    return store._key(job)


def test_the_hash_follows_values_and_files_but_no_comments(world, tmp_path):
    store, job, _ = world
    before = key(store, job())
    (tmp_path / "chip.yaml").write_text("chip: {device: device.yaml}\n")
    assert key(store, job()) == before
    assert key(store, job(lanes="4")) != before
    for file, text in (
        ("device.yaml", "rows: 9\n"),
        ("layer15.weights.safetensors", "other"),
        ("energy.yaml", "a: 1\n"),
    ):
        kept = (tmp_path / file).read_bytes()
        (tmp_path / file).write_text(text)
        assert key(store, job()) != before
        (tmp_path / file).write_bytes(kept)
    (tmp_path / "spikeloom").write_text(STUB + "# another program\n")
    assert key(RunStore(tmp_path / "runs", tmp_path / "spikeloom", 1), job()) != before


def test_a_missing_program_is_named_with_the_remedy(tmp_path):
    with pytest.raises(UserError, match=r"none: no such program \(`make build`"):
        RunStore(tmp_path, tmp_path / "none", 1)


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


@pytest.mark.skipif(not PROGRAM.exists(), reason="build/spikeloom is not built (`make build`)")
def test_the_simulator_itself_gives_a_report_twice_the_same(tmp_path):
    (tmp_path / "small.yaml").write_text(textwrap.dedent(SMALL.format(root=ROOT)))
    said = []
    for folder in ("one", "two"):
        options = command.CompareOptions(
            tmp_path / "small.yaml", tmp_path / folder, tmp_path / "runs", PROGRAM, 1, False, None
        )
        command.compare(options, lambda text, end="\n": said.append(text))
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two and said[0] == f"{tmp_path / 'one'}/report.html"
    text = one["report.md"].decode()
    assert "DRAM reads cancel in 4 of 4 points" in text  # two codes, two batches: a layer's weights are loaded once
    assert "No verdict" in text
    assert json.loads(one["numbers.json"])["format"] == "spikeloom-compare-numbers"
