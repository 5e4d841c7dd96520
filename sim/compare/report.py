"""The report of a study: its sections in order."""

from dataclasses import dataclass, field

from spikeloom.compare import (
    fronts,
    layers,
    price_sections,
    sources,
    words,
)
from spikeloom.compare.config import RIVAL
from spikeloom.compare.document import Bullets, Figure, Heading, Paragraph
from spikeloom.compare.numbers import Numbers
from spikeloom.compare.tables import Tables
from spikeloom.models.published import table as published
from spikeloom.plots import (
    compare_bars,
    compare_batch,
    compare_front,
    compare_rungs,
)

PRICE_SECTIONS = (
    price_sections.readings_of_papers,
    price_sections.sensitivity,
    price_sections.share_of_zeros,
    price_sections.even,
)
MEANING = {
    "resident": "Weights resident: the marginal bill E(2M tokens) - E(M tokens), M = {tokens}, per token. Weights are "
    "loaded once per pass for all tokens, so that the difference holds none of their loads.",
    "prefill": "Prefill: all tokens of case `{case}`, weights loaded from DRAM once for all of them; per token. The "
    "number of tokens that share a weight read is swept.",
    "decode": "Decode: one token (case `{case}`), every weight from DRAM.",
}
SUMMED = (
    " A bill is the sum of the layers' bills; each layer is simulated from a chip that has drained, with nothing "
    "loaded ahead."
)
HOW_TO_CHECK = (
    "Every number has an id: in a sentence it is the small raised one, in a table it is table.row.column (T3.2.4; the "
    "column of row numbers does not count). `spikeloom compare CONFIG --explain ID -o FOLDER` prints the counters, "
    "prices and files that make it. A ratio is rival over spiking energy: above 1 the spiking chip takes less."
)


@dataclass
class Report:
    """`blocks` in order, `figures`: {name: function drawing it}, `numbers` for `--explain`, `verdict`: a sentence."""

    verdict: str = ""
    blocks: list = field(default_factory=list)
    figures: dict = field(default_factory=dict)
    numbers: Numbers = field(default_factory=Numbers)


def build(study):
    """The Report of a study."""
    return _Writer(study).write()


class _Writer:
    """Writes section after section."""

    def __init__(self, study):
        self.study, self._report = study, Report()
        self.numbers = self._report.numbers
        self.tables = Tables(self.numbers)
        self._rivals = bool(study.comparison.side(RIVAL))
        self._intervals = {}

    def write(self):
        sections = [self._head, self._verdict, self._what]
        sections += [lambda regime=regime: self._regime(regime) for regime in self.study.comparison.regimes]
        sections += [self._matched, self._front]
        if self._rivals:
            sections += [lambda part=part: part(self) for part in PRICE_SECTIONS]
        for section in [*sections, self._published, self._not_counted, self._search]:
            section()
        return self._report

    def add(self, *blocks):
        """Append blocks to the report."""
        self._report.blocks += blocks

    def figure(self, name, caption, draw, *arguments):
        """Append a figure; it is drawn when the report is written."""
        self._report.figures[name] = lambda: draw(*arguments, self._origin(), self.study.synthetic)
        self.add(Figure(name, caption))

    def _origin(self):
        report = self.study.bouts[0].ran[0].report
        chip, trace = report["chip"], report["trace"]
        return (
            f"{layers.sentence(trace, self.study.layers_of_model)} of {trace['model']}  |  {chip['name']}: "
            f"{chip['width']} × {chip['height']} tiles, {chip['clock_mhz']:g} MHz"
        )

    def _head(self):
        comparison = self.study.comparison
        self.add(Heading(1, f"Both bills: {comparison.name}"))
        found = list(dict.fromkeys(what for bout in self.study.bouts for what in bout.differences))
        if found:
            self.add(
                Paragraph("Compared although not alike (`--allow-different`): " + "; ".join(found) + ".", warning=True)
            )
        if self.study.synthetic:
            self.add(
                Paragraph("SYNTHETIC: codes and weights of a trace are random; no model behind them.", warning=True)
            )
        if self.study.lacks_layers:
            self.add(Paragraph(f"{self.study.layers_ran} of the model ran; the others are in no bill."))
        self.add(Paragraph(HOW_TO_CHECK))

    def _verdict(self):
        self.add(Heading(2, "Verdict"))
        if not self._rivals:
            self._report.verdict = "**No verdict**: no contender of this comparison is a multiply-accumulate chip."
            self.add(Paragraph(self._report.verdict))
            return
        bouts = [bout for bout in self.study.bouts if bout.best_rival]
        without = [bout for bout in self.study.bouts if not bout.best_rival]
        if bouts:
            calls = [words.call(bout, self.interval(bout)) for bout in bouts]
            self._report.verdict = words.overall(bouts, calls, bool(self.study.groups))
            self.add(Paragraph(self._report.verdict))
            groups = self.study.groups
            said = (words.verdict(self.numbers, bout, bout.of_here(groups), self.interval(bout)) for bout in bouts)
            self.add(Bullets(tuple(said)))
        if without:
            self._report.verdict = self._report.verdict or words.no_headline(without)
            self.add(Paragraph(words.no_headline(without)))
        self.add(self.tables.headlines(self.study))
        if self.study.comparison.perplexity_limit and not self.study.within_limit:
            self.add(Paragraph("No method's perplexity is within the limit."))

    def interval(self, bout):
        """(low, high) as numbers of the headline's 95 % interval; None without stated uncertainties."""
        if not self.study.groups:
            return None
        key = bout.regime.name, bout.technology
        if key not in self._intervals:
            self._intervals[key] = self._draw_interval(bout)
        return self._intervals[key]

    def _draw_interval(self, bout):
        comparison = self.study.comparison
        ends = bout.prices(self.study.groups).interval(comparison.samples, comparison.seed)
        how = (
            f"{comparison.samples} draws with seed {comparison.seed}, a position per price group, geometric between "
            "its bounds; both sides take their best point anew in each draw"
        )
        used = (bout.best_rival, bout.best_spiking)
        what = f"% point of the headline ratio under uncertain prices, {bout.regime.name}, {bout.technology}"
        return tuple(
            sources.derived(self.numbers, end, f"{percent} {what}", how, used)
            for percent, end in zip(("2.5", "97.5"), ends, strict=True)
        )

    def _what(self):
        comparison, report = self.study.comparison, self.study.bouts[0].ran[0].report
        trace, chip = report["trace"], report["chip"]
        operations = comparison.operations
        named = operations if isinstance(operations, str) else ", ".join(operations)
        fixed = ", ".join(f"{path} = {value}" for path, value in comparison.settings.items()) or "nothing"
        self.add(
            Heading(2, "What is compared"),
            Paragraph(
                f"{layers.sentence(trace, self.study.layers_of_model)} of {trace['model']} on text ({trace['text']}); "
                f"operations: {named}. Chip {chip['name']}: {chip['width']} x {chip['height']} tiles, "
                f"{chip['clock_mhz']:g} MHz; changed for all contenders: {fixed}. Mesh, memories, DRAM, clock and "
                "technology are the same; every resolved configuration was compared, and may differ only in "
                + ", ".join(f"`{path}`" for path in sorted({*comparison.may_differ, *comparison.searched()}))
                + ". Every output integer of every run equals its trace."
                + (SUMMED if len(self.study.bouts[0].ran[0].runs) > 1 else "")
            ),
            self.tables.contenders(self.study),
            Paragraph(
                "A T-step code is matched with the ceil(log2(T + 1))-bit network, a signed one with ceil(log2(2T + 1)) "
                "bits (arXiv 2409.08290). Each side takes its best point of its search in every regime and technology, "
                "by everything counted; all points are listed at the end."
            ),
        )

    def _regime(self, regime):
        bouts = self.study.of_regime(regime.name)
        self.add(Heading(2, f"Regime: {regime.name}"))
        self.add(Paragraph(MEANING[regime.name].format(tokens=regime.tokens, case=regime.case)))
        self.add(*map(Paragraph, words.dearer_network(self.numbers, bouts)))
        if self._rivals:
            self.add(self.tables.ceilings(bouts))
        if regime.name == "resident":
            self.add(Bullets(tuple(words.dram_cancels(self.numbers, bout) for bout in bouts)))
        if regime.without:
            self.add(Bullets(tuple(words.left_out(self.numbers, bout) for bout in bouts)))
        for bout in bouts:
            self._bout(bout)

    def _bout(self, bout):
        name = f"{bout.regime.name}_{bout.technology}"
        self.add(Heading(3, f"{bout.regime.name}, {bout.technology}"), self.tables.energies(bout))
        self.figure(
            f"bars_{name}",
            f"Energy per token, all groups: {bout.regime.name}, {bout.technology}.",
            compare_bars.draw,
            bout,
        )
        for rival in bout.rivals:
            self.add(self.tables.rung_ratios(bout, rival))
        if bout.rivals:
            self.figure(
                f"rungs_{name}", "Ratio by rung, cumulative, against the best spiking point.", compare_rungs.draw, bout
            )
        if bout.regime.name == "prefill":
            self.add(self.tables.batches(bout))
            self.figure(f"batch_{name}", "Energy and weight reads against the token batch.", compare_batch.draw, bout)

    def _matched(self):
        self.add(Heading(2, "Matched by lanes and by area"))
        if not any("area" in outcome.report for bout in self.study.bouts for outcome in bout.ran):
            self.add(Paragraph("No report holds areas, so that only lanes are matched."))
        self.add(*(self.tables.matched(bout) for bout in self.study.bouts))
        if not self.study.equal_area:
            self.add(Paragraph("The configuration names no other sizes (`equal_area`): areas are as they are."))
            return
        size = self.study.comparison.equal_area
        names = ", ".join(f"`{name}`" for name in size.search)
        self.add(
            Paragraph(
                f"By area: each rival's best point again, with {names} such that its chip takes the area of the best "
                "spiking one; the nearest size is run if its area is within the tolerance."
            )
        )
        for bout in self.study.bouts:
            matches = [match for match in self.study.equal_area if match.bout is bout]
            self.add(self.tables.equal_areas(bout, matches, size.tolerance))

    def _front(self):
        comparison = self.study.comparison
        self.add(Heading(2, "Energy against perplexity"))
        if not comparison.perplexity:
            self.add(Paragraph("The configuration names no table of perplexities."))
            return
        column, file = comparison.perplexity.column, comparison.perplexity.path.name
        known = self.study.perplexities
        missing = [contender.name for contender in comparison.contenders if contender.name not in known]
        self.add(
            Paragraph(f"Perplexities: {column}, {file}; of exactly the integers that each chip computes."),
            Paragraph(
                "On its method's front: no other setting of the method takes less energy at a perplexity that is no "
                "higher. Matched by perplexity: beside each point of the front of the spiking side, the cheapest "
                "multiply-accumulate one whose perplexity is no higher, then the same of each method."
            ),
        )
        if missing:
            self.add(Paragraph(f"Without a perplexity in the configuration: {', '.join(missing)}."))
        compared = [(bout, self._with_perplexities(bout)) for bout in self.study.bouts]
        pairs = [(bout, fronts.matched(entries)) for bout, entries in compared if entries]
        said = (words.at_equal_perplexity(self.numbers, bout, found) for bout, found in pairs if found)
        self.add(Bullets(tuple(said)))
        for bout, entries in compared:
            if entries:
                self.add(self.tables.perplexities(bout, entries, file, column))
                self.add(self.tables.matched_by_perplexity(bout, entries))
                self.add(self.tables.methods_at_perplexity(bout, entries))
                name = f"front_{bout.regime.name}_{bout.technology}"
                self.figure(name, "Energy against perplexity.", compare_front.draw, bout, entries, column)

    def _with_perplexities(self, bout):
        """[(outcome, Perplexity)] of the best point of every contender that names one."""
        known, bests = self.study.perplexities, [*_best_per_contender(bout.rows), *bout.rivals]
        return [(one, known[one.point.contender.name]) for one in bests if one.point.contender.name in known]

    def with_headline(self):
        """The bouts that have a rival on the integers of the best spiking chip."""
        return [bout for bout in self.study.bouts if bout.best_rival]

    def _published(self):
        rows = [_published_cells(self.numbers, row) for row in published.published_rows()]
        self.add(
            Heading(2, "Published figures recomputed"),
            self.tables.table(
                "Figures of papers by their own models; nothing here was simulated.", published.HEADINGS, rows
            ),
        )

    def _not_counted(self):
        reports = [one.report for bout in self.study.bouts for one in bout.ran]
        listed = dict.fromkeys(what for report in reports for what in report["not_charged"])
        assumed = dict.fromkeys(
            f"{key}: {value}" for report in reports for key, value in sorted(report["assumptions"].items())
        )
        self.add(
            Heading(2, "Not charged"),
            Bullets(tuple(listed)),
            Heading(2, "Assumptions of the traces"),
            Bullets(tuple(assumed)),
        )

    def _search(self):
        self.add(Heading(2, "Every point of the search"))
        self.add(*(self.tables.search(bout) for bout in self.study.bouts))
        if any(bout.refused for bout in self.study.bouts):
            self.add(self.tables.refused(self.study.bouts))


def _published_cells(numbers, row):
    """Cells of a published figure: what is published, recomputed and their deviation as numbers where they are one."""
    cells = list(published.row_texts(row))
    for heading, value in (
        ("published", row.figure.published),
        ("recomputed", row.recomputed),
        ("deviation", row.deviation),
    ):
        i = published.HEADINGS.index(heading)
        if isinstance(value, (int, float)):
            how = f"models/published: {row.assumed}; source: {row.figure.source}"
            what = f"{heading}: {row.figure.name}, {row.figure.paper}"
            cells[i] = sources.derived(numbers, value, what, how, shown=cells[i])
    return cells


def _best_per_contender(rows):
    """The cheapest row per contender."""
    found = {}
    for row in sorted(rows, key=lambda row: row.pj):
        found.setdefault(row.point.contender.name, row)
    return list(found.values())
