"""Runs of a comparison: chips on traces. What the store keeps is not simulated again, nor for other prices alone."""

import hashlib
import json
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from spikeloom import UserError
from spikeloom.compare import perplexity_rows
from spikeloom.progress import Progress
from spikeloom.store import program as programs
from spikeloom.store.bill import bill
from spikeloom.store.result_store import ResultStore
from spikeloom.store.simulation import simulation
from spikeloom.traces import manifest

# Longer than any run: the comparison needs no energy over time.
WINDOW_CYCLES = 1_000_000_000
# Of absolute paths in messages, which name files of this machine.
FOLDERS = re.compile(r"(?<![\w.])/(?:[^\s:'/]+/)+")
# What `price` said of a job, or why it refuses it.
DESCRIBED, REFUSED = "price.json", "refused.txt"
EXPERIMENT = "experiment.yaml"


@dataclass(frozen=True)
class Job:
    """One run: files, first tokens of the trace (None: all), (path, value) of every override, and first time steps of
    recorded spikes (None: all)."""

    chip: Path
    energy: Path
    trace: Path
    operations: tuple | str
    tokens: int | None
    settings: tuple
    steps: int | None = None

    def experiment(self):
        """The experiment file's content, with absolute paths."""
        return {
            "experiment": {
                "name": "compare",
                "chip": str(self.chip.resolve()),
                "energy": str(self.energy.resolve()),
                "window_cycles": WINDOW_CYCLES,
                "overrides": dict(self.settings),
            },
            "workload": {
                "trace": str(self.trace.resolve()),
                "operations": self.operations if isinstance(self.operations, str) else list(self.operations),
                "tokens": self.tokens or "all",
                **({"steps": self.steps} if self.steps else {}),
            },
        }

    def files(self):
        """Hashes of the files that it names, and of those that these name."""
        named = [self.chip, self.energy, *(Path(value) for _, value in self.settings if Path(value).is_absolute())]
        return [*map(configuration, named), *_trace_hashes(self.trace)]

    def __str__(self):
        return ", ".join(f"{path}={value}" for path, value in self.settings) or "the chip as it is"


@dataclass(frozen=True)
class Run:
    """A finished run, in a folder of the store that is named after its key."""

    key: str
    folder: Path


@dataclass(frozen=True)
class Refused:
    """A point that `spikeloom price` refuses, and why."""

    why: str


class Runs:
    """Runs jobs by `program`, `jobs` side by side, and keeps them in a ResultStore."""

    def __init__(self, folder, program, jobs):
        self.store, self._jobs = ResultStore(folder), jobs
        self._program = programs.require(program, "--spikeloom PROGRAM names another")
        self._program_sha256 = programs.file_sha256(self._program)

    def results(self, jobs):
        """{job: Run or Refused}. Raises UserError for a run that fails."""
        jobs = list(dict.fromkeys(jobs))
        found = {}
        with Progress("comparing", len(jobs), "run") as bar, programs.side_by_side(self._jobs) as pool:
            for job, result in zip(jobs, pool.map(self._run, jobs), strict=True):
                found[job] = result
                bar.step()
        return found

    def refused(self, jobs):
        """{job: Refused} of those that `price` refuses, without running any."""
        with programs.side_by_side(self._jobs) as pool:
            described = zip(jobs, pool.map(self._priced, jobs), strict=True)
            return {job: one for job, one in described if isinstance(one, Refused)}

    def areas(self, jobs):
        """{job: area in mm2, or None where `price` refuses it}, without running any."""
        jobs = list(dict.fromkeys(jobs))
        with programs.side_by_side(self._jobs) as pool:
            described = pool.map(self._priced, jobs)
            return {
                job: None if isinstance(one, Refused) else one["area_mm2"]["total"]
                for job, one in zip(jobs, described, strict=True)
            }

    def _run(self, job):
        try:
            priced = self._priced(job)
            if isinstance(priced, Refused):
                return priced
            simulated = simulation(self.store, self._program, priced)
            billed = bill(self.store, self._program, priced, simulated)
        except (programs.Broken, programs.Killed) as failed:
            raise UserError(f"{job.trace}: {failed}; with {job}; nothing is compared") from failed
        return Run(billed.key, billed.folder)

    def _priced(self, job):
        """What `price` says of a job, or Refused."""
        place = self._described(job)
        if (place / REFUSED).is_file():
            return Refused((place / REFUSED).read_text(encoding="utf-8"))
        return json.loads((place / DESCRIBED).read_text(encoding="utf-8"))

    def _described(self, job):
        """The folder that holds what `price` says of a job."""
        content = job.experiment()
        identity = {"kind": "price", "experiment": content, "files": job.files(), "program": self._program_sha256}

        def make(folder):
            experiment = folder / EXPERIMENT
            experiment.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
            try:
                priced = programs.price(self._program, experiment, {})
            except programs.Refused as refused:
                why = FOLDERS.sub("", str(refused).replace(str(experiment), EXPERIMENT))
                (folder / REFUSED).write_text(why, encoding="utf-8")
            else:
                (folder / DESCRIBED).write_text(json.dumps(priced), encoding="utf-8")

        return self.store.product(identity, make).folder


@cache
def configuration(path):
    """Hash of a YAML file's values (comments do not count) and of the files that they name."""
    if not path.is_file():
        return "no such file"  # the simulator says so, and is asked again when there is one
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError):
        return programs.file_sha256(path)  # the simulator says what is wrong with it
    named = [path.parent / name for name in _scalars(content)]
    parts = [json.dumps(content, sort_keys=True), *(_values_of(file) for file in named if os.path.isfile(file))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _values_of(file):
    """Hash of what a configuration takes from a file: of text with tables of perplexities, the table."""
    if file.suffix in (".yaml", ".yml"):
        return configuration(file)
    if file.suffix == ".md":
        table = perplexity_rows.table_text(file.read_text(encoding="utf-8"))
        return hashlib.sha256(table.encode()).hexdigest()
    return programs.file_sha256(file)


def _scalars(node):
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        return [scalar for item in node for scalar in _scalars(item)]
    return [node] if isinstance(node, str) else []


def _trace_hashes(trace):
    """Of the activations file and of the weights file beside it."""
    return [programs.file_sha256(file) for file in (trace, manifest.weights_beside(trace))]
