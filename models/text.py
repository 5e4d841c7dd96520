"""Real text for calibration and evaluation: articles, one a line, cut into windows of tokens.

The first half of a text calibrates, the second half is evaluated and exported: nothing is ever in both.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spikeloom import UserError

BETWEEN_ARTICLES = "\n\n"


@dataclass(frozen=True)
class Text:
    """A UTF-8 file of articles, one a line. `halves` are the two lists of articles."""

    path: Path
    halves: tuple

    @property
    def name(self):
        """The file's name."""
        return self.path.name

    def windows(self, tokenize, half, count, length):
        """Token ids int64 [count, length], spread evenly over half 0 (calibration) or 1 (evaluation).

        Raises UserError if that half is shorter than the windows asked for.
        """
        ids = tokenize(BETWEEN_ARTICLES.join(self.halves[half]))
        available = len(ids) // length
        if available < count:
            part = ("first half (calibration)", "second half (evaluation)")[half]
            raise UserError(
                f"{self.path}: its {part} has {len(ids)} tokens, {count} windows of {length} need {count * length}"
            )
        places = np.linspace(0, available - 1, count).round().astype(int)
        return np.array([ids[place * length : (place + 1) * length] for place in places], dtype=np.int64)


def read_text(path):
    """Text of a file. Raises UserError if it does not exist, is not UTF-8, or has less than two lines."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such text (`spikeloom fetch` gets the default ones)")
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text") from error
    if len(lines) < 2:
        raise UserError(f"{path}: expected one article per line and at least two of them, found {len(lines)}")
    return Text(path, (lines[: len(lines) // 2], lines[len(lines) // 2 :]))


@dataclass(frozen=True)
class Perplexity:
    """exp of the mean negative log likelihood per token, with a 95 % confidence interval over windows."""

    value: float
    low: float
    high: float
    windows: int


def perplexity_of(losses):
    """Perplexity of losses [S, tokens]: Student's t over the windows' means."""
    means = losses.mean(axis=1)
    mean = float(means.mean())
    if len(means) < 2:
        return Perplexity(math.exp(mean), math.nan, math.nan, len(means))
    error = float(means.std(ddof=1)) / math.sqrt(len(means))
    half = student_t_975(len(means) - 1) * error
    return Perplexity(math.exp(mean), math.exp(mean - half), math.exp(mean + half), len(means))


def student_t_975(freedom):
    """The 97.5 % quantile of Student's t (tables; between entries the smaller number of degrees of freedom)."""
    table = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
    table |= {10: 2.228, 15: 2.131, 20: 2.086, 30: 2.042, 60: 2.000, 120: 1.980}
    return table[max(entry for entry in table if entry <= freedom)]
