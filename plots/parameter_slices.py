"""Every objective of a study over every parameter, a point per complete trial."""

from pandas.api.types import is_float_dtype

from spikeloom.explore.evaluation import COMPLETE
from spikeloom.plots import style

PANEL_INCHES, MOST_TICKS = 2.3, 8
COLOUR, FRONT = "#BBBBBB", "#AA3377"


def draw(study):
    """The figure of a Study: a row per parameter, a column per objective."""
    trials = study.trials()
    front = study.front().index
    picture = style.headed_figure(
        f"Slices of {study.name}",
        "complete trials; those on the front of all objectives in colour",
        study.synthetic,
        style.HEADING_INCHES + 0.3 + len(study.parameters) * PANEL_INCHES,
    )
    width = style.WIDTH_INCHES / len(study.objectives)
    complete = trials[trials["state"] == COMPLETE]
    for row, parameter in enumerate(study.parameters):
        for column, objective in enumerate(study.objectives):
            top = style.HEADING_INCHES + 0.2 + row * PANEL_INCHES
            axes = style.place(picture, 0.85 + column * width, top, width - 1.05, PANEL_INCHES - 0.85)
            _panel(axes, complete, front, parameter, objective)
    return picture


def _panel(axes, complete, front, parameter, objective):
    if not len(complete):
        axes.set_title("no complete trial")
        return
    across = complete[parameter]
    if not is_float_dtype(across.dtype):  # a place per value, in order
        values = sorted(across.unique(), key=lambda value: (isinstance(value, str), value))
        across = across.map({value: i for i, value in enumerate(values)})
        step = -(-len(values) // MOST_TICKS)
        labels = [str(value).rsplit("/", 1)[-1] for value in values[::step]]
        axes.set_xticks(range(0, len(values), step), labels, fontsize=8)
    axes.scatter(across, complete[objective], s=14, color=COLOUR)
    axes.scatter(across[front], complete[objective][front], s=18, color=FRONT)
    axes.set_xlabel(parameter, fontsize=8)
    axes.set_ylabel(objective, fontsize=9)
    axes.tick_params(labelsize=8)
    axes.margins(0.1)
