"""Perplexities from the table that `make table` writes into a Markdown file."""

import re
from typing import NamedTuple

from spikeloom import UserError

BEGIN, END = "<!-- table of `spikeloom perplexity` -->", "<!-- end of the table -->"
READING = re.compile(r"([\d.]+) \(([\d.]+) \.\. ([\d.]+)\)")


class Perplexity(NamedTuple):
    """Perplexity and the ends of its 95 % interval over windows."""

    value: float
    low: float
    high: float


def read(path, column, where):
    """The Perplexity in `column` of the one row that has the texts `where` ({column: text}). Raises UserError."""
    rows = _rows(path)
    for name in (column, *where):
        if name not in rows[0]:
            raise UserError(f"{path}: the table of perplexities has no column '{name}' (it has {', '.join(rows[0])})")
    found = [row for row in rows if all(row[name] == value for name, value in where.items())]
    said = ", ".join(f"{name} {value}" for name, value in where.items())
    if len(found) != 1:
        raise UserError(f"{path}: {len(found)} rows of the table of perplexities have {said}, expected one")
    match = READING.fullmatch(found[0][column])
    if not match:
        raise UserError(
            f"{path}: '{found[0][column]}' in column '{column}' ({said}) is no perplexity with its interval"
        )
    return Perplexity(*map(float, match.groups()))


def _rows(path):
    text = path.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise UserError(f"{path}: no table of perplexities (`make table` writes it)")
    lines = text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip().splitlines()
    header, _, *body = [_cells(line) for line in lines]
    return [dict(zip(header, cells, strict=True)) for cells in body]


def _cells(line):
    return [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
