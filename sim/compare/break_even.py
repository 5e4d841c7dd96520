"""Where the bills are equal when unit prices are scaled, from counted energies alone."""

from spikeloom.compare.uncertainty import shares


def factor(rival, spiking, group, other=None, scale=1.0):
    """The factor on the prices of `group` at which both bills are equal; None if no positive one is.

    `other`: a second group, whose prices are multiplied by `scale`. Both bills are linear in the factor.
    """
    constant, slope = 0.0, 0.0
    for sign, bill in ((1, rival), (-1, spiking)):
        neither, alone, ours, both = shares(bill, other or group, group)
        if other is None:
            ours, both = both, 0.0
        constant += sign * (neither + scale * alone)
        slope += sign * (ours + scale * both)
    if slope == 0 or -constant / slope <= 0:
        return None
    return -constant / slope


def curve(rival, spiking, x, y, scales):
    """[(factor on group x, factor on group y at which both bills are equal, or None)]."""
    return [(scale, factor(rival, spiking, y, x, scale)) for scale in scales]
