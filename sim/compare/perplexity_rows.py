"""Perplexities: from the table that `make table` writes into a Markdown file, or from `spikeloom perplexity --json`."""

import json
import re
from pathlib import Path
from typing import NamedTuple

from spikeloom import UserError

BEGIN, END = "<!-- table of `spikeloom perplexity` -->", "<!-- end of the table -->"
READING = re.compile(r"([\d.]+) \(([\d.]+) \.\. ([\d.]+)\)")
LINES = ".jsonl"


class Perplexity(NamedTuple):
    """Perplexity and the ends of its 95 % interval over windows."""

    value: float
    low: float
    high: float


class Source(NamedTuple):
    """A file, and what is read of it: a table's column, or of JSON lines those of a text."""

    path: Path
    column: str
    text: str | None = None


def read(source, where):
    """The Perplexity of the one row or line that has the texts `where` ({name: text}). Raises UserError.

    Of a JSON line, `method` and the options of its reading are such texts.
    """
    rows = _lines(source) if source.text else _table(source)
    for name in where:
        if not any(name in names for names, _ in rows):
            known = ", ".join(dict.fromkeys(known for names, _ in rows for known in names))
            raise UserError(f"{source.path}: no perplexity has '{name}' (there are {known})")
    found = [reading for names, reading in rows if all(names.get(name) == value for name, value in where.items())]
    said = ", ".join(f"{name} {value}" for name, value in where.items())
    if len(found) != 1:
        raise UserError(f"{source.path}: {len(found)} perplexities have {said}, expected one")
    if found[0] is None:
        raise UserError(f"{source.path}: no perplexity with its interval in '{source.column}' ({said})")
    return found[0]


def _lines(source):
    """[(its texts, Perplexity)] of every reading on the text."""
    found = []
    for number, line in enumerate(source.path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            one = json.loads(line)
            if one["text"] != source.text:
                continue
            names = {"method": one["method"]} | {name: str(value) for name, value in one["options"].items()}
            found.append((names, Perplexity(*(float(one[name]) for name in ("perplexity", "low", "high")))))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{source.path}:{number}: no reading of `spikeloom perplexity --json`") from error
    if not found:
        raise UserError(f"{source.path}: no reading on the text '{source.text}'")
    return found


def table_text(text):
    """The table in a Markdown file's text; empty if there is none."""
    if BEGIN not in text or END not in text:
        return ""
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip()


def _table(source):
    """[(its texts, Perplexity or None where the column holds none)] of every row."""
    lines = table_text(source.path.read_text(encoding="utf-8")).splitlines()
    if not lines:
        raise UserError(f"{source.path}: no table of perplexities (`make table` writes it)")
    header, _, *body = [_cells(line) for line in lines]
    if source.column not in header:
        raise UserError(
            f"{source.path}: the table of perplexities has no column '{source.column}' (it has {', '.join(header)})"
        )
    rows = [dict(zip(header, cells, strict=True)) for cells in body]
    return [(row, _reading(row[source.column])) for row in rows]


def _reading(cell):
    match = READING.fullmatch(cell)
    return Perplexity(*map(float, match.groups())) if match else None


def _cells(line):
    return [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
