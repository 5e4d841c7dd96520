"""Figures over the layers of an export: the share of salient values, and the error of the residual stream."""

from matplotlib.ticker import MaxNLocator, PercentFormatter

from spikeloom.plots import style

COLOURS = ["#0077BB", "#CC6677", "#117733", "#DDCC77"]
HEIGHT_INCHES = 4.6


def draw_salient_share(exported):
    """A line per input: the share of its values that the salient rule marks, over the layers."""
    picture, axes = _axes(exported, "Salient values per layer and input")
    for (name, shares), colour in zip(exported.shares.items(), COLOURS, strict=False):
        digits = exported.digit_shares[name]
        label = name.replace("_", " ")
        if any(digits):
            label += f" (two digits: {style.share(sum(digits) / len(digits))})"
        axes.plot(exported.layers, shares, marker="o", markersize=4, color=colour, label=label)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("salient values")
    axes.legend(fontsize=10)
    return picture


def draw_error(exported):
    """The residual stream's relative error after each layer, against the floating-point model."""
    picture, axes = _axes(exported, "Error of the residual stream after each layer")
    known = [(layer, e) for layer, e in zip(exported.layers, exported.errors, strict=True) if e is not None]
    if known:
        axes.plot(*zip(*known, strict=True), marker="o", markersize=4, color=COLOURS[0])
        axes.set_ylim(bottom=0)
    else:
        style.note(picture, "No model to compare with: the layers are synthetic.")
    axes.set_ylabel("median over tokens of |error| / |value|")
    return picture


def _axes(exported, title):
    height = style.HEADING_INCHES + HEIGHT_INCHES
    picture = style.headed_figure(title, exported.origin, exported.synthetic, height)
    axes = style.place(picture, 1.0, style.HEADING_INCHES + 0.2, style.WIDTH_INCHES - 1.3, HEIGHT_INCHES - 0.9)
    axes.set_xlabel("decoder layer")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    return picture, axes
