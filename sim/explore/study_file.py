"""A study as its YAML file describes it (README.md beside this file)."""

import math
from dataclasses import dataclass, field
from pathlib import Path

from spikeloom import UserError, wanted_file
from spikeloom.explore import metrics, parameters
from spikeloom.explore.number_format import FormatSettings
from spikeloom.strict_yaml import plain

SAMPLERS = ("grid", "random", "nsga2", "nsga3", "tpe")
# These draw the same points whatever the results are.
BLIND_SAMPLERS = ("grid", "random")
DIRECTIONS = ("minimize", "maximize")
CLUSTERS = ("slurm", "pbs", "lsf", "kubernetes")


@dataclass(frozen=True)
class Constraint:
    """A metric's bound: at most, or at least."""

    metric: str
    most: float | None = None
    least: float | None = None

    def violation(self, value):
        """How far a value is outside; 0 or less inside."""
        return max(
            value - self.most if self.most is not None else -math.inf,
            self.least - value if self.least is not None else -math.inf,
        )

    def __str__(self):
        ends = {"at least": self.least, "at most": self.most}
        words = " and ".join(f"{word} {end:g}" for word, end in ends.items() if end is not None)
        return f"{self.metric} {words}"


@dataclass(frozen=True)
class StudyFile:
    """Everything that a study's file says. `sets` and `part` map config paths to values; `objectives` metrics to
    directions; `execution` names of clusters to their settings."""

    file: Path
    name: str
    experiment: Path
    trials: int
    sampler: str
    seed: int
    population: int
    in_flight: int
    storage: str | None
    sets: dict
    parameters: list
    constraints: list
    objectives: dict
    part: dict | None
    format: FormatSettings
    workers: int | None
    execution: dict = field(default_factory=dict)

    @property
    def folder(self):
        """What relative paths in values refer to."""
        return self.file.absolute().parent

    @property
    def metrics(self):
        """Every metric that a trial needs, each once."""
        return list(dict.fromkeys([*self.objectives, *(constraint.metric for constraint in self.constraints)]))

    @property
    def learns(self):
        """Whether the sampler looks at results."""
        return self.sampler not in BLIND_SAMPLERS

    @property
    def grid_size(self):
        """How many points a grid has."""
        return math.prod(len(parameter.grid) for parameter in self.parameters)


def read(path):
    """The StudyFile at `path`. Raises UserError naming file, line and key."""
    root = wanted_file.load(path, "study")
    path = Path(path)  # as it was given: messages begin with it
    head = root.section("study")
    found = parameters.read(root.section("parameters"))
    search = root.section("search", optional=True)
    sampler = search.value("sampler", str, "nsga2", names=SAMPLERS)
    objectives = _objectives(root.section("objectives"))
    execution = root.section("execution", optional=True)
    study = StudyFile(
        file=path,
        name=_name(head),
        experiment=_experiment(head, path.parent),
        trials=head.value("trials", int, least=1),
        sampler=sampler,
        seed=search.value("seed", int, 1, least=0),
        population=search.value("population", int, 20, least=2),
        in_flight=search.value("in_flight", int, 8, least=1),
        storage=search.value("storage", str, None),
        sets=_values(head, "set"),
        parameters=found,
        constraints=_constraints(root.section("constraints", optional=True)),
        objectives=objectives,
        part=_part(root, objectives),
        format=FormatSettings.read(root.section("format", optional=True), path.parent),
        workers=execution.value("workers", int, None, least=1),
        execution={name: plain(execution.any(name)) or {} for name in CLUSTERS if execution.has(name)},
    )
    for section in (root, head, search, execution):
        section.finish()
    _check_grid(study, search)
    return study


def _name(head):
    name = head.value("name", str)
    if not name or name[0] == "." or "/" in name:
        raise head.error("name", f"'{name}' must not begin with a dot or contain a slash: it names the results folder")
    return name


def _experiment(head, folder):
    named = folder / head.value("experiment", str)
    if not named.is_file():
        raise head.error("experiment", f"no such file '{named}'")
    return named.resolve()


def _values(section, key):
    """{config path: value} under a key, perhaps none."""
    values = plain(section.section(key, optional=True))
    for path, value in values.items():
        if not isinstance(value, parameters.SCALARS):
            raise section.error(key, f"{path}: expected a number, a word, true or false")
    return values


def _objectives(section):
    found = {}
    for name in section.keys:
        _check_metric(section, name)
        found[name] = section.value(name, str, names=DIRECTIONS)
    if not found:
        raise section.error(None, "no objective")
    return found


def _constraints(section):
    found = []
    for name in section.keys:
        _check_metric(section, name)
        bounds = section.section(name)
        constraint = Constraint(name, bounds.value("most", float, None), bounds.value("least", float, None))
        if constraint.most is None and constraint.least is None:
            raise section.error(name, "expected `most`, `least` or both")
        if None not in (constraint.most, constraint.least) and constraint.least > constraint.most:
            raise bounds.error(
                "least", f"{constraint.least:g} is above most, {constraint.most:g}: nothing can meet both"
            )
        bounds.finish()
        found.append(constraint)
    return found


def _check_metric(section, name):
    try:
        metrics.check(name)
    except UserError as error:
        raise section.error(name, str(error)) from error


def _part(root, objectives):
    """The values that make a part of the layer, whose results are lower bounds; None where nothing is pruned."""
    if not root.has("prune_by_part"):
        return None
    for metric, direction in objectives.items():
        if direction != "minimize" or not metrics.is_bounded_by_parts(metric):
            raise root.error("prune_by_part", f"a part of the layer is no lower bound of {metric}, to {direction}")
    part = _values(root, "prune_by_part")
    for path in part:
        if path != "workload.tokens":
            raise root.error("prune_by_part", f"{path}: only fewer workload.tokens are a part of the layer")
    return part


def _check_grid(study, search):
    if study.sampler != "grid":
        return
    for parameter in study.parameters:
        if parameter.grid is None:
            raise search.error("sampler", f"a grid needs steps or values, and {parameter.name} is a range without")
