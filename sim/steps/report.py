"""The report of `spikeloom steps` in Markdown: a table for each technology."""

from spikeloom.plots.style import GROUPS
from spikeloom.steps.points import levels

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
        "Accuracy: of all test texts after so many steps; of a rival, that of the network that it computes:",
        "",
        *(f"- {model.name}: {_network(study, model)}" for model in study.models if not model.spikes),
        "",
        "Traces of rivals hold no matrix products of attention, those of spikes do. The last columns have the linear "
        "operations alone, of both. The ratio is of those: of the rival that takes least, over the row.",
        "",
    ]
    for technology in dict.fromkeys(point.technology for point in points):
        lines += _table(technology, [point for point in points if point.technology == technology])
    return "\n".join(lines)


def _network(study, rival):
    parts = levels(study, rival)
    rates = f"rounded to multiples of 1/{parts}" if parts else "in binary16; accuracy with real numbers"
    where = f"checkpoint {rival.folder.name} at the equilibrium, in one pass without time steps"
    codes = f"; codes are the spike counts of {max(study.steps)} steps" if rival.method == "twin" else ""
    return f"{where}, rates {rates}{codes}"


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
