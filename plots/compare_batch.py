"""What tokens that share a weight read bring each side: energy per token and weight reads per use against the batch."""

from spikeloom.compare import outcomes
from spikeloom.plots import style

HEIGHT_INCHES = 3.6
COLOURS = {"spiking": "#AA3377", "multiply_accumulate": "#0077BB"}


def draw(bout, origin, synthetic):
    """Two panels; per side and batch the best point."""
    title = f"Tokens per weight read: {bout.regime.name}, {bout.technology}"
    picture = style.headed_figure(title, origin, synthetic, style.HEADING_INCHES + HEIGHT_INCHES + 0.9)
    best = {side: outcomes.best_per_batch(bout.side(side)) for side in COLOURS if bout.side(side)}
    scale, unit = style.energy_unit(max(one.pj for per in best.values() for one in per.values()))
    panels = (
        (f"energy per token ({unit})", lambda one: one.pj / scale),
        ("weight reads per use", lambda one: one.report["figures"].get("weight_reads_per_use")),
    )
    for i, (label, value) in enumerate(panels):
        axes = style.place(picture, 0.9 + 5.2 * i, style.HEADING_INCHES + 0.1, 4.4, HEIGHT_INCHES)
        for side, per in best.items():
            axes.plot(list(per), [value(one) for one in per.values()], marker="o", color=COLOURS[side], label=side)
        axes.set_xscale("log", base=2)
        batches = sorted({batch for per in best.values() for batch in per})
        axes.set_xticks(batches, [str(batch) for batch in batches])
        axes.set_ylim(0, 1.05 * axes.get_ylim()[1])
        axes.set_xlabel("token batch")
        axes.set_ylabel(label)
        axes.legend(fontsize=9)
    return picture
