"""Energy of the run by group: one bar per group, the largest on top."""

from spikeloom.plots import style


def draw(results):
    """Horizontal bars in the unit of the largest, with value and share at their ends."""
    per_token_pj = results.report["energy"]["per_token_pj"]
    title = f"Energy by group: {style.energy(results.total_pj)}, {style.energy(per_token_pj)} per token"
    spent = sorted((g for g in results.groups if results.energy_pj[g]), key=results.energy_pj.get)
    height = 0.36 * len(spent)
    picture = style.figure(results, title, style.HEADING_INCHES + height + 0.95)
    axes = style.place(picture, 2.1, style.HEADING_INCHES + 0.1, 6.9, height)
    scale, unit = style.energy_unit(results.energy_pj[spent[-1]])
    for row, group in enumerate(spent):
        _draw_bar(axes, row, group, results.energy_pj[group] / scale, results)
    axes.set_yticks(range(len(spent)), [style.GROUPS[group][0] for group in spent])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.6, len(spent) - 0.4)
    axes.set_xlabel(f"energy ({unit})")
    style.note(picture, style.nothing_spent(results.silent_groups))
    return picture


def _draw_bar(axes, row, group, value, results):
    pj = results.energy_pj[group]
    axes.barh(row, value, height=0.7, color=style.GROUPS[group][1])
    axes.annotate(
        f"{style.energy(pj)}   {style.share(pj / results.total_pj)}",
        (value, row),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
    )
