"""Exports the sentence with every model and runs it, encoder by encoder; what is kept is not made again."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from spikeloom import UserError
from spikeloom.compare.bill import read_bill, read_report
from spikeloom.compare.runs import Job
from spikeloom.models.spiking_lm import checkpoint
from spikeloom.models.spiking_lm.shape import OPERATIONS
from spikeloom.store.program import file_sha256
from spikeloom.traces import manifest, rate_export

TRACES = "traces"
# A sentence as its traces have it, and its linear operations alone, which traces of spikes and of codes have alike.
PARTS = ("all", OPERATIONS)
SOURCES = ("models/spiking_lm", "traces")


@dataclass(frozen=True)
class Bill:
    """Of the whole sentence: `cycles`, `us`, and `groups` {energy group: pJ}."""

    cycles: int
    us: float
    groups: dict

    @property
    def pj(self):
        """Energy in all."""
        return sum(self.groups.values())


@dataclass(frozen=True)
class Point:
    """A model in `steps` time steps (of a rival: 0) in one technology: the `whole` of its traces, and PARTS' second.

    `accuracy`: of the test texts, None where that was not measured.
    """

    model: object
    technology: str
    steps: int
    accuracy: float | None
    tokens: int
    whole: Bill
    linear: Bill


def run(study, runs):
    """Points by technology, model and steps. Raises UserError for what cannot be exported or run."""
    traces = {model: _traces(study, model, runs.store) for model in study.models}
    wanted = [
        (model, technology, steps)
        for technology in study.technologies
        for model in study.models
        for steps in (study.steps if model.spikes else (0,))
    ]
    jobs = {(*one, part): _jobs(study, traces[one[0]], *one, part) for one in wanted for part in PARTS}
    everything = [job for of_one in jobs.values() for job in of_one]
    refused = runs.refused(everything)
    for (model, *_), of_one in jobs.items():
        for job in refused.keys() & set(of_one):
            raise UserError(f"{model.name}: {refused[job].why}")
    results = runs.results(everything)
    return [_point(study, one, [[results[job] for job in jobs[(*one, part)]] for part in PARTS]) for one in wanted]


def _traces(study, model, store):
    """Activations files of the sentence, encoder by encoder."""
    steps = max(study.steps)
    identity = {
        "kind": "sentence",
        "checkpoint": file_sha256(model.folder / checkpoint.NAME),
        "method": model.method,
        "sentence": study.sentence,
        "steps": steps,
        "source": _source_hash(),
    }

    def make(folder):
        asked = rate_export.RateExportOptions(model.folder, model.method, study.sentence, steps, folder / TRACES)
        rate_export.export(asked)

    folder = store.product(identity, make).folder / TRACES
    layers = manifest.load(folder).wanted
    return [folder / manifest.activations_name(layer, rate_export.CASE) for layer in layers]


def _source_hash():
    """Of the code that an exported sentence follows from."""
    root = Path(__file__).resolve().parents[2]
    files = sorted(file for place in SOURCES for file in (root / place).glob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _jobs(study, traces, model, technology, steps, operations):
    return [Job(study.chip, technology, trace, operations, None, model.settings, steps or None) for trace in traces]


def _point(study, one, results):
    model, technology, steps = one
    tokens = read_report(results[0][0])["trace"]["tokens"]
    return Point(model, Path(technology).stem, steps, accuracy(study, model, steps), tokens, *map(_bill, results))


def accuracy(study, model, steps):
    """After so many steps; of a rival that of the network that it computes; None where it was not measured."""
    if steps:
        return model.accuracy[steps - 1] if steps <= len(model.accuracy) else None
    parts = levels(study, model)
    return model.rounded.get(parts) if parts else model.equilibrium


def levels(study, rival):
    """Parts that a rival's codes divide a rate into, None for binary16."""
    return rate_export.rate_rivals.levels_of(rival.method, max(study.steps))


def _bill(runs):
    """Of runs one after another."""
    times, groups = [read_report(run)["time"] for run in runs], {}
    for run in runs:
        for group, pj in read_bill(run).groups_pj().items():
            groups[group] = groups.get(group, 0.0) + pj
    return Bill(sum(time["cycles"] for time in times), sum(time["us"] for time in times), groups)
