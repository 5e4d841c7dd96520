"""Accuracy of a spiking language model against its energy, the time steps as the curve's parameter."""

from spikeloom.plots import point_labels, style

HEIGHT_INCHES = 4.6
COLOURS = ("#AA3377", "#0077BB", "#228833", "#DDAA33", "#332288", "#33BBEE", "#222222", "#CC6677")


def draw(study, points):
    """A panel per technology, of the linear operations: a curve per model, marked with its steps; rivals as squares."""
    technologies = list(dict.fromkeys(point.technology for point in points))
    picture = style.headed_figure(
        f"{study.name}: accuracy against energy of the linear operations",
        f"Energy of one sentence of {points[0].tokens} tokens, accuracy of all test texts; numbers: time steps",
        False,
        style.HEADING_INCHES + HEIGHT_INCHES + 0.9,
    )
    width = style.WIDTH_INCHES / len(technologies)
    for column, technology in enumerate(technologies):
        axes = style.place(picture, 0.9 + column * width, style.HEADING_INCHES + 0.35, width - 1.2, HEIGHT_INCHES)
        _panel(axes, technology, [point for point in points if point.technology == technology])
    return picture


def _panel(axes, technology, points):
    known = [point for point in points if point.accuracy is not None]
    scale, unit = style.energy_unit(max(point.linear.pj for point in points))
    labels = []
    for i, model in enumerate(dict.fromkeys(point.model for point in known)):
        mine = [point for point in known if point.model == model]
        across = [point.linear.pj / scale for point in mine]
        up = [100 * point.accuracy for point in mine]
        if model.spikes:
            axes.plot(across, up, "o-", color=COLOURS[i % len(COLOURS)], label=model.name, markersize=4)
            labels += [(x, y, str(point.steps)) for x, y, point in zip(across, up, mine, strict=True)]
        else:
            axes.plot(across, up, "s", color=COLOURS[i % len(COLOURS)], label=model.name, markersize=6)
    axes.set_xscale("log")
    axes.set_title(technology)
    axes.set_xlabel(f"energy of the sentence ({unit})")
    axes.set_ylabel("accuracy (%)")
    axes.legend(loc="lower right", fontsize=8)
    point_labels.draw(axes, labels, 7)
