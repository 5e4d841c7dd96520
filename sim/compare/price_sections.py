"""Sections of the report on published figures and on prices: readings, sensitivity, break-even."""

from spikeloom.compare import break_even, readings, sources, uncertainty
from spikeloom.compare.document import Heading, Paragraph
from spikeloom.plots import compare_break_even, compare_tornado, style

TOP_SWINGS = 14
BREAK_EVEN_FACTORS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def readings_of_papers(writer):
    """The cells named for published figures, whether they hold, and how many would by chance."""
    writer.add(Heading(2, "Readings of published figures"))
    if not writer.study.comparison.readings:
        writer.add(Paragraph("The configuration names no readings."))
    for reading in writer.study.comparison.readings:
        writer.add(
            Heading(3, f"{reading.name} ({reading.source})"),
            Paragraph(f"Named before anything ran: {reading.why}"),
            writer.tables.reading(reading, writer.study.cells),
            Paragraph(_chance(writer, reading)),
        )


def _chance(writer, reading):
    cells = writer.study.cells
    chosen, by_chance = readings.chosen(reading, cells), readings.within(reading, cells)
    held = sum(reading.holds(cell.ratio) for cell in chosen)
    share = len(by_chance) / len(cells)

    def cited(value, what, shown):
        how = "counted over the cells of the rung tables: every regime, technology, spiking row, rival and rung"
        return writer.numbers.cite(sources.derived(writer.numbers, value, what, how, shown=shown))

    hold = cited(held, f"cells of {reading.name} that hold", f"{held}")
    lie = cited(len(by_chance), f"of all cells, those within the tolerance of {reading.name}", f"{len(by_chance):,}")
    expected = cited(len(chosen) * share, "cells drawn at random that would hold", f"{len(chosen) * share:.2f}")
    return (
        f"{hold} of {len(chosen)} hold, within a factor of {reading.tolerance:g} of {reading.claim:.3g}. By chance: "
        f"{lie} of all {len(cells):,} cells ({style.share(share)}) lie there; of {len(chosen)} drawn at random "
        f"{expected} would."
    )


def sensitivity(writer):
    """The headline ratios under uncertain prices."""
    writer.add(Heading(2, "What uncertain prices do"))
    groups = writer.study.groups
    if not groups:
        writer.add(Paragraph("The configuration names no file of uncertainties: prices are taken as stated."))
        return
    text = "Prices of one group vary together, groups independently; counts stay as counted."
    unlisted = _unlisted(writer.study)
    if unlisted:
        text += f" Not varied, for want of a stated uncertainty: {', '.join(unlisted)}."
    writer.add(Paragraph(text))
    for bout in writer.with_headline():
        _swings(writer, bout, groups)


def _unlisted(study):
    outcomes = (outcome for bout in study.bouts for outcome in bout.ran)
    return sorted({event for outcome in outcomes for event in uncertainty.unlisted(outcome.bill, study.groups)})


def _swings(writer, bout, groups):
    prices = bout.prices(groups)
    swings = prices.tornado()
    how = "every group at one end: group by group to the other end, until nothing changes"
    used = (bout.best_rival, bout.best_spiking)
    low, high = (
        writer.numbers.cite(sources.derived(writer.numbers, value, f"{which} headline ratio at the corners", how, used))
        for which, value in zip(("lowest", "highest"), prices.corners(), strict=True)
    )
    writer.add(
        writer.tables.tornado(bout, swings[:TOP_SWINGS]),
        Paragraph(f"With every group at the end that is worse or better for spiking the ratio is {low} or {high}."),
    )
    ends = tuple(number.value for number in writer.interval(bout))
    name = f"tornado_{bout.regime.name}_{bout.technology}"
    writer.figure(name, "Ratio under uncertain prices.", compare_tornado.draw, bout, swings, ends)


def share_of_zeros(writer):
    """The headline of synthetic traces with other shares of zeros; nothing where all traces are real."""
    if writer.study.other_zeros:
        writer.add(
            Heading(2, "Other shares of zeros"),
            Paragraph(
                "Zeros of a synthetic trace are assumed. Both best points ran again on copies with other shares."
            ),
            writer.tables.other_zeros(writer.study.other_zeros),
        )


def even(writer):
    """Where both bills are equal, over the two groups of prices that move the ratio most."""
    writer.add(Heading(2, "Break-even"))
    groups = writer.study.groups
    if len(groups) < 2:
        writer.add(Paragraph("Needs two groups of uncertain prices."))
        return
    for bout in writer.with_headline():
        x, y = (swing.group for swing in bout.prices(groups).tornado()[:2])
        points = break_even.curve(bout.identical, bout.spiking_on_the_same, x, y, BREAK_EVEN_FACTORS)
        writer.add(writer.tables.break_even(bout, x, y, points))
        name = f"break_even_{bout.regime.name}_{bout.technology}"
        caption = "Ratio over the two groups of prices that move it most."
        writer.figure(name, caption, compare_break_even.draw, bout, x, y)
