"""`spikeloom steps`: runs what is missing, writes report.md, points.csv and a figure."""

import csv
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg

from spikeloom.files import make_folder, require_writable_folder, whole_file
from spikeloom.plots import steps as figure
from spikeloom.plots import style
from spikeloom.steps import report, runs, study
from spikeloom.store.result_store import ResultStore

COLUMNS = ("model", "technology", "steps", "accuracy", "tokens", "cycles", "us", "energy_pj")


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
    folder = options.output or Path("results") / asked.name
    require_writable_folder(folder)
    require_writable_folder(options.store, "--store")
    points = runs.run(asked, ResultStore(options.store), options.program, options.jobs)
    make_folder(folder)
    with whole_file(folder / "points.csv") as partial, open(partial, "w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow([*COLUMNS, *(f"{group}_pj" for group in style.GROUPS)])
        rows.writerows(_row(point) for point in points)
    with matplotlib.rc_context(style.SETTINGS), whole_file(folder / "accuracy_energy.png") as partial:
        FigureCanvasAgg(figure.draw(asked.name, points)).print_png(partial, metadata={"Software": None})
    text = report.text(asked, points)
    with whole_file(folder / "report.md") as partial:
        partial.write_text(text, encoding="utf-8")
    say(text, end="")
    say(f"\n{folder}/{{report.md, points.csv, accuracy_energy.png}}")


def _row(point):
    accuracy = point.model.accuracy_at(point.steps)
    head = (point.model.name, point.technology, point.steps or "", "" if accuracy is None else accuracy)
    return [*head, point.tokens, point.cycles, point.us, point.pj, *(point.groups.get(g, 0.0) for g in style.GROUPS)]
