"""The report of `spikeloom steps` in Markdown: a table for each technology."""

from spikeloom.plots.style import GROUPS

COLUMNS = (
    "model",
    "steps",
    "accuracy",
    "cycles",
    "energy (uJ)",
    "most of it",
    "linear: cycles",
    "energy (uJ)",
    "ratio",
)
ALIGNED = "| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: |"


def text(study, points):
    """The whole report."""
    lines = [
        f"# {study.name}: accuracy, time and energy against time steps",
        "",
        f'Energy and cycles: "{study.sentence}", {points[0].tokens} tokens, through all encoders, one after the other.',
        "Accuracy: of all test texts after so many steps; of a rival, which multiplies spike counts or rates once,",
        "that of its checkpoint at the equilibrium.",
        "",
        "Traces of rivals hold no matrix products of attention, those of spikes do. The last columns have the linear "
        "operations alone, of both. The ratio is of those: of the rival that takes least, over the row.",
        "",
    ]
    for technology in dict.fromkeys(point.technology for point in points):
        lines += _table(technology, [point for point in points if point.technology == technology])
    return "\n".join(lines)


def _table(technology, points):
    best = min((point for point in points if not point.model.spikes), key=lambda point: point.linear.pj)
    lines = [f"## {technology}", "", f"| {' | '.join(COLUMNS)} |", ALIGNED]
    lines += [f"| {' | '.join(_row(point, best))} |" for point in points]
    return [*lines, "", f"Least of the rivals: {best.model.name}.", ""]


def _row(point, best):
    most = sorted(point.whole.groups.items(), key=lambda item: -item[1])[:3]
    shares = ", ".join(f"{GROUPS[group][0]} {100 * pj / point.whole.pj:.0f} %" for group, pj in most)
    return (
        point.model.name,
        str(point.steps or "-"),
        "-" if point.accuracy is None else f"{100 * point.accuracy:.1f} %",
        f"{point.whole.cycles:,}",
        f"{point.whole.pj / 1e6:.2f}",
        shares,
        f"{point.linear.cycles:,}",
        f"{point.linear.pj / 1e6:.2f}",
        f"{best.linear.pj / point.linear.pj:.3g}",
    )
