"""`spikeloom steps`: makes what is missing, writes report.md, points.csv and a figure."""

import csv
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg

from spikeloom.compare.runs import Runs
from spikeloom.files import make_folder, require_own_folder, require_writable_folder, whole_file
from spikeloom.plots import steps as figure
from spikeloom.plots import style
from spikeloom.steps import points, report, study

COLUMNS = ("model", "technology", "steps", "accuracy", "tokens")


@dataclass(frozen=True)
class StepsOptions:
    """What the command line says."""

    config: Path
    output: Path | None
    store: Path
    program: Path
    jobs: int


def steps(options, say=print):
    """Run the command. Raises UserError."""
    asked = study.read_study(options.config)
    folder = options.output or Path("results") / f"steps_{asked.name}"
    require_own_folder(folder, "steps")
    require_writable_folder(options.store, "--store")
    found = points.run(asked, Runs(options.store, options.program, options.jobs))
    make_folder(folder)
    with whole_file(folder / "points.csv") as partial:
        _write_points(partial, found)
    with matplotlib.rc_context(style.SETTINGS), whole_file(folder / "accuracy_energy.png") as partial:
        FigureCanvasAgg(figure.draw(asked, found)).print_png(partial, metadata={"Software": None})
    text = report.text(asked, found)
    with whole_file(folder / "report.md") as partial:
        partial.write_text(text, encoding="utf-8")
    say(text)
    say(f"{folder}/{{report.md, points.csv, accuracy_energy.png}}")


def _write_points(path, found):
    with open(path, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        bills = [f"{part}_{what}" for part in ("whole", "linear") for what in ("cycles", "us", "pj", *style.GROUPS)]
        rows.writerow([*COLUMNS, *bills])
        for point in found:
            accuracy = "" if point.accuracy is None else point.accuracy
            row = [point.model.name, point.technology, point.steps or "", accuracy, point.tokens]
            for bill in (point.whole, point.linear):
                row += [bill.cycles, bill.us, bill.pj, *(bill.groups.get(group, 0.0) for group in style.GROUPS)]
            rows.writerow(row)
