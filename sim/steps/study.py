"""The file of `spikeloom steps`: a sentence, checkpoints, and the chips that run them."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from spikeloom import wanted_file
from spikeloom.models.spiking_lm import checkpoint
from spikeloom.traces import rate_export

RESULTS = "results.json"


@dataclass(frozen=True)
class Model:
    """One line of the table: a checkpoint's folder as `method` exports it, and ((path, value), ...) of its chip.

    `accuracy`: share of the test texts on the right side after each step; `equilibrium`: the same where rates settle;
    `rounded`: {levels: the same there with rates that are multiples of 1 / levels}.
    """

    name: str
    folder: Path
    method: str
    settings: tuple
    accuracy: tuple
    equilibrium: float
    rounded: dict = field(compare=False)

    @property
    def spikes(self):
        """Whether it runs step by step; else it is a rival that multiplies, once."""
        return self.method == rate_export.SPIKES


@dataclass(frozen=True)
class Study:
    """Every spiking model runs in each of `steps`, every rival once, priced in each of `technologies`."""

    name: str
    chip: Path
    technologies: tuple
    sentence: str
    steps: tuple
    models: tuple


def read_study(path):
    """The Study in a YAML file. Raises UserError that names file, line and key."""
    top = wanted_file.load(path, "steps")
    section = top.section("steps")
    top.finish()
    spiking = [_model(entry, rate_export.SPIKES) for entry in section.sections("spiking")]
    rivals = [
        _model(entry, entry.value("method", str, names=tuple(rate_export.rate_rivals.RIVALS)))
        for entry in section.sections("rivals")
    ]
    study = Study(
        name=section.text("name"),
        chip=section.file("chip"),
        technologies=tuple(section.files("technologies")),
        sentence=section.text("sentence"),
        steps=tuple(sorted(set(section.values("steps", int, least=1, most=4096)))),
        models=(*spiking, *rivals),
    )
    section.finish()
    names = [model.name for model in study.models]
    for name in names:
        if names.count(name) > 1:
            raise section.error("spiking", f"two models are called '{name}'")
    return study


def _model(entry, method):
    folder = entry.file("checkpoint")
    if not (folder / checkpoint.NAME).is_file():
        raise entry.error(
            "checkpoint", f"'{folder}' holds no {checkpoint.NAME} (`spikeloom train-spiking-lm` makes it)"
        )
    settings = entry.section("set", optional=True).all_texts()
    model = Model(entry.text("name"), folder, method, tuple(settings.items()), *_accuracy(entry, folder / RESULTS))
    entry.finish()
    return model


def _accuracy(entry, path):
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        rounded = {int(levels): float(share) for levels, share in found["rounded"].items()}
        return tuple(map(float, found["accuracy"])), float(found["equilibrium"]["test"]), rounded
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise entry.error("checkpoint", f"'{path}' holds no results of `spikeloom train-spiking-lm`") from error
