"""Runs of the simulator, kept by a hash of everything that they follow from, so that a stopped comparison goes on."""

import hashlib
import json
import os
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from spikeloom import UserError
from spikeloom.files import whole_file
from spikeloom.progress import Progress
from spikeloom.traces.trace_files import file_sha256

KEY_DIGITS = 24
# Longer than any run: the comparison needs no energy over time.
WINDOW_CYCLES = 1_000_000_000
OUTPUTS_DIFFER, BAD_INPUT = 1, 2
# Of absolute paths in messages, which name files of this machine.
FOLDERS = re.compile(r"(?<![\w.])/(?:[^\s:'/]+/)+")


@dataclass(frozen=True)
class Job:
    """One run: files, first tokens of the trace (None: all), and (path, value) of every override."""

    chip: Path
    energy: Path
    trace: Path
    operations: tuple | str
    tokens: int | None
    settings: tuple

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
            },
        }


@dataclass(frozen=True)
class Run:
    """A finished run, in a folder of the store that is named after its key."""

    key: str
    folder: Path


@dataclass(frozen=True)
class Refused:
    """A point that `spikeloom check` refuses, and why."""

    why: str


class RunStore:
    """Runs in `folder`, made by `program`, `jobs` side by side."""

    def __init__(self, folder, program, jobs):
        self.folder, self.program, self._jobs = Path(folder), Path(program), jobs
        if not os.access(self.program, os.X_OK):
            raise UserError(f"{self.program}: no such program (`make build`, or --spikeloom PROGRAM)")
        self._program_sha256 = file_sha256(self.program)

    def results(self, jobs):
        """{job: Run or Refused}. Runs what is not kept. Raises UserError for a run that fails."""
        jobs = list(dict.fromkeys(jobs))
        keys = {job: self._key(job) for job in jobs}
        found = {job: self._kept(keys[job]) for job in jobs}
        missing = [job for job in jobs if found[job] is None]
        self.folder.mkdir(parents=True, exist_ok=True)
        with Progress("comparing", len(missing), "run") as bar, ThreadPoolExecutor(self._jobs) as pool:
            try:
                for job, result in zip(missing, pool.map(lambda job: self._run(job, keys[job]), missing), strict=True):
                    found[job] = result
                    bar.step()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return found

    def _key(self, job):
        workload = json.dumps([job.operations, job.tokens, sorted(job.settings)])
        files = [self._program_sha256, *map(_configuration, (job.chip, job.energy)), *_trace_hashes(job.trace)]
        for _, value in sorted(job.settings):
            if Path(value).is_absolute():
                files.append(_configuration(Path(value)))
        return hashlib.sha256("\n".join([workload, *files]).encode()).hexdigest()[:KEY_DIGITS]

    def _kept(self, key):
        if (self.folder / key / "report.json").is_file():
            return Run(key, self.folder / key)
        refusal = self.folder / f"{key}.refused"
        return Refused(refusal.read_text(encoding="utf-8")) if refusal.is_file() else None

    def _run(self, job, key):
        with tempfile.TemporaryDirectory(suffix=".partial", prefix=f"{key}.", dir=self.folder) as partial:
            return self._run_in(Path(partial), job, key)

    def _run_in(self, partial, job, key):
        experiment = partial / "experiment.yaml"
        experiment.write_text(yaml.safe_dump(job.experiment(), sort_keys=False), encoding="utf-8")
        done = self._call("run", experiment, "-o", partial / "results", "--no-figures", "-q")
        if done.returncode == BAD_INPUT:
            return self._refusal(experiment, key, done)
        if done.returncode == OUTPUTS_DIFFER:
            raise UserError(f"{job.trace}: outputs differ from the trace with {_said(job)}; nothing is compared")
        if done.returncode:
            raise UserError(f"spikeloom run failed ({done.returncode}) with {_said(job)}: {done.stderr.strip()}")
        (partial / "results" / "windows.csv").unlink(missing_ok=True)
        experiment.replace(partial / "results" / "experiment.yaml")
        if not (self.folder / key).exists():  # another comparison may have made the same run meanwhile
            (partial / "results").replace(self.folder / key)
        return Run(key, self.folder / key)

    def _refusal(self, experiment, key, done):
        """What `check` refuses is an invalid point; what it accepts and `run` does not is an error."""
        checked = self._call("check", experiment)
        why = done.stderr.strip()
        if checked.returncode != BAD_INPUT:
            raise UserError(f"spikeloom run failed: {why}")
        why = FOLDERS.sub("", why.removeprefix("spikeloom: ").replace(str(experiment), experiment.name))
        with whole_file(self.folder / f"{key}.refused") as partial:
            partial.write_text(why, encoding="utf-8")
        return Refused(why)

    def _call(self, command, *words):
        line = [str(self.program), command, *map(str, words)]
        return subprocess.run(line, capture_output=True, text=True, check=False)


def _said(job):
    return ", ".join(f"{path}={value}" for path, value in job.settings) or "the chip as it is"


@cache
def _configuration(path):
    """Hash of a YAML file's values (comments do not count) and of the files that they name."""
    path = Path(path)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError):
        return file_sha256(path)  # the simulator says what is wrong with it
    parts = [json.dumps(content, sort_keys=True)]
    for name in _scalars(content):
        named = path.parent / name
        if name.endswith((".yaml", ".csv")) and named.is_file():
            parts.append(_configuration(named) if name.endswith(".yaml") else file_sha256(named))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _scalars(node):
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        return [scalar for item in node for scalar in _scalars(item)]
    return [node] if isinstance(node, str) else []


@cache
def _trace_hashes(trace):
    """Of the activations file and of the weights file beside it."""
    weights = trace.with_name(trace.name.split(".")[0] + ".weights.safetensors")
    return tuple(file_sha256(file) for file in (trace, weights))
