"""Trials of a study, a panel per pair of objectives, with the front that no feasible trial beats."""

import itertools

from spikeloom.explore.evaluation import COMPLETE
from spikeloom.plots import point_labels, style

PANEL_INCHES, COLUMNS = 4.0, 2
FRONT, DOMINATED, OUTSIDE = "#AA3377", "#BBBBBB", "#DDCC77"


def draw(study):
    """The figure of a Study; one objective alone is drawn over the number of the trial."""
    pairs = list(itertools.combinations(study.objectives, 2)) or [(None, next(iter(study.objectives)))]
    rows = -(-len(pairs) // COLUMNS)
    picture = style.headed_figure(
        f"Pareto fronts of {study.name}",
        f"{states_in_words(study)}; the front is of feasible trials",
        study.synthetic,
        style.HEADING_INCHES + 0.4 + rows * PANEL_INCHES,
    )
    trials = study.trials()
    for i, pair in enumerate(pairs):
        left = 0.9 + i % COLUMNS * style.WIDTH_INCHES / COLUMNS
        top = style.HEADING_INCHES + 0.2 + i // COLUMNS * PANEL_INCHES
        axes = style.place(picture, left, top, style.WIDTH_INCHES / COLUMNS - 1.15, PANEL_INCHES - 0.8)
        _panel(axes, study, trials, *pair)
        if i == 0 and axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=9)
    return picture


def states_in_words(study):
    """`60 trials: 41 complete, 19 infeasible`."""
    states = study.trials()["state"].value_counts()
    return f"{states.sum()} trials: " + ", ".join(f"{count} {state}" for state, count in states.items())


def _panel(axes, study, trials, across, up):
    if up not in trials or (across and across not in trials):
        axes.set_title("no complete trial")
        return
    place = (lambda rows: rows.index) if across is None else (lambda rows: rows[across])
    known = trials[trials[up].notna()]
    for rows, label, colour in (
        (known[known["state"] != COMPLETE], "outside a constraint", OUTSIDE),
        (known[known["state"] == COMPLETE], "complete", DOMINATED),
    ):
        axes.scatter(place(rows), rows[up], s=18, color=colour, label=f"{label} ({len(rows)})")
    front = study.front(*(name for name in (across, up) if name))
    axes.plot(
        place(front), front[up], color=FRONT, marker="o", markersize=5, linewidth=1.2, label=f"front ({len(front)})"
    )
    axes.set_xlabel("trial" if across is None else f"{across} ({study.objectives[across]})")
    axes.set_ylabel(f"{up} ({study.objectives[up]})")
    axes.margins(0.08)
    named = [(number if across is None else row[across], row[up], str(number)) for number, row in front.iterrows()]
    point_labels.draw(axes, named, 8)
