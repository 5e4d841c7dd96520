"""The tables of the report."""

from spikeloom.compare import capacity, config, fronts, outcomes, readings, rungs, sources
from spikeloom.compare.document import Table
from spikeloom.compare.numbers import Number
from spikeloom.plots import style
from spikeloom.traces import manifest, zero_share

MISSING = "not in the report"
SIZE = (
    "contender",
    "lanes in use",
    "tokens/s through the layers",
    "area (mm²)",
    "tokens/s and mm²",
    "energy per token",
)


class Tables:
    """Makes tables and numbers them."""

    def __init__(self, numbers):
        self._numbers, self._made = numbers, 0

    def table(self, caption, columns, rows):
        """A Table with the next name."""
        self._made += 1
        return Table(f"T{self._made}", caption, tuple(columns), tuple(map(tuple, rows)))

    def contenders(self, study):
        """What runs: trace, code, the network of matched capacity."""
        bout = study.bouts[0]
        first = {outcome.point.contender.name: outcome for outcome in reversed(bout.ran)}
        rows = []
        for contender in study.comparison.contenders:
            trace = first[contender.name].report["trace"]
            code, matched = capacity_words(study.comparison, contender, bout.ran)
            zeros = self._zeros(study.comparison, contender)
            rows.append(
                [
                    contender.name,
                    contender.side,
                    manifest.load(contender.trace).header["method"],
                    _files(trace["sha256"]),
                    code,
                    matched,
                    zeros,
                ]
            )
        columns = ("contender", "side", "method", f"trace of {bout.regime.name}", "values", "matched capacity", "zeros")
        return self.table("Contenders. Capacity is that of normal values.", columns, rows)

    def _zeros(self, comparison, contender):
        traces, _ = outcomes.traces_of(comparison, contender, comparison.regimes[0])
        if not capacity.is_spiking_trace(traces[0]):
            return "-"
        counted = [zero_share.count_zeros(manifest.weights_beside(trace), trace) for trace in traces]
        value = sum(zeros for zeros, _ in counted) / sum(codes for _, codes in counted)
        names = ", ".join(trace.name for trace in traces)
        how = f"codes that are 0 over all codes of the linear operations' inputs, {names}"
        return sources.derived(self._numbers, value, f"zeros of {contender.name}", how, (), style.share(value))

    def headlines(self, study):
        """Per regime and technology the best spiking point, with a limit also the best one within it."""
        limit, rows = study.comparison.perplexity_limit, []
        for bout in study.bouts:
            within = bout.within(study.within_limit)
            same = within and within.best_spiking is bout.best_spiking
            rows.append(self._headline(study, bout, f"all, and perplexity up to {limit:g}" if same else "all"))
            if within and not same:
                rows.append(self._headline(study, within, f"perplexity up to {limit:g}"))
        columns = ("regime", "technology", "spiking methods", "best spiking", "perplexity", "energy per token")
        columns += ("best rival on its integers", "energy per token", "ratio")
        return self.table("Headlines: the best rival on the same integers over the best spiking point.", columns, rows)

    def _headline(self, study, bout, methods):
        spiking, rival = bout.best_spiking, bout.best_rival
        known = study.perplexities.get(spiking.point.contender.name)
        cells = [bout.regime.name, bout.technology, methods, spiking.point.called()]
        cells += [self._perplexity(study, spiking, known) if known else "-", sources.energy(self._numbers, spiking)]
        if not rival:
            return [*cells, "none", "-", "-"]
        ratio = sources.ratio(self._numbers, rival, spiking)
        return [*cells, rival.point.called(), sources.energy(self._numbers, rival), ratio]

    def _perplexity(self, study, outcome, perplexity):
        source = study.comparison.perplexity
        return sources.read(perplexity.value, f"{perplexity.value:.2f}", source.path.name, _row(outcome), source.column)

    def rung_ratios(self, bout, rival):
        """Spiking rows against a rival, rung by rung, cumulative."""
        steps = range(1, len(rungs.RUNGS) + 1)
        columns = ["spiking", *(f"{rung}. {'+ ' if rung > 1 else ''}{rungs.RUNGS[rung - 1][0]}" for rung in steps)]
        rows = [
            [row.point.called(), *(sources.ratio(self._numbers, rival, row, rung) for rung in steps)]
            for row in bout.rows
        ]
        caption = f"{rival.point.called()} over spiking energy, cumulative: {bout.regime.name}, {bout.technology}."
        return self.table(caption, columns, rows)

    def energies(self, bout):
        """Every contender's best: energy per token by group."""
        bars = [*bout.rows, *bout.rivals]
        groups = style.bill_groups([bar.bill.groups_pj() for bar in bars])
        columns = ["contender", "total", *(label for label, _ in groups.values())]
        rows = [
            [
                bar.point.called(),
                sources.energy(self._numbers, bar),
                *(sources.energy(self._numbers, bar, (group,)) for group in groups),
            ]
            for bar in bars
        ]
        return self.table(f"Energy per token: {bout.regime.name}, {bout.technology}.", columns, rows)

    def ceilings(self, bouts):
        """Per technology and rival: what the ratio would be if all spike arithmetic were free."""
        rows = []
        for bout in bouts:
            for rival in bout.rivals:
                spiking, freest = bout.best_spiking, bout.freest_spiking
                free = sources.ceiling(self._numbers, rival, freest)
                as_counted = sources.ratio(self._numbers, rival, spiking)
                rows.append(
                    [bout.technology, rival.point.called(), free, freest.point.called()]
                    + [as_counted, spiking.point.called()]
                )
        columns = ("technology", "rival", "ceiling", "of spiking", "ratio, everything counted", "of spiking")
        return self.table("Ceilings: rival's total over spiking total without rungs 1 and 3.", columns, rows)

    def batches(self, bout):
        """Per side and token batch the best point."""
        rows = []
        for side in config.SIDES:
            for batch, one in outcomes.best_per_batch(bout.side(side)).items():
                reads = sources.reported(one, "figures.weight_reads_per_use", lambda value: f"{value:.3f}")
                energy = sources.energy(self._numbers, one)
                rows.append([side, str(batch), one.point.called(), energy, reads or MISSING])
        columns = ("side", "token batch", "best point", "energy per token", "weight reads per use")
        return self.table(f"Tokens per weight read: {bout.regime.name}, {bout.technology}.", columns, rows)

    def matched(self, bout):
        """The same lanes, and area where the report has it."""
        rows = [self._size(one) for one in [bout.best_spiking, *bout.rivals]]
        caption = f"Matched by lanes (all chips have the same): {bout.regime.name}, {bout.technology}."
        return self.table(caption, SIZE, rows)

    def _size(self, one):
        """Cells of SIZE."""
        tokens = one.report["trace"]["tokens"]
        per_second = tokens / one.report["time"]["us"] * 1e6
        how = f"{tokens} tokens over time.us of report.json" + (", of all layers" if len(one.runs) > 1 else "")
        speed = sources.derived(self._numbers, per_second, f"tokens per second of {one.point.called()}", how, ())
        area = sources.reported(one, "area.total_mm2", lambda value: f"{value:.4g}")
        per_area = MISSING
        if area:
            what = f"tokens per second and mm² of {one.point.called()}"
            per_area = sources.derived(self._numbers, per_second / area.value, what, f"{how}, over area.total_mm2")
        used = sources.reported(one, "figures.lane_utilisation", style.share)
        cells = [one.point.called(), used or MISSING, _plain(speed), area or MISSING, per_area]
        return [*cells, sources.energy(self._numbers, one)]

    def equal_areas(self, bout, matches, tolerance):
        """The best spiking point, and rivals in the size next to its area."""
        rows = [[*self._size(bout.best_spiking), "-", "-"]]
        for match in matches:
            what = f"area of {match.point.called()} over that of {bout.best_spiking.point.called()}"
            share = sources.derived(self._numbers, match.share, what, "areas by `spikeloom price`")
            if match.outcome:
                ratio = sources.ratio(self._numbers, match.outcome, bout.best_spiking)
                rows.append([*self._size(match.outcome), share, ratio])
            else:
                rows.append([match.point.called(), *("-" * (len(SIZE) - 1)), share, "no size within the tolerance"])
        caption = f"Matched by area, within {style.share(tolerance)}: {bout.regime.name}, {bout.technology}."
        return self.table(caption, [*SIZE, "area / spiking", "ratio"], rows)

    def perplexities(self, bout, entries, file, column):
        """Energy beside accuracy."""
        own = [entry[0] for found in fronts.by_method(entries).values() for entry in fronts.front(found)]
        of_all = [outcome for outcome, _ in fronts.front(entries)]
        rows = [
            [
                outcome.point.contender.name,
                sources.energy(self._numbers, outcome),
                *(
                    sources.read(value, f"{value:.2f}", file, _row(outcome), f"{column}{part}")
                    for value, part in zip(perplexity, ("", ", low end", ", high end"), strict=True)
                ),
                "yes" if any(one is outcome for one in own) else "-",
                "yes" if any(one is outcome for one in of_all) else "-",
            ]
            for outcome, perplexity in entries
        ]
        columns = ("contender", "energy per token", column, "95 % low", "95 % high", "on its method's front", "of all")
        return self.table(f"Energy and perplexity: {bout.regime.name}, {bout.technology}.", columns, rows)

    def matched_by_perplexity(self, bout, entries):
        """Rivals whose perplexity is no higher."""
        rows = []
        for (spiking, perplexity), rival in fronts.matched(entries):
            cells = [spiking.point.called(), f"{perplexity.value:.2f}", sources.energy(self._numbers, spiking)]
            if rival:
                outcome, reached = rival
                cells += [outcome.point.called(), f"{reached.value:.2f}", sources.energy(self._numbers, outcome)]
                cells += [sources.ratio(self._numbers, outcome, spiking)]
            else:
                cells += ["none", "-", "-", "-"]
            rows.append(cells)
        columns = ("spiking", "perplexity", "energy per token", "rival", "perplexity", "energy per token", "ratio")
        return self.table(f"Matched by perplexity: {bout.regime.name}, {bout.technology}.", columns, rows)

    def methods_at_perplexity(self, bout, entries):
        """Ratio of each multiply-accumulate method to each point of the spiking side's front."""
        rows, methods = [], []
        for (spiking, perplexity), _ in fronts.matched(entries):
            methods = fronts.cheapest_within(entries, perplexity.value)
            ratios = [sources.ratio(self._numbers, one[0], spiking) if one else "-" for one in methods.values()]
            rows.append([spiking.point.contender.name, f"{perplexity.value:.2f}", *ratios])
        caption = f"Each method's cheapest setting up to that perplexity, over spiking energy: {bout.regime.name}, "
        return self.table(f"{caption}{bout.technology}.", ["spiking", "perplexity", *methods], rows)

    def reading(self, reading, cells):
        """The cells that a reading named, and whether they hold."""
        low, high = reading.claim / reading.tolerance, reading.claim * reading.tolerance
        rows = [
            [
                cell.regime,
                cell.technology,
                cell.row.point.called(),
                cell.rival.point.called(),
                str(cell.rung),
                sources.ratio(self._numbers, cell.rival, cell.row, cell.rung),
                "holds" if reading.holds(cell.ratio) else "does not hold",
            ]
            for cell in readings.chosen(reading, cells)
        ]
        columns = (
            "regime",
            "technology",
            "spiking",
            "rival",
            "rungs up to",
            "ratio",
            f"within {low:.3g} .. {high:.3g}",
        )
        return self.table(f"Reading of {reading.name} ({reading.source}).", columns, rows)

    def tornado(self, bout, swings):
        """The headline ratio with one group of prices at its ends."""
        rows = []
        for swing in swings:
            group = swing.group
            numbers = [
                sources.derived(
                    self._numbers,
                    value,
                    f"headline with {group.name} × {factor:g}, {bout.regime.name}, {bout.technology}",
                    f"{', '.join(group.events)} × {factor:g}; both sides take their best point anew",
                    (bout.best_rival, bout.best_spiking),
                )
                for value, factor in ((swing.at_low, group.low), (swing.at_high, group.high))
            ]
            rows.append([group.name, ", ".join(group.events), f"× {group.low:g}", f"× {group.high:g}", *numbers])
        columns = ("prices", "events", "low", "high", "ratio at low", "ratio at high")
        return self.table(f"One group of prices at a time: {bout.regime.name}, {bout.technology}.", columns, rows)

    def other_zeros(self, found):
        """The headline with other shares of zeros among normal codes."""
        rows = []
        for one in found:
            ratio = sources.ratio(self._numbers, one.rival, one.spiking)
            energies = [sources.energy(self._numbers, outcome) for outcome in (one.rival, one.spiking)]
            rows.append([one.bout.regime.name, one.bout.technology, style.share(one.share), *energies, ratio])
        columns = ("regime", "technology", "zeros among normal codes", "best rival", "best spiking", "ratio")
        return self.table("SYNTHETIC: other shares of zeros.", columns, rows)

    def break_even(self, bout, x, y, points):
        """Pairs of factors at which the bills of both sides' best points are equal."""
        rows = []
        for scale, even in points:
            if not even:
                rows.append([f"× {scale:g}", "none above 0"])
                continue
            what = f"factor on {y.name} at which both bills are equal, {x.name} × {scale:g}"
            called = " and ".join(one.point.called() for one in even[1:])
            how = f"bills are linear in the two factors; best there: {called}, billed below as stated"
            rows.append([f"× {scale:g}", sources.derived(self._numbers, even.factor, what, how, even[1:])])
        columns = (f"{x.name.replace('_', ' ')}", f"{y.name.replace('_', ' ')} at break-even")
        return self.table(f"Break-even: {bout.regime.name}, {bout.technology}.", columns, rows)

    def search(self, bout):
        """Every point that ran."""
        rows = [[one.point.called(), one.point.contender.side, sources.energy(self._numbers, one)] for one in bout.ran]
        return self.table(
            f"All points: {bout.regime.name}, {bout.technology}.", ("point", "side", "energy per token"), rows
        )

    def refused(self, bouts):
        """Points that `spikeloom check` refuses; technologies share them."""
        seen = dict.fromkeys((bout.regime.name, point.called(), why) for bout in bouts for point, why in bout.refused)
        return self.table("Points that `spikeloom check` refuses.", ("regime", "point", "why"), seen)


def capacity_words(comparison, contender, ran):
    """(values that travel, the network of matched capacity) of a contender, in words."""
    traces, _ = outcomes.traces_of(comparison, contender, comparison.regimes[0])
    if not capacity.is_spiking_trace(traces[0]):
        shares = capacity.multiply_accumulate([manifest.weights_beside(trace) for trace in traces])
        bits = ", ".join(f"{bits} bit ({style.share(share)} of inputs)" for bits, share in shares.items())
        return bits, "itself"
    own = [outcome for outcome in ran if outcome.point.contender is contender]
    codes = dict.fromkeys(outcome.report["chip"].get("spike_code") for outcome in own)
    if contender.side == config.RIVAL:
        return "the same integers, packed", f"{_capacity(traces, 'ttfs')[1]} bit"
    parts = {code: _capacity(traces, code) for code in codes}
    values = ", ".join(f"{code}: T = {steps}" for code, (steps, _) in parts.items())
    return values, ", ".join(sorted({f"{bits} bit" for _, bits in parts.values()}))


def _capacity(traces, code):
    """Of the layer that needs most."""
    return max(capacity.spiking(trace, code) for trace in traces)


def _files(sha256):
    """The hash of a trace; of several layers the first, and how many more there are."""
    first, *others = (sha256,) if isinstance(sha256, str) else sha256
    return f"`{first[:12]}`" + (f" and {len(others)} more" if others else "")


def _plain(number):
    return Number(number.value, f"{number.value:,.0f}", number.what, number.source)


def _row(outcome):
    return ", ".join(f"{name} {text}" for name, text in outcome.point.contender.perplexity.items())
