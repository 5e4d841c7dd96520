"""What came of every point: its bill by the rule of the regime, and which is best."""

from dataclasses import dataclass, field
from functools import reduce

from spikeloom import UserError
from spikeloom.compare import layers
from spikeloom.compare.bill import Bill, read_bill, read_report
from spikeloom.compare.config import ALL, BATCH, RESIDENT, RIVAL, SPIKING, Regime
from spikeloom.compare.runs import Job, Refused
from spikeloom.traces import manifest


@dataclass(frozen=True)
class Point:
    """A contender with one choice of what is searched, in a regime and a technology. `labels`: {search name: value}.

    `jobs`: of `resident` M and 2 M tokens, else one per layer.
    """

    contender: object
    regime: Regime
    technology: str
    labels: dict
    jobs: tuple

    def called(self):
        """Name and choices in words."""
        choices = ", ".join(_choice(name, value) for name, value in self.labels.items())
        return f"{self.contender.name} ({choices})" if choices else self.contender.name


def _choice(name, value):
    """Names stand for themselves, numbers are told what they are."""
    return f"{name.split('.')[-1].replace('_', ' ')} {value}" if value[0].isdigit() else value.replace("_", " ")


@dataclass(frozen=True)
class Outcome:
    """A point that ran: its bill per token, its main runs, one per layer, and their report."""

    point: Point
    bill: Bill
    runs: tuple
    report: dict = field(repr=False)

    @property
    def pj(self):
        """Energy per token by the rule of the regime."""
        return self.bill.energy_pj()


def points(comparison, regime, technology, energy_file):
    """Every point of the search in a regime, but for batches beyond the tokens that there are: they do not differ."""
    found = []
    for contender in comparison.contenders:
        traces, tokens = traces_of(comparison, contender, regime)
        for labels, settings in contender.points():
            settings = _absolute(comparison, comparison.settings | settings)
            if int(settings.get(BATCH, 1)) > max(1, min(tokens)):
                continue
            jobs = tuple(
                Job(comparison.chip, energy_file, trace, comparison.operations, count, tuple(settings.items()))
                for count in tokens
                for trace in traces
            )
            found.append(Point(contender, regime, technology, labels, jobs))
    return found


def traces_of(comparison, contender, regime):
    """(activations file per layer, tokens of each run) of a contender in a regime. Raises UserError without one."""
    export = manifest.load(contender.trace)
    cases = {case["name"]: case["context"] - case["first"] for case in export.header["cases"]}
    numbers = comparison.layers
    if numbers == ALL:
        export.require_complete(contender.trace)
        numbers = sorted(export.layers)
    paths = [contender.trace / manifest.activations_name(layer, regime.case) for layer in numbers]
    for layer, path in zip(numbers, paths, strict=True):
        if regime.case not in cases or not path.is_file():
            raise UserError(
                f"{contender.trace}: no layer {layer} of case '{regime.case}' "
                f"(cases: {', '.join(cases)}; layers: {layers.words(sorted(export.layers))})"
            )
    there = cases[regime.case]
    if regime.name == "decode" and there != 1:
        raise UserError(
            f"{comparison.file}: decode is one token, case '{regime.case}' of {contender.trace} has {there}"
        )
    wanted = _tokens(regime, there)
    if max(wanted) > there:
        raise UserError(f"{comparison.file}: {regime.name} needs {max(wanted)} tokens, {paths[0]} has {there}")
    return paths, wanted


def _tokens(regime, there):
    if regime.name == RESIDENT:
        return (regime.tokens, 2 * regime.tokens)
    return (regime.tokens or there,)


def _absolute(comparison, settings):
    """Paths in settings are relative to the configuration."""
    folder = comparison.file.parent
    return {
        path: str((folder / value).resolve()) if value.endswith(".yaml") else value for path, value in settings.items()
    }


def outcomes(found_points, results):
    """(outcomes, [(point, why)] that were refused)."""
    ran, refused = [], []
    for point in found_points:
        runs = [results[job] for job in point.jobs]
        why = next((run.why for run in runs if isinstance(run, Refused)), None)
        if why:
            refused.append((point, why))
            continue
        ran.append(_outcome(point, runs))
    for contender in dict.fromkeys(point.contender.name for point in found_points):
        if not any(outcome.point.contender.name == contender for outcome in ran):
            why = next(why for point, why in refused if point.contender.name == contender)
            raise UserError(f"contender '{contender}': every point is refused; the first: {why}")
    return ran, refused


def _outcome(point, runs):
    bills = [read_bill(run) for run in runs]
    if point.regime.name == RESIDENT:
        runs = runs[-1:]
        bill, tokens = bills[-1].minus(bills[0]), point.regime.tokens
        report = read_report(runs[0])
    else:
        report = layers.together([read_report(run) for run in runs], point.contender.trace)
        bill, tokens = reduce(Bill.plus, bills), report["trace"]["tokens"]
    return Outcome(point, bill.over(tokens).without(point.regime.without), tuple(runs), report)


def best(candidates):
    """The one with the smallest bill; the first of equals."""
    return min(candidates, key=lambda outcome: outcome.pj)


def best_per_batch(candidates):
    """{token batch: best outcome}, by batch."""
    grouped = {}
    for outcome in candidates:
        grouped.setdefault(int(outcome.report["chip"].get("token_batch", 1)), []).append(outcome)
    return {batch: best(grouped[batch]) for batch in sorted(grouped)}


def rows(ran):
    """The best outcome per spiking row: contenders' names and the labels of their `rows`, in their order."""
    grouped = {}
    for outcome in ran:
        if outcome.point.contender.side == SPIKING:
            grouped.setdefault(row_key(outcome), []).append(outcome)
    return [best(candidates) for candidates in grouped.values()]


def row_key(outcome):
    """What tells rows apart."""
    contender = outcome.point.contender
    return (contender.name, *(outcome.point.labels[name] for name in contender.rows))


def rivals(ran):
    """The best outcome per rival, in the order of the configuration."""
    grouped = {}
    for outcome in ran:
        if outcome.point.contender.side == RIVAL:
            grouped.setdefault(outcome.point.contender.name, []).append(outcome)
    return [best(candidates) for candidates in grouped.values()]


def on_identical_integers(spiking, candidates):
    """Those of the candidates that run on the same trace files."""
    return [one for one in candidates if _integers(one) == _integers(spiking)]


def _integers(outcome):
    trace = outcome.report["trace"]
    return trace["sha256"], trace["weights_sha256"]
