"""The report of a study: its sections in order."""

from dataclasses import dataclass, field

from spikeloom.compare import (
    break_even,
    perplexity_rows,
    published_hook,
    readings,
    sources,
    uncertainty,
    words,
)
from spikeloom.compare.config import RIVAL
from spikeloom.compare.document import Bullets, Figure, Heading, Paragraph
from spikeloom.compare.numbers import Numbers
from spikeloom.compare.tables import Tables, percent_of_cells
from spikeloom.plots import (
    compare_bars,
    compare_batch,
    compare_break_even,
    compare_front,
    compare_rungs,
    compare_tornado,
)

TOP_SWINGS = 14
BREAK_EVEN_FACTORS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
MEANING = {
    "resident": "Weights resident: the marginal bill E(2M tokens) - E(M tokens), M = {tokens}, per token. Weights are "
    "loaded once per pass for all tokens, so that the difference holds none of their loads.",
    "prefill": "Prefill: all tokens of case `{case}`, weights loaded from DRAM once for all of them; per token. The "
    "number of tokens that share a weight read is swept.",
    "decode": "Decode: one token (case `{case}`), every weight from DRAM.",
}
HOW_TO_CHECK = (
    "Every number has an id: in a sentence it is the small raised one, in a table it is table.row.column (T3.2.4; the "
    "column of row numbers does not count). `spikeloom compare CONFIG --explain ID -o FOLDER` prints the counters, "
    "prices and files that make it. A ratio is rival over spiking energy: above 1 the spiking chip takes less."
)


@dataclass
class Report:
    """`blocks` in order, `figures`: {name: function that draws it}, `numbers` for `--explain`."""

    blocks: list = field(default_factory=list)
    figures: dict = field(default_factory=dict)
    numbers: Numbers = field(default_factory=Numbers)


def build(study):
    """The Report of a study."""
    return _Writer(study).write()


class _Writer:
    def __init__(self, study):
        self._study, self._report = study, Report()
        self._numbers = self._report.numbers
        self._tables = Tables(self._numbers)
        self._rivals = bool(study.comparison.side(RIVAL))
        self._intervals = {}

    def write(self):
        sections = [self._head, self._verdict, self._what]
        sections += [lambda regime=regime: self._regime(regime) for regime in self._study.comparison.regimes]
        sections += [self._matched, self._front]
        if self._rivals:
            sections += [self._readings, self._sensitivity, self._break_even]
        for section in [*sections, self._published, self._not_counted, self._search]:
            section()
        return self._report

    def _add(self, *blocks):
        self._report.blocks += blocks

    def _figure(self, name, caption, draw, *arguments):
        self._report.figures[name] = lambda: draw(*arguments, self._origin(), self._study.synthetic)
        self._add(Figure(name, caption))

    def _origin(self):
        report = self._study.bouts[0].ran[0].report
        chip, trace = report["chip"], report["trace"]
        return (
            f"Layer {trace['layer']} of {trace['model']}  |  {chip['name']}: {chip['width']} × {chip['height']} tiles, "
            f"{chip['clock_mhz']:g} MHz"
        )

    def _head(self):
        comparison = self._study.comparison
        self._add(Heading(1, f"Both bills: {comparison.name}"))
        found = list(dict.fromkeys(what for bout in self._study.bouts for what in bout.differences))
        if found:
            self._add(
                Paragraph("Compared although not alike (`--allow-different`): " + "; ".join(found) + ".", warning=True)
            )
        if self._study.synthetic:
            self._add(
                Paragraph("SYNTHETIC: codes and weights of a trace are random; no model behind them.", warning=True)
            )
        self._add(Paragraph(HOW_TO_CHECK))

    def _verdict(self):
        self._add(Heading(2, "Verdict"))
        if not self._rivals:
            self._add(Paragraph("**No verdict**: no contender of this comparison is a multiply-accumulate chip."))
            return
        bouts = [bout for bout in self._study.bouts if bout.best_rival]
        without = [bout for bout in self._study.bouts if not bout.best_rival]
        if bouts:
            self._add(Paragraph(words.overall(bouts)))
        groups = self._study.groups
        self._add(Bullets(tuple(words.verdict(self._numbers, bout, groups, self._interval(bout)) for bout in bouts)))
        if without:
            where = ", ".join(f"{bout.regime.name} at {bout.technology}" for bout in without)
            self._add(Paragraph(f"No rival runs on the integers of the best spiking chip: no headline for {where}."))

    def _interval(self, bout):
        """(low, high) as numbers of the headline's 95 % interval; None without stated uncertainties."""
        if not self._study.groups:
            return None
        comparison = self._study.comparison
        ends = bout.prices(self._study.groups).interval(comparison.samples, comparison.seed)
        how = (
            f"{comparison.samples} draws with seed {comparison.seed}, a factor per price group, log-uniform within its "
            "bounds; both sides take their best point anew in each draw"
        )
        used = (bout.best_rival, bout.best_spiking)
        what = f"% point of the headline ratio under uncertain prices, {bout.regime.name}, {bout.technology}"
        return tuple(
            sources.derived(self._numbers, end, f"{percent} {what}", how, used)
            for percent, end in zip(("2.5", "97.5"), ends, strict=True)
        )

    def _what(self):
        comparison, report = self._study.comparison, self._study.bouts[0].ran[0].report
        trace, chip = report["trace"], report["chip"]
        operations = comparison.operations
        named = operations if isinstance(operations, str) else ", ".join(operations)
        fixed = ", ".join(f"{path} = {value}" for path, value in comparison.settings.items()) or "nothing"
        self._add(
            Heading(2, "What is compared"),
            Paragraph(
                f"Layer {trace['layer']} of {trace['model']} on text ({trace['text']}); operations: {named}. Chip "
                f"{chip['name']}: {chip['width']} x {chip['height']} tiles, {chip['clock_mhz']:g} MHz; changed for "
                f"all contenders: {fixed}. Mesh, memories, DRAM, clock and technology are the same; every resolved "
                "configuration was compared, and may differ only in "
                + ", ".join(f"`{path}`" for path in sorted({*comparison.may_differ, *comparison.searched()}))
                + ". Every output integer of every run equals its trace."
            ),
            self._tables.contenders(self._study),
            Paragraph(
                "A T-step code is matched with the ceil(log2(T + 1))-bit network, a signed one with ceil(log2(2T + 1)) "
                "bits (arXiv 2409.08290). Each side takes its best point of its search in every regime and technology, "
                "by everything counted; all points are listed at the end."
            ),
        )

    def _regime(self, regime):
        bouts = self._study.of_regime(regime.name)
        self._add(Heading(2, f"Regime: {regime.name}"))
        self._add(Paragraph(MEANING[regime.name].format(tokens=regime.tokens, case=regime.case)))
        if self._rivals:
            self._add(self._tables.ceilings(bouts))
        if regime.name == "resident":
            self._add(Bullets(tuple(words.dram_cancels(self._numbers, bout) for bout in bouts)))
        for bout in bouts:
            self._bout(bout)

    def _bout(self, bout):
        name = f"{bout.regime.name}_{bout.technology}"
        self._add(Heading(3, f"{bout.regime.name}, {bout.technology}"), self._tables.energies(bout))
        self._figure(
            f"bars_{name}",
            f"Energy per token, all groups: {bout.regime.name}, {bout.technology}.",
            compare_bars.draw,
            bout,
        )
        for rival in bout.rivals:
            self._add(self._tables.rung_ratios(bout, rival))
        if bout.rivals:
            self._figure(
                f"rungs_{name}", "Ratio by rung, cumulative, against the best spiking point.", compare_rungs.draw, bout
            )
        if bout.regime.name == "prefill":
            self._add(self._tables.batches(bout))
            self._figure(f"batch_{name}", "Energy and weight reads against the token batch.", compare_batch.draw, bout)

    def _matched(self):
        self._add(Heading(2, "Matched by lanes and by area"))
        self._add(*(self._tables.matched(bout) for bout in self._study.bouts))

    def _front(self):
        comparison = self._study.comparison
        self._add(Heading(2, "Energy against perplexity"))
        if not comparison.perplexity:
            self._add(Paragraph("The configuration names no table of perplexities."))
            return
        path, column = comparison.perplexity
        known = {
            contender.name: perplexity_rows.read(path, column, contender.perplexity)
            for contender in comparison.contenders
            if contender.perplexity
        }
        missing = [contender.name for contender in comparison.contenders if contender.name not in known]
        self._add(
            Paragraph(f"Perplexities: column {column} of {path.name}; of exactly the integers that each chip computes.")
        )
        if missing:
            self._add(Paragraph(f"Without a perplexity in the configuration: {', '.join(missing)}."))
        for bout in self._study.bouts:
            bests = [*_best_per_contender(bout.rows), *bout.rivals]
            entries = [(one, known[one.point.contender.name]) for one in bests if one.point.contender.name in known]
            if entries:
                self._add(self._tables.perplexities(bout, entries, column))
                name = f"front_{bout.regime.name}_{bout.technology}"
                self._figure(name, "Energy against perplexity.", compare_front.draw, bout, entries, column)

    def _readings(self):
        self._add(Heading(2, "Readings of published figures"))
        if not self._study.comparison.readings:
            self._add(Paragraph("The configuration names no readings."))
        for reading in self._study.comparison.readings:
            cells = self._study.cells
            chosen, by_chance = readings.chosen(reading, cells), readings.within(reading, cells)
            held = sum(reading.holds(cell.ratio) for cell in chosen)
            expected = len(chosen) * len(by_chance) / len(cells)
            self._add(
                Heading(3, f"{reading.name} ({reading.source})"),
                Paragraph(f"Named before anything ran: {reading.why}"),
                self._tables.reading(reading, cells),
                Paragraph(
                    f"{held} of {len(chosen)} hold, within a factor of {reading.tolerance:g} of {reading.claim:.3g}. "
                    f"By chance: {percent_of_cells(by_chance, cells)} lie there, so that {expected:.2f} of "
                    f"{len(chosen)} cells drawn at random would hold."
                ),
            )

    def _sensitivity(self):
        self._add(Heading(2, "What uncertain prices do"))
        groups = self._study.groups
        if not groups:
            self._add(Paragraph("The configuration names no file of uncertainties: prices are taken as stated."))
            return
        unlisted = sorted(
            {
                event
                for bout in self._study.bouts
                for one in bout.ran
                for event in uncertainty.unlisted(one.bill, groups)
            }
        )
        self._add(
            Paragraph(
                "Prices of one group vary together, groups independently; counts stay as counted. "
                + (f"Not varied, for want of a stated uncertainty: {', '.join(unlisted)}." if unlisted else "")
            )
        )
        for bout in self._with_headline():
            swings = bout.prices(groups).tornado()
            low, high = bout.prices(groups).corners()
            used = (bout.best_rival, bout.best_spiking)
            corners = [
                self._numbers.cite(
                    sources.derived(
                        self._numbers, value, f"{which} headline ratio with every group at an end", how, used
                    )
                )
                for which, value in (("lowest", low), ("highest", high))
                for how in ("group by group to the other end, until nothing changes",)
            ]
            interval = self._interval(bout)
            self._add(self._tables.tornado(bout, swings[:TOP_SWINGS]))
            self._add(
                Paragraph(f"With every group at its worst or best end the ratio is {corners[0]} or {corners[1]}.")
            )
            name = f"tornado_{bout.regime.name}_{bout.technology}"
            ends = tuple(number.value for number in interval)
            self._figure(name, "Ratio under uncertain prices.", compare_tornado.draw, bout, swings, ends)

    def _break_even(self):
        groups = self._study.groups
        self._add(Heading(2, "Break-even"))
        if len(groups) < 2:
            self._add(Paragraph("Needs two groups of uncertain prices."))
            return
        for bout in self._with_headline():
            x, y = (groups.index(swing.group) for swing in bout.prices(groups).tornado()[:2])
            points = break_even.curve(bout.best_rival.bill, bout.best_spiking.bill, groups, x, y, BREAK_EVEN_FACTORS)
            self._add(self._tables.break_even(bout, groups, x, y, points))
            name = f"break_even_{bout.regime.name}_{bout.technology}"
            caption = "Ratio over the two groups of prices that move it most."
            self._figure(name, caption, compare_break_even.draw, bout, groups, x, y)

    def _with_headline(self):
        return [bout for bout in self._study.bouts if bout.best_rival]

    def _published(self):
        rows = published_hook.rows()
        if rows:
            columns, body = rows
            self._add(Heading(2, "Published figures recomputed"), self._tables.table("Recomputed.", columns, body))

    def _not_counted(self):
        reports = [one.report for bout in self._study.bouts for one in bout.ran]
        listed = dict.fromkeys(what for report in reports for what in report["not_charged"])
        assumed = dict.fromkeys(
            f"{key}: {value}" for report in reports for key, value in sorted(report["assumptions"].items())
        )
        self._add(
            Heading(2, "Not charged"),
            Bullets(tuple(listed)),
            Heading(2, "Assumptions of the traces"),
            Bullets(tuple(assumed)),
        )

    def _search(self):
        self._add(Heading(2, "Every point of the search"))
        self._add(*(self._tables.search(bout) for bout in self._study.bouts))
        if any(bout.refused for bout in self._study.bouts):
            self._add(self._tables.refused(self._study.bouts))


def _best_per_contender(rows):
    """The cheapest row per contender."""
    found = {}
    for row in sorted(rows, key=lambda row: row.pj):
        found.setdefault(row.point.contender.name, row)
    return list(found.values())
