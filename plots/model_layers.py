"""Figures over the layers of a run: energy stacked by group, and cycles stacked by operations."""

from matplotlib import colormaps
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from spikeloom.plots import style

HEIGHT_INCHES = 4.2
LEGEND_INCHES = 1.2


def draw_energy(results):
    """A bar per layer, stacked by energy group."""
    per_token_pj = results.report["energy"]["per_token_pj"]
    title = f"Energy per layer: {style.energy(results.total_pj)}, {style.energy(per_token_pj)} per token"
    picture, axes = _axes(results, title)
    totals_pj = [sum(layer["groups_pj"].values()) for layer in results.layers]
    size, unit = style.energy_unit(max(totals_pj))
    for group, (label, colour) in style.GROUPS.items():
        if results.energy_pj.get(group):
            _stack(axes, results, label, colour, [layer["groups_pj"].get(group, 0) / size for layer in results.layers])
    axes.set_ylabel(f"energy ({unit})")
    _legend(picture, axes)
    return picture


def draw_cycles(results):
    """A bar per layer, stacked by operations; what the first with weights spends on the fill is the lowest part."""
    picture, axes = _axes(results, f"Cycles per layer: {results.cycles:,}")
    _stack(axes, results, "fill, before the first weight row", style.FAINT, [x["fill_cycles"] for x in results.layers])
    names = list(dict.fromkeys(style.operations(phase) for x in results.layers for phase in x["phases"]))
    colours = colormaps["tab20"].colors
    for i, name in enumerate(names):
        _stack(axes, results, name, colours[i % len(colours)], [_cycles(layer, name) for layer in results.layers])
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_ylabel("cycles")
    _legend(picture, axes)
    return picture


def _cycles(layer, name):
    """Cycles of a layer's operations after the fill, which lies in the first of them that has passes."""
    cycles = sum(phase["cycles"] for phase in layer["phases"] if style.operations(phase) == name)
    with_weights = [phase for phase in layer["phases"] if phase.get("passes", 1)]
    is_first = bool(with_weights) and style.operations(with_weights[0]) == name
    return max(0, cycles - layer["fill_cycles"]) if is_first else cycles


def _axes(results, title):
    height = style.HEADING_INCHES + HEIGHT_INCHES + LEGEND_INCHES
    picture = style.figure(results, title, height)
    axes = style.place(picture, 1.2, style.HEADING_INCHES + 0.1, style.WIDTH_INCHES - 1.5, HEIGHT_INCHES - 0.6)
    axes.set_xlabel("decoder layer")
    places = [layer["layer"] for layer in results.layers]
    axes.set_xlim(min(places) - 1, max(places) + 1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return picture, axes


def _stack(axes, results, label, colour, heights):
    places = [layer["layer"] for layer in results.layers]
    bottoms = [0.0] * len(places)
    for bars in axes.containers:
        bottoms = [bottom + bar.get_height() for bottom, bar in zip(bottoms, bars, strict=True)]
    axes.bar(places, heights, bottom=bottoms, width=0.8, color=colour, label=label)


def _legend(picture, axes):
    handles, labels = axes.get_legend_handles_labels()
    picture.legend(handles[::-1], labels[::-1], loc="lower center", ncols=4, fontsize=10)
