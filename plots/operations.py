"""Cycles and energy of every phase, side by side."""

from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from spikeloom.plots import style

ROW_INCHES = 0.5


def draw(results):
    """One row per phase, the first on top: cycles on the left, energy stacked by group on the right."""
    phases = results.report["phases"]
    height = ROW_INCHES * len(phases)
    names = [style.operations(phase) for phase in phases]
    label_inches = 0.3 + 0.1 * max(map(len, names), default=0)
    width = (style.WIDTH_INCHES - label_inches - 2.9) / 2
    top = style.HEADING_INCHES + 0.45
    title = f"Operations: {results.cycles:,} cycles, {style.energy(results.total_pj)}"
    picture = style.figure(results, title, top + height + 1.35)

    left_axes = style.place(picture, label_inches, top, width, height)
    _draw_cycles(left_axes, phases, results.cycles)
    left_axes.set_yticks(range(len(phases)), names)
    right_axes = style.place(picture, label_inches + width + 1.45, top, width, height)
    groups = [group for group in style.GROUPS if group in results.groups and results.energy_pj[group]]
    _draw_energy(right_axes, phases, groups, results.total_pj)
    right_axes.set_yticks([])
    for axes in (left_axes, right_axes):
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(phases) - 0.4, -0.6)
        axes.xaxis.set_major_locator(MaxNLocator(5))
    picture.legend(*right_axes.get_legend_handles_labels(), loc="lower center", ncols=5, fontsize=10)
    return picture


def _draw_cycles(axes, phases, cycles):
    for row, phase in enumerate(phases):
        axes.barh(row, phase["cycles"], height=0.66, color=style.QUIET)
        _annotate(axes, row, phase["cycles"], f"{phase['cycles']:,}", phase["cycles"] / cycles)
    axes.set_title("Cycles (share of the run)", fontsize=11, fontweight="bold")
    axes.set_xlabel("cycles")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def _draw_energy(axes, phases, groups, total_pj):
    totals_pj = [sum(phase["energy_pj"].values()) for phase in phases]
    size, unit = style.energy_unit(max(totals_pj, default=0))
    for row, (phase, phase_pj) in enumerate(zip(phases, totals_pj, strict=True)):
        left = 0.0
        for group in groups:
            label, colour = style.GROUPS[group]
            value = phase["energy_pj"].get(group, 0) / size
            axes.barh(row, value, left=left, height=0.66, color=colour, label=label if row == 0 else None)
            left += value
        _annotate(axes, row, left, style.energy(phase_pj), phase_pj / total_pj)
    axes.set_title("Energy (share of the run)", fontsize=11, fontweight="bold")
    axes.set_xlabel(f"energy ({unit}); static power by time")


def _annotate(axes, row, end, value, part):
    axes.annotate(
        f"{value}  ({style.share(part)})",
        (end, row),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=10,
    )
