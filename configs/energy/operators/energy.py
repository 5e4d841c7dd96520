"""Energy per cycle of a simulated netlist: transitions of its nets, priced with the library's tables.

A net's transition costs 1/2 C V^2 (C: the pins that it drives, and so much wire to each as is asked for) and the
internal energy of the cell that drives it, averaged over the inputs that may have caused it. Every flip-flop pays its
clock pin's internal energy and charge in every cycle. OpenSTA 2.0's own report_power is not used: its command for the
activity of single nets fails, and it adds a rise and a fall where one of them happened.
"""

from collections import defaultdict
from dataclasses import dataclass

from .netlist import CLOCK_SLEW_NS, PERIOD_NS


@dataclass
class Transitions:
    """Of one net: how often it rose and fell, and how often its settled value rose or fell from cycle to cycle."""

    rises: int = 0
    falls: int = 0
    settled: int = 0


@dataclass(frozen=True)
class Energies:
    """pJ per cycle. Nets that flip-flops drive are operands of the logic: their charge counts as combinational."""

    combinational: float
    settled: float  # combinational, if every net changed at most once a cycle
    sequential: float


def transitions(vcd):
    """{net: Transitions} of a value change dump of single-bit nets, and the cycles that it holds.

    Raises ValueError where a net is unknown: operands must clear every register within the warm-up.
    """
    names, counts, value, settled_at, now, begin = defaultdict(list), {}, {}, {}, 0, None
    with vcd.open() as lines:
        for line in lines:
            mark = line[0]
            if mark == "#":
                now = int(line[1:])
                begin = now if begin is None else begin
            elif mark in "01":
                key = line[1:-1]
                if key in value and value[key] != mark:
                    _count(counts[key], key, mark, (now - begin) // (PERIOD_NS * 1000), value, settled_at)
                elif key not in value:
                    counts[key], settled_at[key] = Transitions(), (0, mark)
                value[key] = mark
            elif mark in "xz":
                raise ValueError(f"{vcd.name}: net {names[line[1:-1]][0]} is unknown after the warm-up")
            elif line.startswith("$var"):
                words = line.split()
                names[words[3]].append(words[4].removeprefix("\\"))
    for key, count in counts.items():
        count.settled += settled_at[key][1] != value[key]
    return {name: counts[key] for key in counts for name in names[key]}, (now - begin) // (PERIOD_NS * 1000) + 1


def _count(count, key, mark, cycle, value, settled_at):
    """One change to `mark` in `cycle`; what the net was before settled the cycle of its last change."""
    if mark == "1":
        count.rises += 1
    else:
        count.falls += 1
    last, settled = settled_at[key]
    if last != cycle:
        count.settled += settled != value[key]
        settled_at[key] = (cycle, value[key])


def energies(netlist, library, supply_v, slews, changes, cycles, wire_pf):
    """Energies per cycle of what `transitions` found in so many cycles.

    `library` {type: Cell}; `slews` {(instance, pin): ns}; `wire_pf` is the wire to each driven pin.
    """
    loads = _loads(netlist, library, wire_pf)
    pj = {"combinational": 0.0, "settled": 0.0, "sequential": 0.0}
    for name, (kind, connections) in netlist.cells.items():
        cell = library[kind]
        inputs = [pin for pin in connections if cell.pins[pin].direction == "input" and pin != "CLK"]
        slew = sum(slews[name, pin] for pin in inputs) / len(inputs) if inputs else 0.0
        for pin, net in connections.items():
            change = changes.get(net, Transitions())
            happened = change.rises + change.falls
            if pin == "CLK":
                pj["sequential"] += cycles * _clock(cell.pins[pin], supply_v, wire_pf)
            elif cell.pins[pin].direction == "input":
                pj["sequential"] += _internal(cell.pins[pin], change, 0.0, slews[name, pin])
            else:
                charge = loads[net] * supply_v**2 / 2
                internal = _internal(cell.pins[pin], change, loads[net], CLOCK_SLEW_NS if cell.sequential else slew)
                spent = happened * charge + (0.0 if cell.sequential else internal)
                pj["combinational"] += spent
                pj["settled"] += spent * change.settled / happened if happened else 0.0
                pj["sequential"] += internal if cell.sequential else 0.0
    return Energies(**{key: value / cycles for key, value in pj.items()})


def _loads(netlist, library, wire_pf):
    """{net: pF of the input pins on it, and of the wires to them}."""
    loads = defaultdict(float)
    for kind, connections in netlist.cells.values():
        for pin, net in connections.items():
            if library[kind].pins[pin].direction == "input":
                loads[net] += library[kind].pins[pin].capacitance + wire_pf
    return loads


def _clock(pin, supply_v, wire_pf):
    """A rise and a fall of a clock pin."""
    internal = pin.rise[0].at(0.0, CLOCK_SLEW_NS) + pin.fall[0].at(0.0, CLOCK_SLEW_NS)
    return internal + (pin.capacitance + wire_pf) * supply_v**2


def _internal(pin, change, load, slew):
    """Of a pin's transitions."""
    if not pin.rise:
        return 0.0
    rise = sum(energy.at(load, slew) for energy in pin.rise) / len(pin.rise)
    fall = sum(energy.at(load, slew) for energy in pin.fall) / len(pin.fall)
    return change.rises * rise + change.falls * fall
