"""One trial, as a worker computes it: check and price the chip, simulate it or take the kept result, judge it."""

import json
import time
from dataclasses import dataclass, field

from spikeloom import UserError
from spikeloom.explore import metrics, number_format, parameters
from spikeloom.store import program as programs
from spikeloom.store.bill import has_same_prices
from spikeloom.store.result_store import ResultStore
from spikeloom.store.simulation import simulation

COMPLETE, INFEASIBLE, PRUNED, FAILED = "complete", "infeasible", "pruned", "failed"
# Of a trial whose program was killed.
TRIES = 4


@dataclass(frozen=True)
class Task:
    """What a worker needs: the experiment and its changed values, what to judge by, and where results are kept.

    `values` maps config paths (and `format.` settings) to values. `part` is what makes a part of the layer, and `bar`
    the objectives (all to be minimized, by name) of trials that a pruned one must not beat. `limits` are constraints
    on what is known before a simulation; a trial outside them is not simulated.
    """

    program: str
    program_sha256: str
    experiment: str
    folder: str
    store: str
    values: dict
    metrics: list
    format: object
    limits: list = field(default_factory=list)
    part: dict | None = None
    bar: list = field(default_factory=list)


@dataclass
class Outcome:
    """What became of a trial: `state`, `metrics` by name, a `reason` where it is not complete, and `seconds` by kind of
    work: simulation, format (perplexity and trace), all."""

    state: str
    metrics: dict = field(default_factory=dict)
    reason: str = ""
    seconds: dict = field(default_factory=dict)
    kept: bool = False
    trace: str = ""


def evaluate(task):
    """The Outcome of a Task; a program that is killed is started again.

    Raises UserError where the next trial would fare no better: a full disk, a program that is killed every time.
    """
    for _ in range(TRIES):
        try:
            return _outcome(task)
        except programs.Killed as error:
            killed = error
    raise UserError(f"{killed}, {TRIES} times (out of memory?)") from killed


def _outcome(task):
    begin = time.monotonic()
    outcome = Outcome(COMPLETE, seconds={"simulation": 0.0, "format": 0.0})
    try:
        _evaluate(task, outcome)
    except programs.Refused as refused:
        outcome.state, outcome.reason = INFEASIBLE, str(refused)
    except programs.Broken as broken:
        outcome.state, outcome.reason = FAILED, str(broken)
    outcome.seconds["all"] = time.monotonic() - begin
    return outcome


def _evaluate(task, outcome):
    if programs.file_sha256(task.program) != task.program_sha256:
        raise UserError(f"{task.program}: another build on this worker than where the study was started")
    store = ResultStore(task.store)
    chosen, values = number_format.split(task.values)
    if chosen and number_format.TRACE not in values:
        values[number_format.TRACE], product = number_format.trace(store, task.format, chosen)
        outcome.seconds["format"] += product.seconds
    texts = {path: parameters.value_text(value, task.folder) for path, value in values.items()}
    priced = programs.price(task.program, task.experiment, texts)
    outcome.trace = priced["trace"]["file"]
    outcome.metrics |= metrics.before(priced, task.metrics)
    if metrics.PERPLEXITY in task.metrics:
        outcome.metrics[metrics.PERPLEXITY], product = number_format.perplexity(store, task.format, chosen)
        outcome.seconds["format"] += product.seconds
    broken = [str(limit) for limit in task.limits if limit.violation(outcome.metrics[limit.metric]) > 0]
    if broken:
        outcome.state, outcome.reason = INFEASIBLE, f"outside {'; '.join(broken)}"
    elif all(metrics.is_known_before(name) for name in task.metrics):
        outcome.kept = True
    elif _is_beaten(task, store, texts, outcome):
        outcome.state, outcome.reason = PRUNED, "a part of the layer takes as much as the whole of a better trial"
    else:
        outcome.metrics |= _simulated(task, store, texts, priced, outcome, task.metrics)


def _simulated(task, store, texts, priced, outcome, names):
    """The metrics `names` that need a simulation."""
    product = simulation(store, task.program, priced)
    outcome.seconds["simulation"] += product.seconds
    outcome.kept = product.kept
    report = json.loads((product.folder / "report.json").read_text(encoding="utf-8"))
    if not has_same_prices(priced, product):  # kept in another technology
        energy = programs.price(task.program, task.experiment, texts, counts=product.folder)["energy"]
    else:
        energy = report["energy"] | {"cycles": report["time"]["cycles"]}
    return metrics.after(energy, report, names)


def _is_beaten(task, store, texts, outcome):
    """Whether a trial of the bar is at least as good in every objective as a part of this one."""
    if not task.part or not task.bar:
        return False
    part = texts | {path: parameters.value_text(value, task.folder) for path, value in task.part.items()}
    priced = programs.price(task.program, task.experiment, part)
    names = list(task.bar[0])
    least = outcome.metrics | _simulated(task, store, part, priced, outcome, names)
    return any(all(better[name] <= least[name] for name in names) for better in task.bar)
