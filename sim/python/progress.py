"""A progress line with the time left, on a terminal only."""

import sys
import time


class Progress:
    """`with Progress("calibrating", 30) as bar: ... bar.step()`; silent unless stderr is a terminal."""

    def __init__(self, what, total):
        self._what, self._total, self._done = what, total, 0
        self._shown = total > 0 and sys.stderr.isatty()
        self._start = time.monotonic()

    def __enter__(self):
        self._show()
        return self

    def __exit__(self, *_):
        if self._shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()

    def step(self):
        """One unit of work is done."""
        self._done += 1
        self._show()

    def _show(self):
        if not self._shown:
            return
        left = ""
        if self._done:
            seconds = (time.monotonic() - self._start) / self._done * (self._total - self._done)
            left = f", {seconds // 60:.0f} min {seconds % 60:02.0f} s left"
        sys.stderr.write(f"\r\033[K{self._what}: {self._done} of {self._total}{left}")
        sys.stderr.flush()
