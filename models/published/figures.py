"""What `figures.yaml` holds, and a row of the table that is made of it."""

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

# How far a figure could be recomputed.
RECOMPUTED = "recomputed"  # one number follows from known constants and what `assumed` says
SOLVED = "one constant solved"  # as above, but one unknown constant is solved from another figure of the paper
CONTRAST = "contrast"  # the same figure with assumptions that fit better than the published ones
BOUNDED = "bounded"  # an unknown constant leaves a range
READING = "reading"  # a possible origin of the figure; nobody has confirmed it
IMPOSSIBLE = "cannot be reproduced"


@dataclass(frozen=True)
class Figure:
    """A published number; `reason` says why it cannot be reproduced, where that is so."""

    paper: str
    name: str
    published: float
    unit: str
    source: str
    reason: str = ""


@dataclass(frozen=True)
class Paper:
    """Constants (values by name, in the unit of the name) and figures (by key) of one paper."""

    constants: dict
    figures: dict


@dataclass(frozen=True)
class Row:
    """A figure beside what its model gives here: a number, a range (least, greatest), or None."""

    figure: Figure
    kind: str
    recomputed: float | tuple | None
    assumed: str

    @property
    def deviation(self):
        """Recomputed over published, minus 1; both ends of a range; None where nothing could be recomputed."""
        if self.recomputed is None:
            return None
        if isinstance(self.recomputed, tuple):
            return tuple(_deviation(end, self.figure.published) for end in self.recomputed)
        return _deviation(self.recomputed, self.figure.published)


def _deviation(value, published):
    if value == published:
        return 0.0
    return value / published - 1 if published else math.inf


@cache
def papers():
    """Paper by name, in the order of `figures.yaml`."""
    text = Path(__file__).with_name("figures.yaml").read_text(encoding="utf-8")
    return {name: _paper(block) for name, block in yaml.safe_load(text).items()}


def _paper(block):
    shared = {"paper": block["paper"], "source": block["source"]}
    figures = {key: Figure(**(shared | entry)) for key, entry in block["figures"].items()}
    return Paper({name: entry["value"] for name, entry in block["constants"].items()}, figures)
