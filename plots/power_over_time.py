"""Power over time, stacked by group, with the phases of the run marked."""

import numpy as np

from spikeloom.plots import style

MOST_BINS = 1500


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
    """Stacked area of all groups; below it the same without DRAM, whose bursts would hide the rest."""
    edges_us, power_mw = power_bins(results)
    total_mw = power_mw.sum(axis=1)
    average_mw = results.total_pj / results.report["time"]["us"] * 1e-3
    title = f"Power over time: {style.power(average_mw)} on average, {style.power(total_mw.max())} at most"
    groups = [g for g in style.GROUPS if g in results.groups and results.energy_pj[g]]
    on_chip = [g for g in groups if g != "dram"]
    split = len(on_chip) < len(groups) and bool(on_chip)
    picture = style.figure(results, title, 8.3 if split else 5.3)
    top = style.HEADING_INCHES + 0.75
    axes = style.place(picture, 0.95, top, 7.6, 3.0)
    _draw_stack(axes, results, groups, edges_us, power_mw)
    _label_phases(axes, results)
    bin_us = np.diff(edges_us).max()
    if split:
        axes.tick_params(labelbottom=False)
        _title(axes, "All groups")
        axes = style.place(picture, 0.95, top + 3.55, 7.6, 2.5)
        _draw_stack(axes, results, on_chip, edges_us, power_mw)
        _title(axes, "The same without DRAM")
    axes.set_xlabel(f"time (µs), in bins of {bin_us:.4g} µs")
    return picture
