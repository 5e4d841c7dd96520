"""The table of published figures, as data, in Markdown and in HTML."""

from html import escape

from spikeloom.models.published import kirin, operation_prices, prosperity, quantized_twin
from spikeloom.models.published.figures import IMPOSSIBLE, Row, papers

MODULES = {
    "quantized_twin": quantized_twin,
    "prosperity": prosperity,
    "operation_prices": operation_prices,
    "kirin": kirin,
}
HEADINGS = ("paper", "figure", "published", "recomputed", "deviation", "what is assumed, or why not", "source")


def published_rows():
    """One Row per figure of `figures.yaml`, paper by paper; what cannot be reproduced ends each paper's."""
    rows = []
    for name, paper in papers().items():
        if name in MODULES:
            rows += MODULES[name].rows(paper)
        rows += [Row(f, IMPOSSIBLE, None, f.reason) for f in paper.figures.values() if f.reason]
    return rows


def as_markdown(rows):
    """A Markdown table of `rows`."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *map(row_texts, rows)]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def as_html(rows):
    """An HTML table of `rows`; a row's class is its kind."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in HEADINGS)
    lines = [f"<tr>{head}</tr>"]
    for row in rows:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row_texts(row))
        lines.append(f'<tr class="{row.kind.replace(" ", "-")}">{cells}</tr>')
    return '<table class="published">\n' + "\n".join(lines) + "\n</table>\n"


def row_texts(row):
    """Texts of a row, one per heading."""
    figure, unit = row.figure, _unit(row.figure.unit)
    published = f"{figure.published:.4g}{unit}"
    assumed = row.assumed if row.kind != IMPOSSIBLE else f"{IMPOSSIBLE}: {row.assumed}"
    recomputed = _joined(row.recomputed, lambda value: f"{value:.4g}") + (unit if row.recomputed is not None else "")
    deviation = _joined(row.deviation, _percent)
    return figure.paper, figure.name, published, recomputed, deviation, assumed, figure.source


def _percent(deviation):
    return "0.0 %" if abs(deviation) < 0.0005 else f"{100 * deviation:+.1f} %"


def _unit(unit):
    return "" if unit == "ratio" else f" {unit}"


def _joined(value, text):
    if value is None:
        return "-"
    return " to ".join(map(text, value)) if isinstance(value, tuple) else text(value)
