"""Additions per cycle of every phase of spikes beside the bounds of each resource, and what its tiles did meanwhile."""

from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullFormatter, PercentFormatter, StrMethodFormatter

from spikeloom.plots import style

# Bounds: (label, colour, marker). Colours of Tol's bright set; markers tell them apart without colour.
BOUNDS = {
    "lanes": ("lanes", "#222222", "s"),
    "weight_sram": ("weight SRAM", "#228833", "^"),
    "mesh": ("mesh", "#0077BB", "D"),
    "kv_cache": ("SRAM of keys and values", "#EE7733", "P"),
    "encoders": ("encoders", "#CCAA22", "v"),
    "dram": ("DRAM", "#AA3377", "o"),
}
ROW_INCHES, STATES_INCHES, GAP_INCHES = 0.55, 3.0, 1.75


def draw(results):
    """One row per phase of spikes: bounds on the left (logarithmic), cycles of tiles by state on the right."""
    phases = [phase for phase in results.report["phases"] if "roofline" in phase]
    height = max(ROW_INCHES * len(phases), 0.8)
    names = [style.operations(phase) for phase in phases]
    label_inches = 0.3 + 0.1 * max(map(len, names), default=0)
    width = style.WIDTH_INCHES - label_inches - STATES_INCHES - GAP_INCHES - 0.25
    top = style.HEADING_INCHES + 0.5
    picture = style.figure(results, "Additions per cycle, and what bounds them", top + height + 1.3)
    bounds = style.place(picture, label_inches, top, width, height)
    _draw_bounds(bounds, phases)
    bounds.set_yticks(range(len(phases)), names)
    states = style.place(picture, label_inches + width + GAP_INCHES, top, STATES_INCHES, height)
    _draw_states(states, phases)
    states.set_yticks([])
    for axes in (bounds, states):
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(phases) - 0.4, -0.6)
    _draw_legends(picture, top, phases)
    return picture


def _draw_bounds(axes, phases):
    axes.set_xscale("log")
    for row, phase in enumerate(phases):
        roofline = phase["roofline"]
        known = {name: bound for name, bound in roofline["bounds"].items() if bound}
        achieved = roofline["additions_per_cycle"]
        lowest = known.get(roofline["lowest_bound"], achieved)
        axes.barh(row, lowest, height=0.6, color=style.FAINT)
        axes.barh(row, achieved, height=0.6, color="#77AADD")
        for name, bound in known.items():
            _label, colour, marker = BOUNDS[name]
            axes.plot(bound, row, marker=marker, color=colour, markersize=7, linestyle="none", clip_on=False)
        label = f"{style.share(roofline['reached'])} of the\nbound by {BOUNDS[roofline['lowest_bound']][0]}"
        place = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "xytext": (12, 0)}
        axes.annotate(label, (1, row), va="center", fontsize=9, **place)
    values = [bound for phase in phases for bound in phase["roofline"]["bounds"].values() if bound]
    values += [phase["roofline"]["additions_per_cycle"] for phase in phases]
    positive = [value for value in values if value > 0] or [1]
    axes.set_xlim(min(positive) / 2, max(positive) * 1.3)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("additions per cycle (logarithmic)")
    axes.grid(axis="x", color=style.FAINT)
    axes.set_axisbelow(True)


def _draw_states(axes, phases):
    for row, phase in enumerate(phases):
        cycles = phase["tile_cycles"]
        whole = sum(cycles[state] for state in style.STATES)
        left = 0.0
        for state, (_label, colour) in style.STATES.items():
            axes.barh(row, cycles[state] / whole, left=left, height=0.6, color=colour)
            left += cycles[state] / whole
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1])
    axes.xaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    axes.set_xlabel("cycles of all tiles in the phase")


def _draw_legends(picture, top, phases):
    height = picture.get_size_inches()[1]
    marks = [Patch(color="#77AADD", label="reached"), Patch(color=style.FAINT, label="up to the lowest bound:")]
    marks += [
        Line2D([], [], color=colour, marker=marker, markersize=7, linestyle="none", label=label)
        for label, colour, marker in BOUNDS.values()
    ]
    shown = [
        Patch(color=colour, label=label)
        for state, (label, colour) in style.STATES.items()
        if any(phase["tile_cycles"][state] for phase in phases)
    ]
    look = {"columnspacing": 1.2, "handletextpad": 0.5, "fontsize": 10}
    anchor = (0, 1 - (top - 0.42) / height)  # as wide as the figure
    picture.legend(handles=marks, loc="upper left", bbox_to_anchor=anchor, ncols=len(marks), handlelength=1.5, **look)
    picture.legend(handles=shown, loc="lower right", bbox_to_anchor=(1, 0), ncols=len(style.STATES), **look)
