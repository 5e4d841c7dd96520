"""Power over time, stacked by group, with the phases of the run marked."""

import numpy as np
from matplotlib.ticker import StrMethodFormatter

from spikeloom.plots import style

MOST_BINS = 760  # a pixel each
LEFT, WIDTH, PANEL_INCHES = 1.0, 7.6, 2.8
LETTER_INCHES, LINE_INCHES = 0.095, 0.18


def power_bins(results, most_bins=MOST_BINS):
    """Power over time: (edges in us (bins + 1), power in mW (bins, groups)).

    Neighbouring windows are added up until at most `most_bins` are left, so that the sum of power x time
    over all bins stays the energy of the run.
    """
    windows = len(results.window_energy_pj)
    first = np.arange(0, windows, -(-windows // most_bins))
    energy_pj = np.add.reduceat(results.window_energy_pj, first, axis=0)
    edges_us = results.window_edges_cycles[np.append(first, windows)] * results.us_per_cycle
    # pJ / us is uW.
    return edges_us, energy_pj / np.diff(edges_us)[:, None] * 1e-3


def draw(results):
    """Stacked area of all groups; below it the same without DRAM, whose bursts hide the others."""
    edges_us, power_mw = power_bins(results)
    power_mw = dict(zip(results.groups, power_mw.T, strict=True))
    groups = [group for group in style.GROUPS if group in results.groups and results.energy_pj[group]]
    without_dram = [group for group in groups if group != "dram"]
    panels = [("All groups", groups)]
    if 0 < len(without_dram) < len(groups):
        panels.append(("Without DRAM", without_dram))

    labels = _phase_labels(results)
    label_inches = 0.15 + LINE_INCHES * max(label.count("\n") + 1 for label in labels)
    top = style.HEADING_INCHES + label_inches + 0.4
    pitch = PANEL_INCHES + 0.5
    picture = style.figure(results, _title(results, power_mw), top + pitch * len(panels) + 0.1)
    _draw_phases(picture, results, labels, label_inches)
    for row, (name, panel_groups) in enumerate(panels):
        axes = style.place(picture, LEFT, top + pitch * row, WIDTH, PANEL_INCHES)
        axes.set_title(name, fontsize=11, fontweight="bold")
        _draw_stack(axes, panel_groups, edges_us, power_mw)
        _draw_phase_changes(axes, results)
    axes.set_xlabel(f"time (µs); each step is the average over {np.diff(edges_us).max():.4g} µs")
    picture.axes[1].legend(loc="upper left", bbox_to_anchor=(1.01, 1.03))
    return picture


def _title(results, power_mw):
    average_mw = results.total_pj / results.report["time"]["us"] * 1e-3
    most_mw = sum(power_mw.values()).max()
    size, unit = style.power_unit(most_mw)
    title = f"Power over time: {_number(average_mw / size)} {unit} on average"
    if len(results.window_energy_pj) > 1:
        title += f", {_number(most_mw / size)} {unit} at most"
    return title


def _number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _draw_stack(axes, groups, edges_us, power_mw):
    size, unit = style.power_unit(sum(power_mw[group] for group in groups).max())
    tops = np.cumsum([power_mw[group] / size for group in groups], axis=0)
    # From the top of the stack down, each group painted to the axis: no seams between neighbours.
    for group, top in reversed(list(zip(groups, tops, strict=True))):
        label, colour = style.GROUPS[group]
        axes.stairs(top, edges_us, fill=True, color=colour, lw=0, label=label)
    axes.set_xlim(edges_us[0], edges_us[-1])
    axes.set_ylim(0, tops.max() * 1.05)
    axes.set_ylabel(f"power ({unit})")
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))


def _phase_labels(results):
    """Names of the phases, a word per line where a phase is too short for one line; empty where it is for that, too."""
    labels = []
    for phase in results.report["phases"]:
        inches = WIDTH * (phase["end_cycle"] - phase["begin_cycle"]) / results.cycles
        words = [word for operation in phase["operations"] for word in operation.split("_")]
        line = ", ".join(phase["operations"]).replace("_", " ")
        if len(line) * LETTER_INCHES < inches:
            labels.append(line)
        else:
            labels.append("\n".join(words) if max(map(len, words)) * LETTER_INCHES < inches else "")
    return labels


def _draw_phases(picture, results, labels, height):
    """A row over the panels with the phases' names and extents."""
    axes = style.place(picture, LEFT, style.HEADING_INCHES, WIDTH, height)
    axes.set_axis_off()
    axes.set_xlim(0, results.cycles)
    axes.set_ylim(0, height)
    gap = 0.02 / WIDTH * results.cycles
    for phase, label in zip(results.report["phases"], labels, strict=True):
        begin, end = phase["begin_cycle"], phase["end_cycle"]
        axes.plot([begin + gap, end - gap], [0.03, 0.03], color=style.QUIET, lw=3, solid_capstyle="butt")
        axes.text((begin + end) / 2, 0.09, label, ha="center", va="bottom", linespacing=1)


def _draw_phase_changes(axes, results):
    for phase in results.report["phases"][1:]:
        axes.axvline(phase["begin_cycle"] * results.us_per_cycle, color=style.INK, lw=0.8, ls=(0, (3, 3)))
