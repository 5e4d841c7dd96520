"""Energy against perplexity: what each chip computes, and what it takes."""

from matplotlib import ticker

from spikeloom.compare import fronts
from spikeloom.compare.config import SPIKING
from spikeloom.plots import point_labels, style

HEIGHT_INCHES = 5.0
MARKS = {"spiking": "o", "multiply_accumulate": "s"}
# Methods of either side, as often as needed: warm ones send spikes, cold ones multiply.
WARM, COLD = ("#AA3377", "#EE7733", "#CC3311"), ("#0077BB", "#009988", "#33BBEE", "#332288", "#117733", "#555555")
LOG_FROM = 3  # times from the lowest to the highest energy or perplexity


def draw(bout, entries, column, origin, synthetic):
    """`entries`: [(outcome, Perplexity)]; points with the interval over windows, a line along each method's front."""
    title = f"Energy per token against perplexity: {bout.regime.name}, {bout.technology}"
    picture = style.headed_figure(title, origin, synthetic, style.HEADING_INCHES + HEIGHT_INCHES + 0.9)
    axes = style.place(picture, 1.0, style.HEADING_INCHES + 0.1, style.WIDTH_INCHES - 1.3, HEIGHT_INCHES)
    methods = fronts.by_method(entries)
    scale, unit = style.energy_unit(max(outcome.pj for outcome, _ in entries))
    for (method, found), colour in zip(methods.items(), _colours(methods), strict=True):
        mark = MARKS[found[0][0].point.contender.side]
        axes.plot(*_places(found, scale), mark, color=colour, markersize=5, label=method)
        axes.plot(*_places(fronts.front(found), scale), color=colour, linewidth=1, drawstyle="steps-post")
        for outcome, perplexity in found:
            axes.vlines(outcome.pj / scale, perplexity.low, perplexity.high, color=colour, alpha=0.25)
    axes.margins(0.08)
    _logarithmic(axes, *_places(entries, scale))
    _focus(axes, entries)
    axes.legend(fontsize=9, title="circles: spikes, squares: multiplied", title_fontsize=8)
    texts = [_label(outcome.point.contender) for outcome, _ in entries]
    named = [(*place, text) for place, text in zip(zip(*_places(entries, scale), strict=True), texts, strict=True)]
    point_labels.draw(axes, named, 8)
    axes.set_xlabel(f"energy per token ({unit})")
    axes.set_ylabel(f"{column}, 95 % interval")
    return picture


def _logarithmic(axes, energies, perplexities):
    """A logarithmic axis where values lie far apart."""
    for values, rescale, axis in (
        (energies, axes.set_xscale, axes.xaxis),
        (perplexities, axes.set_yscale, axes.yaxis),
    ):
        if max(values) > LOG_FROM * min(values):
            rescale("log")
            axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
            axis.set_major_formatter("{x:,g}")
            axis.set_minor_formatter(ticker.NullFormatter())


def _focus(axes, entries):
    """Intervals may run out of the figure; points do not."""
    values = [perplexity.value for _, perplexity in entries]
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, min(values) / 1.6), min(high, max(values) * 1.6))


def _places(entries, scale):
    return [outcome.pj / scale for outcome, _ in entries], [perplexity.value for _, perplexity in entries]


def _colours(methods):
    """One per method."""
    used = {WARM: 0, COLD: 0}
    for found in methods.values():
        palette = WARM if found[0][0].point.contender.side == SPIKING else COLD
        yield palette[used[palette] % len(palette)]
        used[palette] += 1


def _label(contender):
    """The setting, or the name of a method that has none."""
    return contender.name.removeprefix(f"{contender.method}, ")
