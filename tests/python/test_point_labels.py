"""Labels of points: none upon another, none outside, none far without a line."""

from itertools import combinations

import matplotlib
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from spikeloom.plots import point_labels, style

CROWDED = [(0.50 + 0.002 * i, 0.50 - 0.001 * i, f"{i}0") for i in range(12)]
CORNERS = [(0.0, 0.0, "low"), (1.0, 1.0, "a long name"), (1.0, 0.0, "right"), (0.0, 1.0, "left")]


def drawn(labels):
    """(axes, [(text, its box in pixels)])."""
    with matplotlib.rc_context(style.SETTINGS):
        picture = style.headed_figure("title", "origin", False, 5)
        axes = style.place(picture, 1, 1, 5, 3)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        point_labels.draw(axes, labels, 8)
        renderer = FigureCanvasAgg(picture).get_renderer()
        for text in axes.texts:
            text.update_positions(renderer)
        return axes, [(text.get_text(), Text.get_window_extent(text, renderer)) for text in axes.texts]


@pytest.mark.parametrize("labels", [CROWDED, CORNERS])
def test_every_label_is_drawn_inside_and_upon_no_other(labels):
    axes, found = drawn(labels)
    assert sorted(text for text, _ in found) == sorted(text for _, _, text in labels)
    whole = axes.get_window_extent()
    assert all(
        box.x0 >= whole.x0 and box.x1 <= whole.x1 and box.y0 >= whole.y0 and box.y1 <= whole.y1 for _, box in found
    )
    assert not any(one.overlaps(other) for (_, one), (_, other) in combinations(found, 2))


def test_a_far_label_has_a_line_to_its_point():
    axes, _ = drawn(CROWDED)
    assert 0 < sum(text.arrow_patch is not None for text in axes.texts) < len(CROWDED)
