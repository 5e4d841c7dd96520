"""How the codes of each input are distributed: normal, salient and two-digit values by their integer."""

import numpy as np

from spikeloom.plots import style

COLOURS = {"normal": "#0077BB", "salient": "#CC6677", "two digits": "#DDCC77"}
PANEL_INCHES = 2.6
# Symmetric logarithmic bins: single integers up to 8, then eight to the octave.
EDGES = np.concatenate([np.arange(-0.5, 8.5), 2 ** np.arange(3.125, 15.01, 0.125)])
LARGEST = 4096
TICKS = [-1000, -100, -7, 0, 7, 100, 1000]


def draw(exported):
    """One panel per input: share of all values on a logarithmic scale, over the integer a."""
    names = list(exported.codes)
    height = style.HEADING_INCHES + len(names) * PANEL_INCHES + 0.5
    picture = style.headed_figure("Codes of the inputs", exported.origin, exported.synthetic, height)
    edges = np.concatenate([-EDGES[:0:-1], EDGES[1:]])
    for row, name in enumerate(names):
        axes = style.place(
            picture,
            1.0,
            style.HEADING_INCHES + 0.35 + row * PANEL_INCHES,
            style.WIDTH_INCHES - 1.3,
            PANEL_INCHES - 0.85,
        )
        counts = exported.codes[name]
        total = sum(sum(kind.values()) for kind in counts.values())
        bottom = np.zeros(len(edges) - 1)
        for kind, values in counts.items():
            if not values:
                continue
            share, _ = np.histogram(list(values), edges, weights=np.array(list(values.values())) / total)
            axes.bar(edges[:-1], share, np.diff(edges), bottom, align="edge", color=COLOURS[kind], label=kind)
            bottom += share
        axes.set_xscale("symlog", linthresh=8)
        axes.set_xlim(-LARGEST, LARGEST)
        axes.set_xticks(TICKS, [f"{tick:,}" for tick in TICKS])
        axes.minorticks_off()
        axes.set_yscale("log")
        axes.set_ylim(1e-6, 1)
        axes.set_title(name.replace("_", " "), fontsize=11, fontweight="bold")
        axes.set_ylabel("share of values")
        if row == 0:
            axes.legend(loc="upper right", fontsize=10)
        if row == len(names) - 1:
            axes.set_xlabel("integer a that the code stands for")
    return picture
