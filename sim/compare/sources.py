"""Makes the numbers of a report from bills, each with what `--explain` needs to make it again."""

from spikeloom.compare import layers, rungs
from spikeloom.compare.numbers import Number, ratio_text
from spikeloom.plots import style


def energy_text(pj):
    """Energy in the unit that reads best; a difference of bills may be negative."""
    return ("-" if pj < 0 else "") + style.energy(abs(pj))


def energy(numbers, outcome, groups=None):
    """Energy per token of an outcome."""
    value = outcome.bill.energy_pj(groups)
    what = f"energy per token of {outcome.point.called()}, {_place(outcome)}" + _of(groups)
    return Number(value, energy_text(value), what, {"kind": "energy"} | _part(numbers, outcome, groups))


def ratio(numbers, rival, spiking, rung=rungs.ALL):
    """Rival's over spiking energy, counted up to a rung."""
    groups = rungs.groups_up_to(rung)
    value = rungs.ratio(rival.bill, spiking.bill, rung)
    what = f"rival over spiking energy, rungs 1 to {rung}: {_pair(rival, spiking)}"
    return _ratio(numbers, value, what, (rival, groups), (spiking, groups))


def ceiling(numbers, rival, spiking):
    """The ratio if all spike arithmetic were free."""
    free = rungs.groups_of(rungs.SPIKE_ARITHMETIC)
    paid = tuple(group for group in spiking.bill.groups_pj() if group not in free)
    value = rungs.ceiling(rival.bill, spiking.bill)
    what = f"ceiling: rival's total over spiking total without rungs 1 and 3: {_pair(rival, spiking)}"
    return _ratio(numbers, value, what, (rival, None), (spiking, paid))


def share(numbers, outcome, groups):
    """Share of some groups in an outcome's bill."""
    value = outcome.bill.energy_pj(groups) / outcome.bill.energy_pj()
    what = f"share of {', '.join(groups)} in the bill of {outcome.point.called()}, {_place(outcome)}"
    number = _ratio(numbers, value, what, (outcome, groups), (outcome, None))
    return Number(value, style.share(value), what, number.source)


def count(numbers, outcome, event):
    """How often an event happened, in all tokens of the regime's bill."""
    value = outcome.bill.count(event)
    what = f"count of {event} in the bill of {outcome.point.called()}, {_place(outcome)}"
    source = {"kind": "count", "bill": numbers.bill(outcome.bill), "event": event}
    return Number(value, f"{value:,.0f}", what, source)


def reported(outcome, path, shown):
    """A value of the main run's report.json, shown as the function `shown` says; None if it is not there.

    Of several layers a share is theirs together, anything else the same in all.
    """
    value = outcome.report
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, (int, float)):
        return None
    what = f"{path} in report.json of {outcome.point.called()}, {_place(outcome)}"
    source = {"kind": "report", "run": outcome.runs[0].key, "path": path}
    name = path.split(".")[-1]
    if len(outcome.runs) > 1 and name in layers.WEIGHTS:
        keys = [run.key for run in outcome.runs]
        source = {"kind": "layers", "runs": keys, "path": path, "weights": layers.WEIGHTS[name][0]}
    return Number(value, shown(value), what, source)


def read(value, shown, file, row, column):
    """A number that stands in a table of a file."""
    source = {"kind": "file", "file": file, "row": row, "column": column}
    return Number(value, shown, f"{column} of {row}, {file}", source)


def derived(numbers, value, what, how, used=(), shown=None):
    """A number that a rule makes, from the bills of some outcomes."""
    source = {"kind": "derived", "how": how, "bills": [numbers.bill(outcome.bill) for outcome in used]}
    return Number(value, shown or ratio_text(value), what, source)


def _ratio(numbers, value, what, above, below):
    source = {"kind": "ratio", "above": _part(numbers, *above), "below": _part(numbers, *below)}
    return Number(value, ratio_text(value), what, source)


def _part(numbers, outcome, groups):
    return {"bill": numbers.bill(outcome.bill), "groups": None if groups is None else list(groups)}


def _pair(rival, spiking):
    return f"{rival.point.called()} over {spiking.point.called()}, {_place(spiking)}"


def _place(outcome):
    return f"{outcome.point.regime.name}, {outcome.point.technology}"


def _of(groups):
    return "" if groups is None else f", groups {', '.join(groups)}"
