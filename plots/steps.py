"""Accuracy of a spiking language model against its energy, the time steps as the curve's parameter."""

from spikeloom.plots import style

HEIGHT_INCHES = 4.2
COLOURS = ("#AA3377", "#228833", "#CC6677", "#332288", "#DDAA33", "#33BBEE")
RIVAL = "#0077BB"


def draw(name, points):
    """A panel per technology; a curve per model, its points marked with their steps; rivals as squares."""
    technologies = list(dict.fromkeys(point.technology for point in points))
    tokens = points[0].tokens
    picture = style.headed_figure(
        f"{name}: accuracy against energy",
        f"one sentence of {tokens} tokens; numbers beside the points: time steps",
        any(point.synthetic for point in points),
        style.HEADING_INCHES + HEIGHT_INCHES + 0.9,
    )
    width = style.WIDTH_INCHES / len(technologies)
    for column, technology in enumerate(technologies):
        axes = style.place(picture, 0.9 + column * width, style.HEADING_INCHES + 0.35, width - 1.2, HEIGHT_INCHES)
        _panel(axes, technology, [point for point in points if point.technology == technology])
    return picture


def _panel(axes, technology, points):
    known = [point for point in points if point.model.accuracy]
    scale, unit = style.energy_unit(max(point.pj for point in points))
    models = list(dict.fromkeys(point.model for point in known))
    for i, model in enumerate(models):
        mine = [point for point in known if point.model == model]
        x = [point.pj / scale for point in mine]
        y = [100 * model.accuracy_at(point.steps) for point in mine]
        if model.rival:
            axes.plot(x, y, "s", color=RIVAL)
            axes.annotate(model.name, (x[0], y[0]), (6, -10), textcoords="offset points", fontsize=8)
            continue
        axes.plot(x, y, "o-", color=COLOURS[i % len(COLOURS)], label=model.name, markersize=4)
        for point, across, up in zip(mine, x, y, strict=True):
            axes.annotate(str(point.steps), (across, up), (3, 4), textcoords="offset points", fontsize=7)
    if not known:
        axes.text(0.5, 0.5, "no accuracies: the study names no results", ha="center", transform=axes.transAxes)
    axes.set_xscale("log")
    axes.set_title(technology)
    axes.set_xlabel(f"energy of the sentence ({unit})")
    axes.set_ylabel("accuracy (%)")
    if any(not model.rival for model in models):
        axes.legend(loc="lower right", fontsize=8)
