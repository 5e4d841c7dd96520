"""Energy against perplexity: what each chip computes, and what it takes."""

from spikeloom.plots import point_labels, style

HEIGHT_INCHES = 4.0
COLOURS = {"spiking": "#AA3377", "multiply_accumulate": "#0077BB"}


def draw(bout, entries, column, origin, synthetic):
    """`entries`: [(outcome, Perplexity)]; points with the interval over windows, the front as a line."""
    title = f"Energy per token against perplexity: {bout.regime.name}, {bout.technology}"
    picture = style.headed_figure(title, origin, synthetic, style.HEADING_INCHES + HEIGHT_INCHES + 0.9)
    axes = style.place(picture, 0.9, style.HEADING_INCHES + 0.1, style.WIDTH_INCHES - 1.2, HEIGHT_INCHES)
    scale, unit = style.energy_unit(max(outcome.pj for outcome, _ in entries))
    for outcome, perplexity in entries:
        x = outcome.pj / scale
        colour = COLOURS[outcome.point.contender.side]
        axes.vlines(x, perplexity.low, perplexity.high, color=colour, alpha=0.35)
        axes.plot(x, perplexity.value, "o", color=colour)
    front = [(outcome.pj / scale, perplexity.value) for outcome, perplexity in pareto(entries)]
    axes.plot(*zip(*front, strict=True), color=style.QUIET, linewidth=1, drawstyle="steps-post")
    named = [(outcome.pj / scale, perplexity.value, outcome.point.contender.name) for outcome, perplexity in entries]
    axes.margins(0.08)
    point_labels.draw(axes, named, 9)
    axes.set_xlabel(f"energy per token ({unit})")
    axes.set_ylabel(f"{column}, 95 % interval")
    return picture


def pareto(entries):
    """Those that no other one beats in both energy and perplexity, by energy."""
    front = []
    for outcome, perplexity in sorted(entries, key=lambda entry: (entry[0].pj, entry[1].value)):
        if not front or perplexity.value < front[-1][1].value:
            front.append((outcome, perplexity))
    return front
