"""Numbers of a report: what each one is, and from which bills it follows, so that it can be explained."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Number:
    """`shown` in the report; `what`: a sentence; `source`: JSON-able, how it was made (see explain.py)."""

    value: float
    shown: str
    what: str
    source: dict


class Numbers:
    """Gives every number its id, and keeps what `--explain` needs."""

    def __init__(self):
        self._entries, self._bills, self._inline = {}, {}, 0

    def cite(self, number):
        """The number as text in a sentence, with the mark of its id."""
        self._inline += 1
        return self.placed(f"n{self._inline}", number) + mark(f"n{self._inline}")

    def placed(self, identity, number):
        """The number as text at a place that has an id of its own, such as a table's cell."""
        self._entries[identity] = {"value": number.value, "shown": number.shown, "what": number.what} | number.source
        return number.shown

    def bill(self, bill):
        """A short name of a bill, which sources of numbers refer to."""
        content = {"runs": [list(pair) for pair in bill.runs], "per": bill.per}
        if bill.left_out:
            content["without"] = sorted({group for _, group in bill.left_out})
        for name, known in self._bills.items():
            if known == content:
                return name
        name = f"b{len(self._bills) + 1}"
        self._bills[name] = content
        return name

    def content(self):
        """Everything, as JSON-able dict."""
        return {"format": "spikeloom-compare-numbers", "version": 1, "bills": self._bills, "numbers": self._entries}


def mark(identity):
    """The mark that renderers turn into a small raised id."""
    return f"⟦{identity}⟧"


def ratio_text(value):
    """Three significant digits; near 1, where they would not say on which side it lies, four after the point."""
    if value == float("inf"):
        return "∞"
    if 0.95 < value < 1.05:
        return f"{value:.4f}"
    if abs(value) >= 999.5:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".")
