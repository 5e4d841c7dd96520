"""The configuration of a comparison; its schema is described in sim/compare/README.md."""

from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from spikeloom import wanted_file
from spikeloom.compare import layers
from spikeloom.compare.perplexity_rows import LINES, Source
from spikeloom.compare.rungs import GROUPS
from spikeloom.strict_yaml import Section

SIDES = ("spiking", "multiply_accumulate")
SPIKING, RIVAL = SIDES
REGIMES = ("resident", "prefill", "decode")
RESIDENT = REGIMES[0]
BATCH = "chip.tile.token_batch"
DATAPATH, SPIKES = "chip.tile.datapath", "accumulate_and_fire"
RUNGS = 9
ALL = "all"


@dataclass(frozen=True)
class Regime:
    """`case` of the export; `tokens`: M of the resident regime (it runs M and 2 M), else how many run (None: all).

    `without`: energy groups that are no part of its bill.
    """

    name: str
    case: str
    tokens: int | None
    without: tuple = ()


@dataclass(frozen=True)
class Contender:
    """A chip on a trace. `search`: per name {label: {path: value}}; `rows`: names that get table rows.

    `method`: what it shares with the other settings of it; its name, if it has none.
    """

    name: str
    method: str
    side: str
    trace: Path
    settings: dict
    search: dict
    rows: tuple
    perplexity: dict | None

    def points(self):
        """Every combination of the search: ({search name: label}, {path: value})."""
        for labels, chosen in _combinations(self.search):
            yield labels, self.settings | chosen


@dataclass(frozen=True)
class Reading:
    """Cells taken, before anything ran, as the meaning of a published figure.

    `claim` is rival over spiking energy (below 1: spiking takes more); `tolerance` a factor to either side;
    `spiking`: the contender's name and labels that its row must have.
    """

    name: str
    source: str
    claim: float
    tolerance: float
    spiking: dict
    regimes: tuple
    rungs: tuple
    rivals: tuple
    technologies: tuple
    why: str

    def holds(self, ratio):
        """Whether a ratio lies within the tolerance of the claim."""
        return self.claim / self.tolerance <= ratio <= self.claim * self.tolerance


@dataclass(frozen=True)
class EqualArea:
    """Other sizes of a rival's chip, of which the one next to the best spiking chip's area is taken.

    `search`: per name {label: {path: value}}; `tolerance`: of the area, as a share of it.
    """

    search: dict
    tolerance: float

    def sizes(self):
        """Every combination: ({name: label}, {path: value})."""
        return _combinations(self.search)


@dataclass(frozen=True)
class Comparison:
    """The whole configuration. `layers`: numbers, or ALL that an export holds."""

    file: Path
    name: str
    chip: Path
    technologies: tuple
    layers: tuple | str
    operations: tuple
    settings: dict
    regimes: tuple
    contenders: tuple
    may_differ: tuple
    perplexity: Source | None
    perplexity_limit: float | None
    equal_area: EqualArea | None
    refine: dict
    uncertainty: Path | None
    samples: int
    seed: int
    zero_shares: tuple
    readings: tuple = field(default=())

    def refinements(self):
        """Every combination of `refine`: ({name: label}, {path: value}); none without it."""
        return _combinations(self.refine) if self.refine else ()

    def searched(self):
        """Every path that some contender searches, or `refine` for all."""
        paths = set()
        for search in (self.refine, *(contender.search for contender in self.contenders)):
            for alternatives in search.values():
                paths |= {path for alternative in alternatives.values() for path in alternative}
        return sorted(paths)

    def side(self, name):
        """The contenders of one side."""
        return [contender for contender in self.contenders if contender.side == name]


def _combinations(search):
    for combination in product(*search.values()):
        labels = dict(zip(search, combination, strict=True))
        settings = {}
        for name, chosen in labels.items():
            settings |= search[name][chosen]
        yield labels, settings


def load(path):
    """The Comparison of a file. Raises UserError with file, line and column."""
    file = wanted_file.load(path, "compare")
    root = file.section("compare")
    file.finish()
    operations = root.any("operations")
    regimes = _regimes(root.section("regimes"))
    contenders = tuple(one for section in root.sections("contenders") for one in _contenders(section))
    _refuse_twins(root, contenders)
    comparison = Comparison(
        file=Path(path),
        name=root.text("name"),
        chip=root.file("chip"),
        technologies=tuple(root.files("technologies")),
        layers=_layers(root, regimes),
        operations=ALL if operations == ALL else tuple(root.texts("operations")),
        settings=_settings(root, "set"),
        regimes=regimes,
        contenders=contenders,
        may_differ=tuple(root.texts("may_differ")),
        perplexity=_perplexity(root.section("perplexity")) if root.has("perplexity") else None,
        perplexity_limit=root.value("perplexity_limit", float, None, least=1.0),
        equal_area=_equal_area(root.section("equal_area")) if root.has("equal_area") else None,
        refine=_search(root.section("refine")) if root.has("refine") else {},
        uncertainty=root.file("uncertainty") if root.has("uncertainty") else None,
        samples=root.value("samples", int, least=100, most=1000000),
        seed=root.value("seed", int, least=0, most=2**31),
        zero_shares=tuple(root.values("zero_shares", float, least=0.0, most=1.0)) if root.has("zero_shares") else (),
        readings=_readings(root, contenders) if root.has("readings") else (),
    )
    root.finish()
    if comparison.perplexity_limit and not comparison.perplexity:
        raise root.error("perplexity_limit", "needs a table of perplexities, the key `perplexity`")
    if not comparison.perplexity and any(contender.perplexity for contender in contenders):
        raise root.error(
            "contenders", "some name a perplexity, but the comparison has no key `perplexity` (which file)"
        )
    return comparison


def _layers(root, regimes):
    """(number,) of `layer`; of `layers` the numbers, or ALL."""
    if not root.has("layers"):
        return (root.value("layer", int, least=0, most=10000),)
    if root.has("layer"):
        raise root.error("layer", "a comparison has either a layer or layers")
    for regime in regimes:
        if regime.name == RESIDENT:
            raise root.error("regimes", "no chip holds the weights of several layers: resident is of one `layer`")
    given = ",".join(root.texts("layers")) if isinstance(root.any("layers"), list) else root.text("layers")
    try:
        return ALL if given == ALL else layers.parse(given)
    except ValueError as error:
        raise root.error("layers", f"{error} (allowed: all, a list of numbers, or as 0-3,15)") from error


def _settings(section, key):
    """{path: value as it is written} under a key, perhaps none."""
    return section.section(key, optional=True).all_texts()


def _regimes(section):
    regimes = []
    for name in section.keys:
        if name not in REGIMES:
            raise section.error(name, f"not a regime (there are {', '.join(REGIMES)})")
        part = section.section(name)
        tokens = part.value("tokens", int, least=1, most=1 << 20) if name == "resident" or part.has("tokens") else None
        without = tuple(part.texts("without")) if part.has("without") else ()
        for group in without:
            if group not in GROUPS:
                raise part.error("without", f"'{group}' is no energy group (there are {', '.join(GROUPS)})")
        regimes.append(Regime(name, part.text("case"), tokens, without))
        part.finish()
    return tuple(regimes)


def _contenders(section):
    """A contender, or one for each of its settings."""
    search = section.section("search", optional=True)
    names = search.keys
    method = section.text("name")
    shared = {
        "method": method,
        "side": section.value("side", str, names=SIDES),
        "settings": _settings(section, "set"),
        "search": _search(search),
        "rows": tuple(section.texts("rows")) if section.has("rows") else (),
    }
    if section.has("settings"):
        parts = section.sections("settings")
        found = [_setting(part, f"{method}, {part.text('name')}", shared, part.section("perplexity")) for part in parts]
        for part in parts:
            part.finish()
    else:
        found = [_setting(section, method, shared, section.section("perplexity", optional=True))]
    if shared["side"] == SPIKING and shared["settings"].get(DATAPATH, SPIKES) != SPIKES:
        raise section.error("side", f"must be {RIVAL}: it sets {DATAPATH} to {shared['settings'][DATAPATH]}")
    for name in shared["rows"]:
        if name not in names:
            raise section.error("rows", f"'{name}' is not searched")
    section.finish()
    return found


def _setting(section, name, shared, perplexity):
    return Contender(name=name, trace=section.file("trace"), perplexity=perplexity.all_texts() or None, **shared)


def _equal_area(section):
    found = EqualArea(_search(section.section("search")), section.value("tolerance", float, least=0.0, most=1.0))
    section.finish()
    return found


def _search(section):
    return {name: _labelled(section, name) for name in section.keys}


def _labelled(search, name):
    """{label: {path: value}}: called by the first value, and by the others where that is not enough."""
    alternatives = [one.all_texts() if isinstance(one, Section) else {name: one} for one in search.items(name)]
    firsts = [next(iter(one.values()), "") for one in alternatives]
    found = {}
    for first, one in zip(firsts, alternatives, strict=True):
        rest = [f"{path.split('.')[-1]} {value}" for path, value in list(one.items())[1:]]
        label = " with ".join([first, *([", ".join(rest)] if rest and firsts.count(first) > 1 else [])])
        if not first or label in found:
            raise search.error(name, f"'{label}' stands here twice" if first else "an alternative is empty")
        found[label] = one
    return found


def _refuse_twins(root, contenders):
    names = [contender.name for contender in contenders]
    for name in names:
        if names.count(name) > 1:
            raise root.error("contenders", f"two contenders are called '{name}'")
    if not any(contender.side == SPIKING for contender in contenders):
        raise root.error("contenders", "none of them has side: spiking")


def _perplexity(section):
    path = section.file("file")
    if path.suffix == LINES:
        text = section.text("text")
        found = Source(path, f"perplexity of {text}", text)
    else:
        found = Source(path, section.text("column"))
    section.finish()
    return found


def _readings(root, contenders):
    names = {side: [c.name for c in contenders if c.side == side] for side in SIDES}
    return tuple(_reading(section, names) for section in root.sections("readings"))


def _reading(section, names):
    spiking = _settings(section, "spiking")
    if spiking.get("contender") not in names[SPIKING]:
        raise section.error("spiking", "needs a `contender` of side spiking")
    rivals = tuple(section.texts("rivals"))
    for rival in rivals:
        if rival not in names[RIVAL]:
            raise section.error("rivals", f"'{rival}' is not a contender of side multiply_accumulate")
    regimes = tuple(section.texts("regimes"))
    for regime in regimes:
        if regime not in REGIMES:
            raise section.error("regimes", f"'{regime}' is not one of {', '.join(REGIMES)}")
    found = Reading(
        name=section.text("name"),
        source=section.text("source"),
        claim=section.value("claim", float, least=1e-6, most=1e6),
        tolerance=section.value("tolerance", float, least=1.0, most=100.0),
        spiking=spiking,
        regimes=regimes,
        rungs=tuple(section.values("rungs", int, least=1, most=RUNGS)),
        rivals=rivals,
        technologies=tuple(section.texts("technologies")),
        why=section.text("why"),
    )
    section.finish()
    return found
