"""Parameters of a study: what may vary, as Optuna's distributions, and which values of the config each choice sets."""

from dataclasses import dataclass
from pathlib import Path

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from spikeloom.strict_yaml import Section, plain

SCALARS = (str, int, float, bool)
RANGE_KEYS = ("from", "to", "step", "log", "powers_of_two")
MOST_GRID_VALUES = 10_000


@dataclass(frozen=True)
class Parameter:
    """A name, an Optuna distribution, and for each choice with a name of its own the values that it sets.

    `sets` is None where the parameter is one config path: then the value itself is set. `grid` holds every value that
    an enumeration takes, None for a range without steps.
    """

    name: str
    distribution: object
    grid: tuple | None
    sets: dict | None = None

    def assignments(self, value):
        """{config path: value} of one choice."""
        return {self.name: value} if self.sets is None else self.sets[value]

    @property
    def ends(self):
        """The values to check before anything runs: all of a list, both ends of a range."""
        d = self.distribution
        return d.choices if isinstance(d, CategoricalDistribution) else tuple(dict.fromkeys((d.low, d.high)))

    def description(self):
        """JSON values that say the same: part of a study's identity."""
        d = self.distribution
        return {"distribution": repr(d), **({"sets": self.sets} if self.sets else {})}


def read(section):
    """The Parameters of the section `parameters`. Raises UserError."""
    if not section.keys:
        raise section.error(None, "no parameter")
    return [_parameter(section, name) for name in section.keys]


def value_text(value, folder):
    """A value as `--set` takes it; a file that is there, relative to `folder`, with its absolute path."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and "/" in value and (Path(folder) / value).exists():
        return str((Path(folder) / value).resolve())
    return str(value)


def _parameter(section, name):
    spec = section.any(name)
    if isinstance(spec, list):
        return _list(section, name, spec)
    if not isinstance(spec, Section):
        raise section.error(name, "expected a list of values, a range (from, to), or choices")
    found = _choices(spec, name) if spec.has("choices") else _range(spec, name)
    spec.finish()
    return found


def _list(section, name, values):
    for value in values:
        if not isinstance(value, SCALARS):
            raise section.error(name, "values must be numbers, words, true or false")
    if not values:
        raise section.error(name, "no value")
    if len(set(map(repr, values))) != len(values):
        raise section.error(name, "a value stands there twice")
    return Parameter(name, CategoricalDistribution(tuple(values)), tuple(values))


def _choices(spec, name):
    choices = spec.section("choices")
    sets = {label: plain(choices.section(label)) for label in choices.keys}
    for label, values in sets.items():
        for path, value in values.items():
            if not isinstance(value, SCALARS):
                raise choices.error(label, f"{path}: expected a number, a word, true or false")
    if not sets:
        raise spec.error("choices", "no choice")
    return Parameter(name, CategoricalDistribution(tuple(sets)), tuple(sets), sets)


def _range(spec, name):
    low, high = spec.any("from"), spec.any("to")
    for key, end in (("from", low), ("to", high)):
        if isinstance(end, bool) or not isinstance(end, int | float):
            raise spec.error(key, "expected a number")
    if low > high:
        raise spec.error("to", f"{high} is below from, {low}")
    if spec.value("powers_of_two", bool, False):
        return _powers_of_two(spec, name, low, high)
    log = spec.value("log", bool, False)
    if isinstance(low, int) and isinstance(high, int):
        step = spec.value("step", int, 1, least=1)
        if log and step != 1:
            raise spec.error("step", "a logarithmic range has no steps")
        if (high - low) % step:
            raise spec.error("to", f"{high} is not from, {low}, plus whole steps of {step}")
        grid = tuple(range(low, high + 1, step)) if (high - low) // step < MOST_GRID_VALUES else None
        return Parameter(name, IntDistribution(low, high, log=log, step=step), grid)
    return _real_range(spec, name, float(low), float(high), log)


def _real_range(spec, name, low, high, log):
    step = spec.value("step", float, None)
    if log and (low <= 0 or step is not None):
        raise spec.error("log", "a logarithmic range begins above 0 and has no steps")
    if step is not None and step <= 0:
        raise spec.error("step", "must be above 0")
    grid = None
    if step is not None:
        count = round((high - low) / step)
        if abs(low + count * step - high) > 1e-9 * max(abs(high), step):
            raise spec.error("to", f"{high} is not from, {low}, plus whole steps of {step}")
        grid = tuple(low + i * step for i in range(count + 1)) if count < MOST_GRID_VALUES else None
    return Parameter(name, FloatDistribution(low, high, log=log, step=step), grid)


def _powers_of_two(spec, name, low, high):
    for key, end in (("from", low), ("to", high)):
        if not isinstance(end, int) or end < 1 or end & (end - 1):
            raise spec.error(key, f"{end} is not a power of two")
    values = tuple(1 << i for i in range(low.bit_length() - 1, high.bit_length()))
    return Parameter(name, CategoricalDistribution(values), values)
