"""Published figures held against the cells that were named for them before anything ran."""

from dataclasses import dataclass

from spikeloom import UserError


@dataclass(frozen=True)
class Cell:
    """A ratio of the report: regime, technology, spiking row, rival, rung."""

    regime: str
    technology: str
    row: object
    rival: object
    rung: int
    ratio: float


def chosen(reading, cells):
    """The cells that a reading names. Raises UserError if there are none."""
    found = [cell for cell in cells if _named(reading, cell)]
    if not found:
        raise UserError(f"reading '{reading.name}' names no cell of this comparison")
    return found


def _named(reading, cell):
    labels = cell.row.point.labels
    wanted = {name: value for name, value in reading.spiking.items() if name != "contender"}
    return (
        cell.regime in reading.regimes
        and cell.technology in reading.technologies
        and cell.rung in reading.rungs
        and cell.rival.point.contender.name in reading.rivals
        and cell.row.point.contender.name == reading.spiking["contender"]
        and all(labels.get(name) == value for name, value in wanted.items())
    )


def within(reading, cells):
    """Of all cells, those that would hold wherever the reading had been put."""
    return [cell for cell in cells if reading.holds(cell.ratio)]
