"""Where both bills are equal, over factors on the two prices that move the ratio most."""

import numpy as np

from spikeloom.compare.numbers import ratio_text
from spikeloom.compare.uncertainty import shares
from spikeloom.plots import style

HEIGHT_INCHES = 4.4
STEPS = 61
LEVELS = (0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.2, 1.5, 2, 3, 5, 10)
REACH = 100.0  # factors from 1 / REACH to REACH


def draw(bout, x, y, origin, synthetic):
    """Contours of the ratio over factors on x and y; the thick one is 1."""
    title = f"Break-even of rival and spiking energy: {bout.regime.name}, {bout.technology}"
    picture = style.headed_figure(title, origin, synthetic, style.HEADING_INCHES + HEIGHT_INCHES + 0.8)
    axes = style.place(picture, 0.9, style.HEADING_INCHES + 0.1, style.WIDTH_INCHES - 1.2, HEIGHT_INCHES)
    factors = np.geomspace(1 / REACH, REACH, STEPS)
    across, up = np.meshgrid(factors, factors)
    ratio = _best(bout.identical, x, y, across, up) / _best(bout.spiking_on_the_same, x, y, across, up)
    axes.set_xscale("log")
    axes.set_yscale("log")
    levels = [level for level in LEVELS if ratio.min() < level < ratio.max()]
    if levels:
        lines = axes.contour(across, up, ratio, levels=levels, colors=style.QUIET, linewidths=0.7)
        axes.clabel(lines, fmt="%g", fontsize=8)
    reached = ratio.min() < 1 < ratio.max()
    if reached:
        axes.contour(across, up, ratio, levels=[1.0], colors="#AA3377", linewidths=2.5)
    axes.plot(1, 1, "o", color=style.INK)
    axes.annotate(f"as priced: {ratio_text(bout.headline)}", (1, 1), (8, 6), textcoords="offset points", fontsize=9)
    axes.set_xlabel(f"factor on {x.name.replace('_', ' ')}")
    axes.set_ylabel(f"factor on {y.name.replace('_', ' ')}")
    thick = (
        "Thick: both bills are equal, each side at its best point there."
        if reached
        else "The bills are equal nowhere here."
    )
    style.note(picture, f"{thick} Numbers: rival / spiking.")
    return picture


def _best(outcomes, x, y, across, up):
    """Energy of the best point of a side, for every pair of factors."""
    lowest = None
    for parts in {shares(outcome.bill, x, y) for outcome in outcomes}:
        here = _energy(parts, across, up)
        lowest = here if lowest is None else np.minimum(lowest, here)
    return lowest


def _energy(parts, across, up):
    neither, x_alone, y_alone, both = parts
    return neither + x_alone * across + y_alone * up + both * across * up
