"""Ratio of a rival's energy to the spiking chip's, as more of the bill is counted."""

from math import ceil

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from spikeloom.compare import rungs
from spikeloom.plots import style

HEIGHT_INCHES = 4.2
LEGEND_COLUMNS, LEGEND_LINE_INCHES = 2, 0.22
COLOURS = ["#0077BB", "#CC6677", "#117733", "#DDCC77", "#AA4499", "#332288", "#222222"]
MARKERS = "os^D"  # the colours again, with another one


def draw(bout, origin, synthetic):
    """A line per rival against the best spiking point; above 1 spiking takes less."""
    title = f"Rival over spiking energy, rung by rung: {bout.regime.name}, {bout.technology}"
    below = 1.4 + LEGEND_LINE_INCHES * ceil(len(bout.rivals) / LEGEND_COLUMNS)
    picture = style.headed_figure(title, origin, synthetic, style.HEADING_INCHES + HEIGHT_INCHES + below)
    axes = style.place(picture, 0.9, style.HEADING_INCHES + 0.1, style.WIDTH_INCHES - 1.2, HEIGHT_INCHES)
    steps = range(1, len(rungs.RUNGS) + 1)
    for i, rival in enumerate(bout.rivals):
        ratios = [rungs.ratio(rival.bill, bout.best_spiking.bill, rung) for rung in steps]
        marker = MARKERS[i // len(COLOURS) % len(MARKERS)]
        axes.plot(steps, ratios, marker=marker, color=COLOURS[i % len(COLOURS)], label=rival.point.called())
    axes.axhline(1.0, color=style.INK, linewidth=1)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xticks(list(steps), [_label(rung) for rung in steps], fontsize=8)
    axes.set_ylabel("rival / spiking")
    axes.legend(fontsize=9, ncols=LEGEND_COLUMNS, loc="upper center", bbox_to_anchor=(0.5, -0.2), frameon=False)
    style.note(picture, f"Spiking: {bout.best_spiking.point.called()}. Each rung adds to those left of it.")
    return picture


def _label(rung):
    name = rungs.RUNGS[rung - 1][0]
    words = (name if rung == 1 else f"+ {name}").replace("; ", ", ").split(" ")
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) > 13:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
