"""What uncertain prices do to a ratio: counts x price x factor, no new simulation.

Each side takes its best point anew under every set of prices.
"""

from dataclasses import dataclass

import numpy as np

from spikeloom.compare.uncertainty import split

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
    """Bills of two lists of outcomes split by PriceGroup: ratios of their best under any factors."""

    def __init__(self, rivals, spiking, groups):
        self.groups = groups
        self._sides = [_matrix(side, groups) for side in (rivals, spiking)]

    def ratios(self, factors):
        """Rival's best over spiking best, for `factors` (samples, groups); returns (samples,)."""
        rival, spiking = (_best(parts, rest, factors) for parts, rest in self._sides)
        return rival / spiking

    def tornado(self):
        """A Swing per group, the widest first."""
        swings = []
        for i, group in enumerate(self.groups):
            factors = np.ones((2, len(self.groups)))
            factors[:, i] = group.low, group.high
            swings.append(Swing(group, *map(float, self.ratios(factors))))
        return sorted(swings, key=lambda swing: -swing.width)

    def interval(self, samples, seed):
        """(low, high) that hold 95 % of the ratios with independent factors, log-uniform between their bounds."""
        low = np.log([group.low for group in self.groups])
        high = np.log([group.high for group in self.groups])
        drawn = np.random.default_rng(seed).uniform(low, high, (samples, len(self.groups)))
        return tuple(float(bound) for bound in np.percentile(self.ratios(np.exp(drawn)), PERCENTILES))

    def corners(self):
        """(lowest, highest) ratio with every group at one of its ends; exact for the points that are best as stated.

        A ratio of sums is monotonic in each factor, so that going from end to end until nothing changes finds it.
        """
        return tuple(self._corner(sign) for sign in (-1, 1))

    def _corner(self, sign):
        ends = np.array([(group.low, group.high) for group in self.groups])
        chosen = np.ones(len(self.groups), dtype=int)
        best = sign * float(self.ratios(self._factors(ends, chosen))[0])
        changed = True
        while changed:
            changed = False
            for i in range(len(self.groups)):
                trial = chosen.copy()
                trial[i] = 1 - trial[i]
                value = sign * float(self.ratios(self._factors(ends, trial))[0])
                if value > best:
                    best, chosen, changed = value, trial, True
        return sign * best

    @staticmethod
    def _factors(ends, chosen):
        return ends[np.arange(len(chosen)), chosen][None, :]


def _matrix(side, groups):
    parts = [split(outcome.bill, groups) for outcome in side]
    return np.array([part for part, _ in parts]), np.array([rest for _, rest in parts])


def _best(parts, rest, factors):
    """Energy of the cheapest point per sample: (samples,)."""
    return (factors @ parts.T + rest).min(axis=1)
