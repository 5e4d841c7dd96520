"""Labels beside points, none upon another."""

from itertools import product

from spikeloom.plots import style

LETTER_WIDTH, LINE_HEIGHT = 0.62, 1.25  # of the font size
RINGS = (5, 17, 29, 41, 53)  # points from the middle of the mark to the label
CORNERS = tuple(product((1, -1), (1, -1)))


def draw(axes, labels, fontsize):
    """Write `labels` [(x, y, text)] on axes on which all else is drawn; a far one has a line to its point.

    Each takes the nearest place that is free and inside the axes. One that finds none is left out.
    """
    axes.autoscale_view()  # sets limits that are still to be computed
    scale = axes.figure.dpi / 72
    inside, taken = axes.get_window_extent(), []
    for x, y, text in labels:
        size = (LETTER_WIDTH * fontsize * len(text) * scale, LINE_HEIGHT * fontsize * scale)
        place = _free(axes.transData.transform((x, y)), size, scale, inside, taken)
        if place is None:
            continue
        ring, (right, up), box = place
        taken.append(box)
        axes.annotate(
            text,
            (x, y),
            (ring * right, ring * up),
            textcoords="offset points",
            ha="left" if right > 0 else "right",
            va="bottom" if up > 0 else "top",
            fontsize=fontsize,
            color=style.INK,
            arrowprops={"arrowstyle": "-", "color": style.QUIET, "linewidth": 0.6} if ring > RINGS[0] else None,
        )


def _free(point, size, scale, inside, taken):
    """(ring, corner, box in pixels) of the nearest free place; None without any."""
    for ring, corner in product(RINGS, CORNERS):
        box = _box(point, size, ring * scale, corner)
        left, low, right, high = box
        if left < inside.x0 or right > inside.x1 or low < inside.y0 or high > inside.y1:
            continue
        if not any(_overlap(box, other) for other in taken):
            return ring, corner, box
    return None


def _box(point, size, distance, corner):
    """(left, low, right, high)."""
    ends = [
        sorted((at + way * distance, at + way * (distance + length)))
        for at, way, length in zip(point, corner, size, strict=True)
    ]
    (left, right), (low, high) = ends
    return left, low, right, high


def _overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
