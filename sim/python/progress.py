"""How far a long command is: one line with the time left on a terminal, a plain line now and then elsewhere."""

import sys
import time

from spikeloom.wording import counted

# Of a log file or a pipe: at least this long between two lines.
PLAIN_SECONDS = 30
# The time left follows the pace of the last steps: kept layers go by quickly, others do not.
PACE_STEPS = 4


class Progress:
    """`with Progress("exporting", 30) as bar: ... bar.step()`, on stderr.

    Of two at the same time only the outer one is shown: what the inner one counts is part of the outer one's steps.
    """

    _outermost = None

    def __init__(self, what, total, unit="layer"):
        self._what, self._total, self._unit, self._done = what, total, unit, 0
        self._on_terminal = sys.stderr.isatty()
        self._times = []
        self._said = 0.0

    def __enter__(self):
        if Progress._outermost is None:
            Progress._outermost = self
        self._times = [time.monotonic()]
        self._said = self._times[0]
        if self._is_shown and self._on_terminal:
            self._rewrite(self._line())
        return self

    def __exit__(self, *_):
        if self._is_shown and self._on_terminal:
            self._rewrite("")
        if Progress._outermost is self:
            Progress._outermost = None

    def step(self):
        """One unit of work is done."""
        self._done += 1
        now = time.monotonic()
        self._times = [*self._times[-PACE_STEPS:], now]
        if not self._is_shown:
            return
        if self._on_terminal:
            self._rewrite(self._line())
        elif now - self._said >= PLAIN_SECONDS and self._done < self._total:
            print(self._line(), file=sys.stderr, flush=True)
            self._said = now

    @property
    def _is_shown(self):
        return Progress._outermost is self and self._total > 0

    def _line(self):
        line = f"{self._what}: {self._done} of {counted(self._total, self._unit)} done"
        if not self._done:
            return line
        pace = (self._times[-1] - self._times[0]) / (len(self._times) - 1)
        seconds = round(pace * (self._total - self._done))
        return f"{line}, about {seconds // 60} min {seconds % 60:02} s left"

    def _rewrite(self, line):
        sys.stderr.write(f"\r\033[K{line}")
        sys.stderr.flush()
