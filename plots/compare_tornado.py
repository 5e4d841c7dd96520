"""The headline ratio with each group of prices at both ends of what is known of it."""

from spikeloom.plots import style

BAR_INCHES = 0.34
MOST = 14
LOW, HIGH = "#0077BB", "#CC6677"


def draw(bout, swings, interval, origin, synthetic):
    """A bar per price group, the widest on top; the band is the 95 % interval."""
    swings = swings[:MOST]
    height = BAR_INCHES * max(len(swings), 3)
    title = f"Rival over spiking energy under uncertain prices: {bout.regime.name}, {bout.technology}"
    picture = style.headed_figure(title, origin, synthetic, style.HEADING_INCHES + height + 1.2)
    axes = style.place(picture, 3.2, style.HEADING_INCHES + 0.1, 7.3, height)
    axes.axvspan(*interval, color=style.FAINT, label="95 % interval, all prices")
    for row, swing in enumerate(swings):
        for value, colour in ((swing.at_low, LOW), (swing.at_high, HIGH)):
            axes.barh(row, value - bout.headline, left=bout.headline, height=0.7, color=colour)
    for colour, label in ((LOW, "prices at their low end"), (HIGH, "prices at their high end")):
        axes.barh(0, 0, left=bout.headline, color=colour, label=label)
    axes.axvline(bout.headline, color=style.INK, linewidth=1)
    axes.axvline(1.0, color=style.INK, linewidth=1, linestyle=":")
    axes.set_yticks(range(len(swings)), [_named(swing.group) for swing in swings], fontsize=9)
    axes.set_ylim(len(swings) - 0.4, -0.6)
    axes.set_xlabel("best rival on the identical integers / best spiking")
    axes.legend(fontsize=8, loc="lower right")
    return picture


def _named(group):
    return f"{group.name.replace('_', ' ')} (×{group.low:g} .. ×{group.high:g})"
