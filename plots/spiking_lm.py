"""Accuracy and spiking rates over time steps, of the students in a folder of `spikeloom train-spiking-lm`."""

import json
from pathlib import Path

import numpy as np
from matplotlib.ticker import PercentFormatter

from spikeloom import UserError
from spikeloom.plots import style

RESULTS = "results.json"
PATTERN = f"*-seed*/{RESULTS}"
# Weight kind -> (name in figures, colour), in the order of legends.
KINDS = {
    "binary": ("1 bit", "#AA3377"),
    "ternary": ("1.58 bit", "#0077BB"),
    "int4": ("4 bit", "#228833"),
    "full": ("full precision", "#222222"),
}
HEIGHT_INCHES = 4.6
PANEL_INCHES = 2.5
COLUMNS = 3
HEADROOM = 1.1
# As the published model is shown: 1 bit against full precision.
SETTLING_KINDS = ("binary", "full")
NEEDED = (
    "task",
    "weights",
    "seed",
    "teacher",
    "equilibrium",
    "accuracy",
    "rates",
    "rates_steps",
    "rates_texts",
    "texts",
)


def is_folder(place):
    """True for a folder with students' results."""
    return next(Path(place).glob(PATTERN), None) is not None


def load(place):
    """Results (list of dicts) of the students in a folder. Raises UserError for a file that is none."""
    students = []
    for path in sorted(Path(place).glob(PATTERN)):
        try:
            student = json.loads(path.read_text(encoding="utf-8"))
            missing = [key for key in NEEDED if key not in student]
        except (ValueError, TypeError) as error:
            raise UserError(f"{path}: not what `spikeloom train-spiking-lm` writes: {error}") from error
        if missing or student["weights"] not in KINDS:
            what = f"no '{missing[0]}'" if missing else f"weights {student['weights']!r}"
            raise UserError(f"{path}: {what}: not what `spikeloom train-spiking-lm` writes")
        students.append(student)
    return students


def draw_accuracy(students):
    """Accuracy on the test part after each step: mean over seeds, and from the worst to the best."""
    picture = style.headed_figure(
        "Accuracy against time steps", _origin(students), False, style.HEADING_INCHES + HEIGHT_INCHES + 0.9
    )
    axes = style.place(picture, 0.9, style.HEADING_INCHES + 0.1, style.WIDTH_INCHES - 1.2, HEIGHT_INCHES)
    for kind, (label, colour) in KINDS.items():
        chosen = [student for student in students if student["weights"] == kind]
        if not chosen:
            continue
        length = min(len(student["accuracy"]) for student in chosen)
        curves = np.array([student["accuracy"][:length] for student in chosen])
        steps = np.arange(1, length + 1)
        seeds = f"{len(chosen)} seed" + ("s" if len(chosen) > 1 else "")
        axes.plot(steps, curves.mean(axis=0), color=colour, label=f"{label}, {seeds}")
        axes.fill_between(steps, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.15, linewidth=0)
        exact = np.mean([student["equilibrium"]["test"] for student in chosen])
        axes.plot(length * 1.12, exact, marker="D", markersize=5, color=colour, clip_on=False)
    axes.axhline(students[0]["teacher"]["test"], color=style.QUIET, linestyle="--", linewidth=1, label="teacher")
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("time steps (diamonds: at the equilibrium)")
    axes.set_ylabel("accuracy")
    axes.legend(fontsize=10, loc="lower right")
    return picture


def draw_rates(students):
    """A panel for each spiking sublayer: its average spiking rate over steps, and where that settles."""
    return _panels(students, "Average spiking rates", "spikes a step; dashed: at the equilibrium", _draw_level)


def draw_distance(students):
    """A panel for each spiking sublayer: how far single neurons are from their equilibrium."""
    what = "mean |rate - equilibrium|, spikes a step"
    return _panels(students, "Distance from the equilibrium", what, _draw_distance)


def _draw_level(axes, steps, rate, colour, label):
    axes.plot(steps, rate["level"], color=colour, label=label)
    axes.axhline(rate["equilibrium"], color=colour, linestyle="--", linewidth=0.8)
    axes.set_ylim(0, HEADROOM * axes.dataLim.y1)


def _draw_distance(axes, steps, rate, colour, label):
    axes.plot(steps, rate["distance"], color=colour, label=label)
    axes.set_yscale("log")


def _panels(students, title, what, draw):
    firsts = {kind: next((s for s in students if s["weights"] == kind), None) for kind in SETTLING_KINDS}
    firsts = {kind: student for kind, student in firsts.items() if student} or {students[0]["weights"]: students[0]}
    names = list(next(iter(firsts.values()))["rates"])
    rows = -(-len(names) // COLUMNS)
    height = style.HEADING_INCHES + 0.4 + rows * PANEL_INCHES
    picture = style.headed_figure(title, f"{_origin(students)}  |  {what}", False, height)
    width = style.WIDTH_INCHES / COLUMNS
    for place, name in enumerate(names):
        row, column = divmod(place, COLUMNS)
        top = style.HEADING_INCHES + 0.2 + row * PANEL_INCHES
        axes = style.place(picture, column * width + 0.75, top, width - 0.95, PANEL_INCHES - 0.75)
        for kind, student in firsts.items():
            draw(axes, student["rates_steps"], student["rates"][name], KINDS[kind][1], KINDS[kind][0])
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_title(_title(name), fontsize=10)
        if place == 0:
            axes.legend(fontsize=8)
    style.note(picture, f"Over time steps. Means over {students[0]['rates_texts']} texts; first seed of each.")
    return picture


def _title(name):
    layer, _, sublayer = name.partition(".")
    return f"encoder {int(layer) + 1}: {sublayer.replace('_', ' ')}" if sublayer else "embedding"


def _origin(students):
    first = students[0]
    return f"Spiking language model, task {first['task']}: {first['texts']['test']:,} texts to test"
