"""A report as a list of blocks, and the two ways to write it: Markdown and one HTML file that needs nothing else."""

import base64
import html
import re
from dataclasses import dataclass

from spikeloom.compare.numbers import Number

MARK = re.compile("⟦([^⟧]+)⟧")
CODE = re.compile("`([^`]+)`")
STRONG = re.compile(r"\*\*([^*]+)\*\*")
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 0.4rem 0 1.4rem; font-size: 13px; display: block; overflow-x: auto; }
caption { text-align: left; padding: 0.3rem 0; } th, td { border-bottom: 1px solid #ddd; padding: 0.2rem 0.6rem; }
th { text-align: left; border-bottom: 2px solid #666; vertical-align: bottom; } td.n { text-align: right; }
img { max-width: 100%; } sup { color: #888; font-size: 9px; } .warning { border: 2px solid #b20; padding: 0.6rem; }
code { background: #f3f3f3; }
"""


@dataclass(frozen=True)
class Heading:
    """`level` 1 is the title."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """`warning`: drawn in a box."""

    text: str
    warning: bool = False


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: tuple


@dataclass(frozen=True)
class Table:
    """`name` is the first part of its cells' ids; a cell is text or a Number."""

    name: str
    caption: str
    columns: tuple
    rows: tuple


@dataclass(frozen=True)
class Figure:
    """`name`: of its files name.svg and name.png."""

    name: str
    caption: str


def cell_id(table, row, column):
    """Rows and columns are counted from 1; the column of row numbers does not count."""
    return f"{table.name}.{row + 1}.{column + 1}"


def register(blocks, numbers):
    """Gives every number in a table its id."""
    for table in blocks:
        if isinstance(table, Table):
            for i, row in enumerate(table.rows):
                for j, cell in enumerate(row):
                    if isinstance(cell, Number):
                        numbers.placed(cell_id(table, i, j), cell)


def markdown(blocks):
    """The blocks as Markdown; figures are files beside it."""
    return "\n\n".join(_markdown(block) for block in blocks) + "\n"


def _markdown(block):
    match block:
        case Heading(level, text):
            return "#" * level + " " + text
        case Paragraph(text, warning):
            return ("> **Warning.** " if warning else "") + _raised(text)
        case Bullets(items):
            return "\n".join(f"- {_raised(item)}" for item in items)
        case Figure(name, caption):
            return f"![{caption}]({name}.png)\n\n*{caption}* ([SVG]({name}.svg))"
        case Table():
            return _markdown_table(block)


def _markdown_table(table):
    lines = [f"**{table.name}.** {_raised(table.caption)}", ""]
    lines.append("| # | " + " | ".join(table.columns) + " |")
    lines.append("| --- |" + " --- |" * len(table.columns))
    for i, row in enumerate(table.rows):
        cells = [cell.shown if isinstance(cell, Number) else _raised(cell).replace("|", "\\|") for cell in row]
        lines.append(f"| {i + 1} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _raised(text):
    return MARK.sub(r"<sup>\1</sup>", text)


def page(title, blocks, svgs):
    """The blocks as one HTML page; `svgs`: {figure name: bytes}, which it carries inside."""
    body = "\n".join(_html(block, svgs) for block in blocks)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _html(block, svgs):
    match block:
        case Heading(level, text):
            return f"<h{level}>{_inline(text)}</h{level}>"
        case Paragraph(text, warning):
            return f'<p class="warning">{_inline(text)}</p>' if warning else f"<p>{_inline(text)}</p>"
        case Bullets(items):
            return "<ul>" + "".join(f"<li>{_inline(item)}</li>" for item in items) + "</ul>"
        case Figure(name, caption):
            data = base64.b64encode(svgs[name]).decode()
            image = f'<img alt="{html.escape(caption)}" src="data:image/svg+xml;base64,{data}">'
            return f"<figure>{image}<figcaption>{_inline(caption)}</figcaption></figure>"
        case Table():
            return _html_table(block)


def _html_table(table):
    lines = [f"<table><caption><b>{table.name}.</b> {_inline(table.caption)}</caption>", "<tr><th>#</th>"]
    lines += [f"<th>{_inline(column)}</th>" for column in table.columns]
    for i, row in enumerate(table.rows):
        lines.append(f"</tr>\n<tr><td>{i + 1}</td>")
        for j, cell in enumerate(row):
            if isinstance(cell, Number):
                identity = cell_id(table, i, j)
                lines.append(f'<td class="n" id="{identity}" title="{identity}">{html.escape(cell.shown)}</td>')
            else:
                lines.append(f"<td>{_inline(cell)}</td>")
    return "".join(lines) + "</tr></table>"


def _inline(text):
    text = CODE.sub(r"<code>\1</code>", html.escape(text, quote=False))
    return MARK.sub(r'<sup id="\1">\1</sup>', STRONG.sub(r"<b>\1</b>", text))
