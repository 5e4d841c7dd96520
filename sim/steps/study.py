"""The file of `spikeloom steps`: which traces run on which chip, in how many time steps."""

import json
from dataclasses import dataclass
from pathlib import Path

from spikeloom.strict_yaml import Section


@dataclass(frozen=True)
class Model:
    """`traces`: activations files, one per encoder. `changes`: {chip path: text}. `accuracy`: of the test part after
    each step; of a model without steps one value; empty where no results are named. `rival`: without steps."""

    name: str
    traces: tuple
    changes: tuple
    accuracy: tuple
    rival: bool

    def accuracy_at(self, steps):
        """Share of texts on the right side, or None."""
        if not self.accuracy:
            return None
        return self.accuracy[-1] if self.rival else self.accuracy[min(steps, len(self.accuracy)) - 1]


@dataclass(frozen=True)
class Study:
    """What to run: every model of `spiking` in each of `steps`, every rival once, priced in each technology."""

    name: str
    chip: Path
    technologies: tuple
    steps: tuple
    models: tuple


def read_study(path):
    """The Study in a YAML file. Raises UserError that names file, line and key."""
    top = Section.load(path)
    section = top.section("steps")
    top.finish()
    study = Study(
        name=section.text("name"),
        chip=section.file("chip"),
        technologies=tuple(section.files("technologies")),
        steps=tuple(sorted(set(section.values("steps", int, least=1, most=4096)))),
        models=(
            *(_model(entry, rival=False) for entry in section.sections("spiking")),
            *(_model(entry, rival=True) for entry in section.sections("rivals")),
        ),
    )
    section.finish()
    names = [model.name for model in study.models]
    for name in names:
        if names.count(name) > 1:
            raise section.error(None, f"two models are called '{name}'")
    return study


def _model(entry, rival):
    folder = Path(entry.file("traces"))
    results = entry.file("results") if entry.has("results") else None
    changes = entry.section("changes", optional=True).all_texts()
    model = Model(
        name=entry.text("name"),
        traces=_traces(entry, folder),
        changes=tuple(changes.items()),
        accuracy=_accuracy(entry, results, rival) if results else (),
        rival=rival,
    )
    entry.finish()
    return model


def _traces(entry, folder):
    """Activations files of an exported folder, encoder by encoder."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        layers, case = manifest["layers_exported"], manifest["cases"][0]["name"]
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise entry.error("traces", f"{folder} is no exported folder (`spikeloom export` makes one)") from error
    return tuple(str((folder / f"layer{layer}.{case}.safetensors").resolve()) for layer in layers)


def _accuracy(entry, path, rival):
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        return (found["equilibrium"]["test"],) if rival else tuple(found["accuracy"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise entry.error("results", f"{path} holds no results of `spikeloom train-spiking-lm`") from error
