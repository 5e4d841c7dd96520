"""A comparison that ran: per regime and technology its outcomes, their best, ratios and what prices do to them."""

from dataclasses import dataclass, field, replace
from functools import cached_property

from spikeloom import UserError
from spikeloom.compare import (
    equal_area,
    fairness,
    outcomes,
    perplexity_rows,
    readings,
    refine,
    rungs,
    sensitivity,
    uncertainty,
    zeros,
)
from spikeloom.compare.config import ALL, RIVAL, RUNGS, SPIKING
from spikeloom.strict_yaml import Section
from spikeloom.traces import manifest
from spikeloom.wording import counted


@dataclass(frozen=True)
class Bout:
    """All outcomes of one regime in one technology; they are never mixed with another's."""

    regime: object
    technology: str
    ran: list
    refused: list
    differences: list

    def side(self, name):
        """Outcomes of one side."""
        return [outcome for outcome in self.ran if outcome.point.contender.side == name]

    @cached_property
    def rows(self):
        """Best outcome per spiking row."""
        return outcomes.rows(self.ran)

    @cached_property
    def rivals(self):
        """Best outcome per rival."""
        return outcomes.rivals(self.ran)

    @cached_property
    def best_spiking(self):
        """The cheapest of the spiking side."""
        return outcomes.best(self.side(SPIKING))

    @cached_property
    def freest_spiking(self):
        """The cheapest of the spiking side if all spike arithmetic were free."""
        return min(self.side(SPIKING), key=lambda outcome: rungs.without_arithmetic(outcome.bill))

    @cached_property
    def identical(self):
        """Every multiply-accumulate outcome on the integers of the best spiking one."""
        return outcomes.on_identical_integers(self.best_spiking, self.side(RIVAL))

    @cached_property
    def best_rival(self):
        """The cheapest on the identical integers; None without any."""
        return outcomes.best(self.identical) if self.identical else None

    @cached_property
    def headline(self):
        """Best rival on the identical integers over best spiking, everything counted; None without a rival."""
        return rungs.ratio(self.best_rival.bill, self.best_spiking.bill) if self.best_rival else None

    @cached_property
    def spiking_on_the_same(self):
        """Every spiking outcome on those integers."""
        return outcomes.on_identical_integers(self.best_spiking, self.side(SPIKING))

    def within(self, names):
        """The same bout with some of the spiking contenders alone; None where none of them ran."""
        ran = [
            outcome
            for outcome in self.ran
            if outcome.point.contender.side == RIVAL or outcome.point.contender.name in names
        ]
        found = replace(self, ran=ran)
        return found if found.side(SPIKING) else None

    def cells(self):
        """Every ratio of the rung tables, as readings.Cell."""
        return [
            readings.Cell(self.regime.name, self.technology, row, rival, rung, rungs.ratio(rival.bill, row.bill, rung))
            for row in self.rows
            for rival in self.rivals
            for rung in range(1, RUNGS + 1)
        ]

    def prices(self, groups):
        """sensitivity.Prices of the headline's two sides."""
        return sensitivity.Prices(self.identical, self.spiking_on_the_same, self.of_here(groups))

    def of_here(self, groups):
        """The groups of prices that hold in this technology."""
        return uncertainty.of_technology(groups, self.technology)


@dataclass(frozen=True)
class Study:
    """Everything that the report is made of."""

    comparison: object
    bouts: list
    groups: list
    perplexities: dict
    other_zeros: list
    equal_area: list = field(default_factory=list)

    @property
    def within_limit(self):
        """Names of contenders whose perplexity is stated and within the limit of the configuration."""
        limit = self.comparison.perplexity_limit
        return [name for name, perplexity in self.perplexities.items() if limit and perplexity.value <= limit]

    @cached_property
    def cells(self):
        """Every ratio of every rung table."""
        return [cell for bout in self.bouts for cell in bout.cells()]

    def of_regime(self, name):
        """The bouts of a regime."""
        return [bout for bout in self.bouts if bout.regime.name == name]

    @cached_property
    def layers_of_model(self):
        """How many layers the first contender's model has."""
        return manifest.load(self.comparison.contenders[0].trace).layers_of_model

    @property
    def lacks_layers(self):
        """Whether the comparison takes layers together and the model has more than those."""
        wanted = self.comparison.layers
        return (wanted == ALL or len(wanted) > 1) and self._layers < self.layers_of_model

    @property
    def layers_ran(self):
        """`4 of 30 layers`."""
        return f"{self._layers} of {counted(self.layers_of_model, 'layer')}"

    @property
    def _layers(self):
        sha256 = self.bouts[0].ran[0].report["trace"]["sha256"]
        return 1 if isinstance(sha256, str) else len(sha256)

    @property
    def synthetic(self):
        """Whether any trace is random."""
        return any(outcome.report["synthetic"] for bout in self.bouts for outcome in bout.ran)


def run(comparison, runs, allow_different=False):
    """The Study of a comparison. Raises UserError for bad input, failed runs and unfair comparisons."""
    groups = uncertainty.load(comparison.uncertainty) if comparison.uncertainty else []
    perplexities = _perplexities(comparison)
    places = {_technology_name(path): path for path in comparison.technologies}
    _check_readings(comparison, places)
    planned = [
        (regime, technology, outcomes.points(comparison, regime, technology, path))
        for regime in comparison.regimes
        for technology, path in places.items()
    ]
    results = _results(runs, planned)
    bouts = [_bout(comparison, *plan, results) for plan in planned]
    if comparison.refine:
        planned = [
            (regime, technology, found + refine.points(comparison, bout))
            for (regime, technology, found), bout in zip(planned, bouts, strict=True)
        ]
        results = _results(runs, planned)
        bouts = [_bout(comparison, *plan, results) for plan in planned]
    found = list(dict.fromkeys(difference for bout in bouts for difference in bout.differences))
    fairness.require_fair(found, allow_different)
    other_zeros, matched = zeros.sweep(comparison, runs, bouts), equal_area.matches(comparison, runs, bouts)
    return Study(comparison, bouts, groups, perplexities, other_zeros, matched)


def _results(runs, planned):
    return runs.results([job for _, _, found in planned for point in found for job in point.jobs])


def _bout(comparison, regime, technology, found_points, results):
    ran, refused = outcomes.outcomes(found_points, results)
    may_differ = [*comparison.may_differ, *comparison.searched()]
    return Bout(regime, technology, ran, refused, fairness.differences(ran, may_differ))


def _perplexities(comparison):
    """{contender's name: Perplexity} of those that name one."""
    if not comparison.perplexity:
        return {}
    named = [contender for contender in comparison.contenders if contender.perplexity]
    for one in named:
        _require_own(comparison, one)
    return {one.name: perplexity_rows.read(comparison.perplexity, one.perplexity) for one in named}


def _require_own(comparison, contender):
    """Raises UserError if the perplexity is that of another method or option than the trace was exported with."""
    header = manifest.load(contender.trace).header
    own = {"method": header["method"]} | {name: str(value) for name, value in header["options"].items()}
    for name, value in contender.perplexity.items():
        if own.get(name, value) != value:
            raise UserError(
                f"{comparison.file}: contender '{contender.name}': its perplexity is read of {name} {value}, "
                f"but {contender.trace} was exported with {name} {own[name]}"
            )


def _check_readings(comparison, technologies):
    regimes = [regime.name for regime in comparison.regimes]
    for reading in comparison.readings:
        for names, there in ((reading.technologies, technologies), (reading.regimes, regimes)):
            missing = [name for name in names if name not in there]
            if missing:
                known = ", ".join(there)
                raise UserError(
                    f"{comparison.file}: reading '{reading.name}': no '{missing[0]}' here (there are {known})"
                )


def _technology_name(path):
    section = Section.load(path)
    if not section.has("technology"):
        raise UserError(f"{path}: no section 'technology'")
    return section.section("technology").text("name")
