"""Energy per token of every contender at its best, all groups of the bill stacked."""

import textwrap

from spikeloom.plots import style

BAR_INCHES, LINE_INCHES = 0.45, 0.14
LABEL_LETTERS = 50  # of the labels' size, in the space left of the axes


def draw(bout, origin, synthetic):
    """Horizontal stacked bars: spiking rows first, then rivals."""
    bars = [*bout.rows, *bout.rivals]
    labels = [_lines(bar.point) for bar in bars]
    height = max(BAR_INCHES, LINE_INCHES * (1 + max(label.count("\n") + 1 for label in labels))) * len(bars)
    title = f"Energy per token by group: {bout.regime.name}, {bout.technology}"
    picture = style.headed_figure(title, origin, synthetic, style.HEADING_INCHES + height + 1.7)
    axes = style.place(picture, 3.6, style.HEADING_INCHES + 0.1, 6.2, height)
    largest = max(bar.pj for bar in bars)
    scale, unit = style.energy_unit(largest)
    bills = [bar.bill.groups_pj() for bar in bars]
    left = [0.0] * len(bars)
    for group, (label, colour) in style.bill_groups(bills).items():
        widths = [bill.get(group, 0.0) / scale for bill in bills]
        axes.barh(range(len(bars)), widths, left=left, height=0.7, color=colour, label=label)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    for row, bar in enumerate(bars):
        axes.annotate(style.energy(bar.pj), (left[row], row), (6, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(bars)), labels, fontsize=8)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xlabel(f"energy per token ({unit})")
    axes.legend(loc="upper left", bbox_to_anchor=(-0.5, -0.55 / height), ncols=4, fontsize=9)
    return picture


def _lines(point):
    """A point's name, and its choices below."""
    name, choices = point.contender.name, point.called().removeprefix(point.contender.name).strip()
    return "\n".join(textwrap.wrap(name, LABEL_LETTERS) + textwrap.wrap(choices, LABEL_LETTERS))
