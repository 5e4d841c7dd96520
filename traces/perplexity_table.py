"""`spikeloom perplexity`: a line per method and text, as each is measured."""

import math
from dataclasses import dataclass
from pathlib import Path

from spikeloom import UserError
from spikeloom.models import llama, perplexity
from spikeloom.models.methods.registry import make_method
from spikeloom.models.text import read_text

HEADER = f"{'method':20} {'text':20} {'perplexity':>10}  {'95 % over windows':>19}  {'salient':>8}"


@dataclass(frozen=True)
class PerplexityOptions:
    """What to measure; `settings` is a `registry.Settings`."""

    model: Path
    methods: list
    texts: list
    calibration_text: Path
    windows: int
    window: int
    calibration_windows: int
    settings: object
    as_json: bool

    def check(self):
        """Raises UserError for numbers outside their ranges."""
        for name in ("windows", "calibration_windows"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name.replace('_', '-')} {getattr(self, name)}: at least 1")
        if self.window < 2:
            raise UserError(f"--window {self.window}: at least 2 tokens")


def measure(options):
    """Print the perplexity of every method on every text.

    Raises UserError for a missing extra, an unknown method, or a model or text that cannot be used.
    """
    options.check()
    llama.import_torch()
    methods = [make_method(name, options.settings) for name in options.methods]
    texts = [read_text(path) for path in options.texts]
    calibration_text = read_text(options.calibration_text)
    model = llama.load_llama(options.model)
    windows = {text.name: text.windows(model.tokenize, 1, options.windows, options.window) for text in texts}
    chosen = calibration_text.windows(model.tokenize, 0, options.calibration_windows, options.window)
    if not options.as_json:
        print(HEADER, flush=True)
    for method in methods:
        for reading in perplexity.read_perplexity(model, method, chosen, windows):
            print(reading.json() if options.as_json else _line(reading), flush=True)


def _line(reading):
    p = reading.perplexity
    interval = "one window" if math.isnan(p.low) else f"{p.low:.2f} .. {p.high:.2f}"
    share = "-" if reading.salient_share is None else f"{reading.salient_share:.2%}"
    return f"{reading.method:20} {reading.text:20} {p.value:10.2f}  {interval:>19}  {share:>8}"
