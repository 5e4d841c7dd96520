"""The bill of a run: counts and energy per event, and sums and differences of bills."""

import csv
import json
from dataclasses import dataclass, field

from spikeloom import UserError

COLUMNS = ["block", "event", "group", "count", "unit_pj", "energy_pj"]


@dataclass(frozen=True)
class Bill:
    """`rows`: {(event, group): (count, energy in pJ)}; `runs`: ((key of a run, factor), ...) that make it up.

    `left_out`: rows that are counted, but no part of the energy.
    """

    rows: dict
    runs: tuple
    per: float = field(default=1)
    left_out: dict = field(default_factory=dict)

    def energy_pj(self, groups=None):
        """Energy of some groups (None: all), divided by `per`."""
        spent = sum(pj for (_, group), (_, pj) in self.rows.items() if groups is None or group in groups)
        return spent / self.per

    def events_pj(self):
        """{event: energy in pJ}, divided by `per`."""
        spent = {}
        for (event, _), (_, pj) in self.rows.items():
            spent[event] = spent.get(event, 0.0) + pj / self.per
        return spent

    def groups_pj(self):
        """{group: energy in pJ}, divided by `per`."""
        spent = {}
        for (_, group), (_, pj) in self.rows.items():
            spent[group] = spent.get(group, 0.0) + pj / self.per
        return spent

    def count(self, event):
        """How often an event happened, over all groups; not divided."""
        return sum(count for (name, _), (count, _) in (self.rows | self.left_out).items() if name == event)

    def plus(self, other, factor=1):
        """The sum of two bills, the other one times a factor, to be divided by `per` of this one."""
        rows = {}
        for key in sorted(self.rows.keys() | other.rows.keys()):
            (count, pj), (more, more_pj) = self.rows.get(key, (0, 0.0)), other.rows.get(key, (0, 0.0))
            rows[key] = (count + factor * more, pj + factor * more_pj)
        return Bill(rows, self.runs + tuple((run, factor * times) for run, times in other.runs), self.per)

    def minus(self, other):
        """The difference of two bills, to be divided by `per` of this one."""
        return self.plus(other, -1)

    def over(self, per):
        """The same bill, divided by `per`."""
        return Bill(self.rows, self.runs, per, self.left_out)

    def without(self, groups):
        """The same bill with some groups left out."""
        left = {key: row for key, row in self.rows.items() if key[1] in groups}
        return Bill({key: row for key, row in self.rows.items() if key not in left}, self.runs, self.per, left)

    def alone(self):
        """What is left out, as a bill of its own."""
        return Bill(self.left_out, self.runs, self.per)


def read_bill(run):
    """The Bill of a run's energy.csv, whose sum its report.json must confirm. Raises UserError."""
    path = run.folder / "energy.csv"
    rows = {}
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        if next(reader, None) != COLUMNS:
            raise UserError(f"{path}:1: the header must be {','.join(COLUMNS)}")
        for row in reader:
            try:
                _, event, group, count, _, energy = row
                key = (event, group)
                counted, spent = rows.get(key, (0, 0.0))
                rows[key] = (counted + float(count), spent + float(energy))
            except ValueError as error:
                raise UserError(f"{path}:{reader.line_num}: cannot be read ({error})") from error
    bill = Bill(rows, ((run.key, 1),))
    total = read_report(run)["energy"]["total_pj"]
    if not abs(bill.energy_pj() - total) <= 1e-6 * total:
        raise UserError(f"{path}: adds up to {bill.energy_pj():.6g} pJ, report.json says {total:.6g} pJ")
    return bill


def read_report(run):
    """The report.json of a run. Raises UserError if it is none."""
    path = run.folder / "report.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from error
