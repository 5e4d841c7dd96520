"""Runs every model of a study, encoder by encoder, and adds the encoders up."""

import json
from dataclasses import dataclass
from pathlib import Path

import yaml

from spikeloom import UserError
from spikeloom.progress import Progress
from spikeloom.store import program as programs
from spikeloom.store.bill import bill
from spikeloom.store.simulation import simulation


@dataclass(frozen=True)
class Point:
    """A model in `steps` time steps (0: a rival), priced in one technology. Of the whole sentence: `groups` {energy
    group: pJ}."""

    model: object
    technology: str
    steps: int
    cycles: int
    us: float
    tokens: int
    groups: dict
    synthetic: bool

    @property
    def pj(self):
        """Energy of the sentence."""
        return sum(self.groups.values())


def run(study, store, program, jobs):
    """Points of all models, technologies and steps, in that order. Raises UserError."""
    wanted = [
        (model, technology, steps)
        for model in study.models
        for technology in study.technologies
        for steps in ((0,) if model.rival else study.steps)
    ]
    parts = [(model, technology, steps, trace) for model, technology, steps in wanted for trace in model.traces]
    # Technologies share simulations, which are made in the first one's prices.
    parts.sort(key=lambda part: study.technologies.index(part[1]))

    def report(part):
        return part, _report(study, store, program, part)

    reports = {}
    with Progress("time steps", len(parts), "run") as bar, programs.side_by_side(jobs) as pool:
        for part, found in pool.map(report, parts):
            reports[part] = found
            bar.step()
    return [_point(*one, [reports[(*one, trace)] for trace in one[0].traces]) for one in wanted]


def _report(study, store, program, part):
    model, technology, steps, trace = part
    workload = {"trace": trace, "operations": "all", "tokens": "all"}
    if steps:
        workload["steps"] = steps
    content = {
        "experiment": {
            "name": study.name,
            "chip": str(Path(study.chip).resolve()),
            "energy": str(Path(technology).resolve()),
            "window_cycles": 1_000_000_000,
            **({"overrides": dict(model.changes)} if model.changes else {}),
        },
        "workload": workload,
    }
    identity = {
        "kind": "price",
        "experiment": content,
        "files": [programs.file_sha256(path) for path in (study.chip, technology, trace)],
        "program": programs.file_sha256(program),
    }

    def describe(folder):
        file = folder / "experiment.yaml"
        file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        (folder / "described.json").write_text(json.dumps(programs.price(program, file, {})), encoding="utf-8")

    try:
        described = store.product(identity, describe).folder / "described.json"
        priced = json.loads(described.read_text(encoding="utf-8"))
        billed = bill(store, program, priced, simulation(store, program, priced))
    except programs.Refused as refused:
        raise UserError(f"{model.name}: {refused}") from refused
    except (programs.Broken, programs.Killed) as failed:
        raise UserError(f"{model.name}, {trace}: {failed}") from failed
    return json.loads((billed.folder / "report.json").read_text(encoding="utf-8"))


def _point(model, technology, steps, reports):
    groups = {}
    for report in reports:
        for group, pj in report["energy"]["groups_pj"].items():
            groups[group] = groups.get(group, 0.0) + pj
    return Point(
        model=model,
        technology=Path(technology).stem,
        steps=steps,
        cycles=sum(report["time"]["cycles"] for report in reports),
        us=sum(report["time"]["us"] for report in reports),
        tokens=reports[0]["trace"]["tokens"],
        groups=groups,
        synthetic=any(report["synthetic"] for report in reports),
    )
