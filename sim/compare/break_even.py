"""Where the bills are equal when unit prices are scaled, from counted energies alone."""

from spikeloom.compare.uncertainty import split


def factor(rival, spiking, groups, i, others=None):
    """The factor on the prices of groups[i] at which both bills are equal; None if no positive one is.

    `others`: {index: factor} of groups that are scaled too.
    """
    difference, slope = 0.0, 0.0
    for sign, bill in ((1, rival), (-1, spiking)):
        parts, rest = split(bill, groups)
        for j, part in enumerate(parts):
            if j == i:
                slope += sign * part
            else:
                difference += sign * part * (others or {}).get(j, 1.0)
        difference += sign * rest
    if slope == 0 or -difference / slope <= 0:
        return None
    return -difference / slope


def curve(rival, spiking, groups, x, y, factors):
    """[(factor of groups[x], factor of groups[y] at which both bills are equal, or None)]."""
    return [(scale, factor(rival, spiking, groups, y, {x: scale})) for scale in factors]
