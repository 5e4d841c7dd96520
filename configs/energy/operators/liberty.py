"""What a Liberty file says of each cell: area, leakage, pin capacitances, internal energies.

Only what `osu018_stdcells.lib` has is read: capacitances in pF, energies in pJ per transition, leakage in nW.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

TOKEN = re.compile(r'"[^"]*"|[\w.+-]+|[(){}:;,]')


@dataclass
class Group:
    """`kind (name) { attributes, groups }`."""

    kind: str
    name: str
    attributes: dict = field(default_factory=dict)
    groups: list = field(default_factory=list)

    def all(self, kind):
        return [group for group in self.groups if group.kind == kind]


@dataclass(frozen=True)
class Energy:
    """Internal energy of a pin's transition: pJ over input slew (ns), and load (pF) where the table has one."""

    loads: np.ndarray
    slews: np.ndarray
    values: np.ndarray  # [loads, slews]

    def at(self, load, slew):
        """Bilinear, held at the table's ends."""
        per_load = [np.interp(slew, self.slews, row) for row in self.values]
        return float(np.interp(load, self.loads, per_load))


@dataclass(frozen=True)
class Pin:
    direction: str
    capacitance: float
    rise: list  # Energy, one for each input that may have caused the transition
    fall: list


@dataclass(frozen=True)
class Cell:
    area: float
    leakage_nw: float
    sequential: bool
    pins: dict


def read_liberty(path):
    """{cell name: Cell}, and the supply in V."""
    text = re.sub(r"/\*.*?\*/", "", Path(path).read_text(), flags=re.S).replace("\\\n", "")
    library, _ = _group(TOKEN.findall(text), 0)
    templates = {g.name: g for g in library.groups if g.kind.endswith("template")}
    cells = {group.name: _cell(group, templates) for group in library.all("cell")}
    return cells, float(library.attributes["nom_voltage"])


def _group(tokens, at):
    """The Group that begins at `tokens[at]`, and the place behind it."""
    kind, at = tokens[at], at + 2
    name = "" if tokens[at] == ")" else tokens[at]
    while tokens[at] != "{":
        at += 1
    group, at = Group(kind, name), at + 1
    while tokens[at] != "}":
        if tokens[at] == ";":
            at += 1
        elif tokens[at + 1] == ":":
            group.attributes[tokens[at]] = tokens[at + 2].strip('"')
            at += 3
        else:
            close = tokens.index(")", at)
            if close + 1 < len(tokens) and tokens[close + 1] == "{":
                inner, at = _group(tokens, at)
                group.groups.append(inner)
            else:
                group.attributes[tokens[at]] = [t.strip('"') for t in tokens[at + 2 : close] if t != ","]
                at = close + 1
    return group, at + 1


def _cell(group, templates):
    pins = {pin.name: _pin(pin, templates) for pin in group.all("pin")}
    attributes = group.attributes
    return Cell(float(attributes["area"]), float(attributes["cell_leakage_power"]), bool(group.all("ff")), pins)


def _pin(group, templates):
    powers = group.all("internal_power")
    return Pin(
        group.attributes["direction"],
        float(group.attributes.get("capacitance", 0)),
        [_energy(table, templates) for power in powers for table in power.all("rise_power")],
        [_energy(table, templates) for power in powers for table in power.all("fall_power")],
    )


def _energy(group, templates):
    first, second = (_numbers(group.attributes.get(f"index_{i}", ["0"])) for i in (1, 2))
    values = np.array([_numbers([row]) for row in group.attributes["values"]])
    if templates[group.name].attributes["variable_1"].startswith("input"):
        return Energy(np.zeros(1), first, values.reshape(1, -1))
    return Energy(first, second, values)


def _numbers(texts):
    return np.array([float(number) for text in texts for number in text.split(",")])
