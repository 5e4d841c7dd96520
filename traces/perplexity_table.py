"""`spikeloom perplexity`: a line per method and text, as each is measured, and the README's table of them."""

import contextlib
import json
import math
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from spikeloom import UserError
from spikeloom.files import require_writable_folder, whole_file
from spikeloom.models import calibration, llama, perplexity
from spikeloom.models.activation_count import ActivationCount
from spikeloom.models.methods import why_unused
from spikeloom.models.methods.registry import METHODS, Settings, make_method
from spikeloom.models.text import perplexity_of, read_text
from spikeloom.progress import Progress
from spikeloom.traces import model_header
from spikeloom.traces.exporter import require_length
from spikeloom.traces.paired import paired_difference, window_losses
from spikeloom.wording import counted

HEADER = (
    f"{'method':20} {'text':20} {'perplexity':>10}  {'95 % over windows':>19}  {'salient':>7}  {'2 digits':>8}  "
    f"{'bits':>5}  {'in all':>6}"
)
TABLE_BEGIN, TABLE_END = "<!-- table of `spikeloom perplexity` -->", "<!-- end of the table -->"


@dataclass(frozen=True)
class PerplexityOptions:
    """What to measure; `methods` are names, perhaps with settings of their own ("atom:wide-share=0.03"), or "all";
    `settings` is a `registry.Settings`; `readme` a file whose table is written anew, or None."""

    model: Path
    methods: list
    texts: list
    calibration_text: Path
    windows: int
    window: int
    calibration_windows: int
    settings: object
    as_json: bool
    readme: Path | None = None

    def check(self):
        """Raises UserError for numbers outside their ranges."""
        for name in ("windows", "calibration_windows"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name.replace('_', '-')} {getattr(self, name)}: at least 1")
        if self.window < 2:
            raise UserError(f"--window {self.window}: at least 2 tokens")
        if self.readme:
            split_readme(self.readme)
            require_writable_folder(self.readme.parent, "--readme")


def measure(options):
    """Print the perplexity of every method on every text.

    Raises UserError for a missing extra, an unknown method, or a model, text or file that cannot be used.
    """
    labels, methods, texts, calibration_text = _checked(options)
    llama.import_torch()
    print(f"loading {options.model.name}", file=sys.stderr, flush=True)
    model = llama.load_llama(options.model)
    windows = {text.name: text.windows(model.tokenize, 1, options.windows, options.window) for text in texts}
    chosen = calibration_text.windows(model.tokenize, 0, options.calibration_windows, options.window)
    if not options.as_json:
        print(HEADER, flush=True)
    rows = []
    with _saying_what_is_kept(labels, rows):
        for label, method in zip(labels, methods, strict=True):
            rows.append(_read(model, method, chosen, windows))
            first = None if len(rows) == 1 else (labels[0], rows[0])
            for text in windows:
                print(_json(text, rows[-1], first) if options.as_json else _line(label, rows[-1][text][0]), flush=True)
    readings = [[reading for reading, _ in row.values()] for row in rows]
    if not options.as_json:
        _print_paired(labels, rows)
        _print_widths(readings)
    if options.readme:
        before, after = split_readme(options.readme)
        lines = [TABLE_BEGIN, *markdown_table(methods, readings), TABLE_END]
        with whole_file(options.readme) as partial:
            partial.write_text(before + "\n".join(lines) + after, encoding="utf-8")


def _checked(options):
    """(labels, methods, texts, calibration text), as far as they can be checked before the model is loaded."""
    options.check()
    labels = expand(options.methods)
    methods = [method_of(text, options.settings) for text in labels]
    texts = [read_text(path) for path in options.texts]
    for i, text in enumerate(texts):
        if text.name in [other.name for other in texts[:i]]:
            raise UserError(f"--text {text.path}: a second text called {text.name}: results go by the file's name")
        require_length(text, 1, options.windows * options.window)
    calibration_text = read_text(options.calibration_text)
    require_length(calibration_text, 0, options.calibration_windows * options.window)
    shape = model_header.shape_of_model(options.model)
    for method in methods:
        method.check(shape)
    return labels, methods, texts, calibration_text


def _read(model, method, sequences, windows):
    """{text: (Reading, loss per token [S] of its windows)} of a method; `windows` maps texts to token ids [S,C].

    Calibration comes first; then each window is read by itself, so that the windows done and to do can be told.
    """
    if not method.keeps_nothing:
        for _ in calibration.programs(model, method, sequences):
            pass
    row = {}
    with Progress(f"reading {method.name}", sum(map(len, windows.values())), "window") as bar:
        for text, ids in windows.items():
            parts = []
            for window in ids:
                parts += perplexity.read_perplexity(model, method, sequences, {text: window[np.newaxis]})
                bar.step()
            losses, count = window_losses(parts), ActivationCount()
            for part in parts:
                count.add(part.count)
            row[text] = replace(parts[0], perplexity=perplexity_of(losses[:, np.newaxis]), count=count), losses
    return row


@contextlib.contextmanager
def _saying_what_is_kept(labels, rows):
    """Gives Ctrl-C the words on what is printed already; `rows` grow meanwhile."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(
            f"{len(rows)} of {counted(len(labels), 'method')} measured; calibrated layers are kept, so that the same "
            "command gets here quickly"
        ) from stop


def expand(names):
    """The method texts of a command line: "all" stands for every method."""
    return [name for given in names for name in (METHODS if given == "all" else [given])]


def method_of(text, settings):
    """The method of "NAME" or "NAME:setting=value,...". Raises UserError."""
    name, _, changes = text.partition(":")
    known = {entry.name.replace("_", "-"): entry for entry in fields(Settings)}
    for change in filter(None, changes.split(",")):
        key, _, value = change.partition("=")
        if key not in known or known[key].type is bool:
            raise UserError(f"--method {text}: no setting '{key}'")
        unused = why_unused(known[key].name, [name])
        if unused:
            raise UserError(f"--method {text}: {key} {unused}")
        try:
            settings = replace(settings, **{known[key].name: known[key].type(value)})
        except ValueError as error:
            raise UserError(f"--method {text}: '{value}' is no number for '{key}'") from error
    return make_method(name, settings)


def markdown_table(methods, readings):
    """Lines of a Markdown table: a row per method, a column per text; `readings` are lists, one per method."""
    texts = [reading.text for reading in readings[0]]
    lines = [
        "| method | weights | activations | salient | two digits | bits per activation | with side information | "
        + " | ".join(f"PPL {Path(text).stem}" for text in texts)
        + " |",
        "| --- | --- | --- | --- | --- | --- | --- |" + " --- |" * len(texts),
    ]
    for method, row in zip(methods, readings, strict=True):
        count = row[0].count
        cells = [f"`{method.name}`", method.weights, method.activations]
        cells += [_share(count.salient_share), _share(count.digit_share), _bits(count.payload_bits)]
        cells += [_bits(count.all_bits)]
        cells += [f"{reading.perplexity.value:.2f} ({_interval(reading.perplexity)})" for reading in row]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def split_readme(path):
    """What stands before and after the table in a file. Raises UserError if it has no place for one."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text") from error
    before, begin, rest = text.partition(TABLE_BEGIN)
    _, end, after = rest.partition(TABLE_END)
    if not begin or not end:
        raise UserError(f"{path}: has no lines '{TABLE_BEGIN}' and '{TABLE_END}' for the table to stand between")
    return before, after


def _line(label, reading):
    p, count = reading.perplexity, reading.count
    return (
        f"{label:20} {reading.text:20} {p.value:10.2f}  {_interval(p):>19}  {_share(count.salient_share):>7}  "
        f"{_share(count.digit_share):>8}  {_bits(count.payload_bits):>5}  {_bits(count.all_bits):>6}"
    )


def _json(text, row, first):
    """A reading as a JSON line, with the loss of each window and what it is less that of the first method's (label,
    row), None where this is the first."""
    reading, losses = row[text]
    paired = None
    if first:
        label, reference = first
        paired = {"against": label} | vars(paired_difference(losses, reference[text][1]))
    return json.dumps(json.loads(reading.json()) | {"window_losses": losses.tolist(), "paired": paired})


def _print_paired(labels, rows):
    if len(rows) < 2:
        return
    print(f"log-perplexity less that of {labels[0]} on the same windows: mean +- standard error (95 % interval)")
    for label, row in zip(labels[1:], rows[1:], strict=True):
        for text, (_, losses) in row.items():
            print(f"{label:20} {text:20} {paired_difference(losses, rows[0][text][1])}")


def _print_widths(readings):
    for first in (row[0] for row in readings if row[0].widths):
        widths = first.widths
        print(
            f"{first.method}: output codes of {widths['output']} bits, membranes of {widths['membrane']} (largest on "
            f"calibration text {widths['largest_membrane']:,}), thresholds of {widths['threshold']}"
        )


def _interval(p):
    return "one window" if math.isnan(p.low) else f"{p.low:.2f} .. {p.high:.2f}"


def _share(share):
    return "-" if share is None else f"{share:.2%}"


def _bits(bits):
    return "-" if bits is None else f"{bits:.2f}"
