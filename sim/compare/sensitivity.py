"""What uncertain prices do to a ratio: counts x price x factor, no new simulation.

Each side takes its best point anew under every set of prices.
"""

from dataclasses import dataclass

import numpy as np

PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True)
class Swing:
    """The ratio with one group's prices at both ends, everything else as stated."""

    group: object
    at_low: float
    at_high: float

    @property
    def width(self):
        """How far apart the two are."""
        return abs(self.at_high - self.at_low)


class Prices:
    """Bills of two lists of outcomes: the ratio of their best where groups of prices lie elsewhere within their bounds.

    A position is 0 at the low end of a group's bounds, 1 at the high end, and nan where prices are as stated.
    """

    def __init__(self, rivals, spiking, groups):
        self.groups = groups
        self._events = sorted({event for group in groups for event in group.events})
        self._sides = [_matrix(side, self._events) for side in (rivals, spiking)]

    def ratios(self, positions):
        """Rival's best over spiking best, for `positions` (samples, groups); returns (samples,)."""
        factors = self._factors(positions)
        rival, spiking = ((factors @ spent.T + rest).min(axis=1) for spent, rest in self._sides)
        return rival / spiking

    def tornado(self):
        """A Swing per group, the widest first."""
        swings = []
        for i, group in enumerate(self.groups):
            positions = np.full((2, len(self.groups)), np.nan)
            positions[:, i] = 0, 1
            swings.append(Swing(group, *map(float, self.ratios(positions))))
        return sorted(swings, key=lambda swing: -swing.width)

    def interval(self, samples, seed):
        """(low, high) that hold 95 % of the ratios with independent positions, drawn uniformly."""
        drawn = np.random.default_rng(seed).uniform(size=(samples, len(self.groups)))
        return tuple(float(bound) for bound in np.percentile(self.ratios(drawn), PERCENTILES))

    def corners(self):
        """(lowest, highest) ratio that is found with every group at an end, moving one at a time while it helps.

        A ratio of sums is monotonic in each factor, so that an extreme lies at the ends.
        """
        return tuple(self._corner(sign) for sign in (-1, 1))

    def _corner(self, sign):
        chosen = np.ones((1, len(self.groups)))
        best = sign * float(self.ratios(chosen)[0])
        changed = True
        while changed:
            changed = False
            for i in range(len(self.groups)):
                trial = chosen.copy()
                trial[0, i] = 1 - trial[0, i]
                value = sign * float(self.ratios(trial)[0])
                if value > best:
                    best, chosen, changed = value, trial, True
        return sign * best

    def _factors(self, positions):
        """Factors on events (samples, events): geometric between the bounds, linear where the lower one is 0."""
        factors = np.ones((len(positions), len(self._events)))
        for group, at in zip(self.groups, positions.T, strict=True):
            for event, (low, high) in group.bounds.items():
                factor = low ** (1 - at) * high**at if low else high * at
                factors[:, self._events.index(event)] *= np.where(np.isnan(at), 1.0, factor)
        return factors


def _matrix(side, events):
    """Energies (outcomes, events), and of each outcome what no event of the list holds."""
    bills = [outcome.bill.events_pj() for outcome in side]
    spent = np.array([[bill.get(event, 0.0) for event in events] for bill in bills])
    return spent, np.array([sum(bill.values()) for bill in bills]) - spent.sum(axis=1)
