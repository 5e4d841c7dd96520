"""Where the bills of both sides' best points are equal when unit prices are scaled, from counted energies alone."""

import math
from typing import NamedTuple

from spikeloom.compare.uncertainty import shares

SAME = 1e-9  # relative


class Even(NamedTuple):
    """A factor on prices, and the point of each side that is best there; their bills are equal."""

    factor: float
    rival: object
    spiking: object


def even(rivals, spiking, group, other=None, scale=1.0):
    """The Even of a factor on the prices of `group` that is nearest to 1 (as a ratio); None if no positive one is.

    Each side, a list of outcomes, takes its best point anew. `other`: a second group, whose prices are multiplied by
    `scale`. Every bill is linear in the factor, so that the best of a side is made of straight pieces.
    """
    sides = [_lines(outcomes, group, other, scale) for outcomes in (rivals, spiking)]
    found = []
    for constant, slope, _ in sides[0]:
        for constant2, slope2, _ in sides[1]:
            if slope == slope2:
                continue
            factor = (constant2 - constant) / (slope - slope2)
            if factor > 0:
                bests = [min(side, key=lambda line, at=factor: line[0] + line[1] * at) for side in sides]
                first, second = (line[0] + line[1] * factor for line in bests)
                if math.isclose(first, second, rel_tol=SAME):
                    found.append(Even(factor, bests[0][2], bests[1][2]))
    return min(found, key=lambda one: abs(math.log(one.factor))) if found else None


def curve(rivals, spiking, x, y, scales):
    """[(factor on group x, Even of a factor on group y, or None)]."""
    return [(scale, even(rivals, spiking, y, x, scale)) for scale in scales]


def _lines(outcomes, group, other, scale):
    """[(constant, slope, outcome)] of every bill in the factor, but for those that another one is never above."""
    lines = []
    for outcome in outcomes:
        neither, alone, ours, both = shares(outcome.bill, other or group, group)
        if other is None:
            lines.append((neither, both, outcome))
        else:
            lines.append((neither + scale * alone, ours + scale * both, outcome))
    kept = []
    for line in sorted(lines, key=lambda line: line[:2]):
        if not kept or line[1] < kept[-1][1]:
            kept.append(line)
    return kept
