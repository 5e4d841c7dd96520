"""Perplexity against what is varied, from the JSON lines of `spikeloom perplexity --json`."""

import json
from pathlib import Path

from matplotlib.ticker import LogFormatter, PercentFormatter

from spikeloom import UserError
from spikeloom.plots import style

COLOURS = ["#0077BB", "#CC6677", "#117733", "#DDCC77", "#AA4499", "#332288", "#222222"]
PANEL_INCHES = 4.4
NEEDED = ("method", "text", "perplexity", "low", "high", "payload_bits", "salient_share", "windows")


def load(path):
    """Readings (list of dicts) of a file. Raises UserError naming the line that is none."""
    readings = []
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text, as `spikeloom perplexity --json` writes it") from error
    for number, line in enumerate(lines, start=1):
        try:
            reading = json.loads(line)
            missing = [key for key in NEEDED if key not in reading]
            for key in ("perplexity", "payload_bits"):
                float(reading.get(key, 0))
        except (ValueError, TypeError, AttributeError) as error:
            raise UserError(f"{path}:{number}: not a line of `spikeloom perplexity --json`: {error}") from error
        if missing:
            raise UserError(f"{path}:{number}: no '{missing[0]}': not a line of `spikeloom perplexity --json`")
        readings.append(reading)
    if not readings:
        raise UserError(f"{path}: empty; `spikeloom perplexity --json` writes what belongs here")
    return readings


def draw_bits(readings):
    """A panel per text: perplexity over the bits of an activation, a line per method."""
    return _draw(readings, "payload_bits", "bits per activation, without side information", None)


def draw_salient(readings):
    """A panel per text: perplexity over the share of salient values, of the methods that have such values."""
    chosen = [reading for reading in readings if reading["salient_share"] is not None]
    return _draw(chosen, "salient_share", "share of salient values", PercentFormatter(1))


def _draw(readings, key, label, formatter):
    texts = list(dict.fromkeys(reading["text"] for reading in readings))
    height = style.HEADING_INCHES + max(len(texts), 1) * PANEL_INCHES
    windows = {reading["windows"] for reading in readings}
    origin = f"95 % intervals over {', '.join(map(str, sorted(windows)))} windows"
    picture = style.headed_figure(f"Perplexity against {label}", origin, False, height)
    for row, text in enumerate(texts):
        top = style.HEADING_INCHES + 0.3 + row * PANEL_INCHES
        axes = style.place(picture, 1.0, top, style.WIDTH_INCHES - 1.3, PANEL_INCHES - 1.1)
        here = [reading for reading in readings if reading["text"] == text]
        for method, colour in zip(dict.fromkeys(reading["method"] for reading in here), COLOURS, strict=False):
            line = sorted((r for r in here if r["method"] == method), key=lambda r: r[key])
            x, y = [r[key] for r in line], [r["perplexity"] for r in line]
            axes.plot(x, y, marker="o", markersize=4, color=colour, label=method)
            bounds = [(r[key], r["low"], r["high"]) for r in line if r["low"] is not None]
            if bounds:
                axes.vlines(*zip(*bounds, strict=True), color=colour, alpha=0.4)
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(LogFormatter())
        axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.5)))
        if formatter:
            axes.xaxis.set_major_formatter(formatter)
        axes.set_title(text, fontsize=11, fontweight="bold")
        axes.set_xlabel(label)
        axes.set_ylabel("perplexity")
        axes.legend(fontsize=10)
    return picture
