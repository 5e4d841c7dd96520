"""Two methods on the same windows: windows differ far more than methods do, so that differences are taken in each."""

import math
from dataclasses import dataclass

import numpy as np

from spikeloom.models.text import student_t_975
from spikeloom.wording import counted


@dataclass(frozen=True)
class PairedDifference:
    """Mean difference of log-perplexity (nats per token) over windows, its standard error, and its 95 % interval by
    Student's t; the last three are None for one window."""

    mean: float
    standard_error: float | None
    low: float | None
    high: float | None
    windows: int

    def __str__(self):
        if self.standard_error is None:
            return f"{self.mean:+.4f} (one window)"
        return (
            f"{self.mean:+.4f} +- {self.standard_error:.4f} ({self.low:+.4f} .. {self.high:+.4f}; "
            f"{counted(self.windows, 'window')})"
        )


def paired_difference(losses, reference):
    """PairedDifference of losses [S], less `reference` [S] of the same windows."""
    differences = np.asarray(losses) - np.asarray(reference)
    count, mean = len(differences), float(differences.mean())
    if count < 2:
        return PairedDifference(mean, None, None, None, count)
    error = float(differences.std(ddof=1)) / math.sqrt(count)
    half = student_t_975(count - 1) * error
    return PairedDifference(mean, error, mean - half, mean + half, count)


def window_losses(readings):
    """Mean loss per token float64 [S] of readings of one window each."""
    return np.log([reading.perplexity.value for reading in readings])
