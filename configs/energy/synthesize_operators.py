#!/usr/bin/env python3
"""Tabulates energy, area and leakage of the operators in hw/rtl/operators by synthesis in a 0.18 um library.

yosys maps each operator to the cells of Debian's qflow-tech-osu018, OpenSTA gives delays and slews, Icarus Verilog
simulates the cells with these delays on operands of the committed traces (glitches included), and the transitions of
every net are priced with the library's own tables. The netlist has to give what its SystemVerilog gives.

    .venv/bin/python configs/energy/synthesize_operators.py            rewrite operators_osu018.csv
    .venv/bin/python configs/energy/synthesize_operators.py --check    synthesize again and list deviations from it
"""

import argparse
import csv
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from operators import operands as streams
from operators.energy import energies, transitions
from operators.liberty import read_liberty
from operators.netlist import LIBERTY, WARM_UP, missing_tools, simulate, synthesize, time_cells

TABLE = Path(__file__).resolve().parent / "operators_osu018.csv"
CYCLES, TREE_CYCLES = 1000, 400
CHECK_TOLERANCE = 0.05  # relative; versions of yosys and its ABC differ
COLUMNS = (
    "operator",
    "parameters",
    "operands",
    "combinational_pj",
    "settled_pj",
    "sequential_pj",
    "leakage_nw",
    "area_um2",
    "combinational_nand2",
    "sequential_bits",
    "cells",
    "delay_ns",
)
HEADER = """\
# Operators of hw/rtl/operators in the OSU 0.18 um library (1.8 V, typical, 25 C), one operation a cycle.
# combinational_pj: logic and the nets that registers drive, per operation, glitches included; settled_pj: the same if
#   every net changed at most once a cycle; sequential_pj: flip-flops and their clock pins. No wires, no clock tree.
# combinational_nand2: area of the logic over that of NAND2X1; a flip-flop (sequential_bits) has that of 4 NAND2X1.
# operands: of layer 15 of the committed traces (signed: spikequant-improved, unsigned: spikequant), or uniform: random.
# Tools: yosys 0.23, OpenSTA 2.0.17, Icarus Verilog 11.0, qflow-tech-osu018 1.3.17 (Debian 12).
# Regenerate: make operators
"""


@dataclass(frozen=True)
class Operator:
    """A module, its parameters, and what it works on: `{name: operands(cycles, {input: bits})}`."""

    module: str
    parameters: dict = field(default_factory=dict)
    operands: dict = field(default_factory=lambda: {"uniform": streams.uniform})
    cycles: int = CYCLES


def multiplier(weight, magnitude, **operands):
    return Operator(
        "multiplier", {"WEIGHT_BITS": weight, "MAGNITUDE_BITS": magnitude}, {"uniform": streams.uniform} | operands
    )


def shifter(term, stages, **operands):
    return Operator("shifter", {"TERM_BITS": term, "SHIFT_BITS": stages, "BITS": 32}, operands)


def lane(weight, magnitude, shift, accumulator, **operands):
    widths = {"WEIGHT_BITS": weight, "MAGNITUDE_BITS": magnitude, "SHIFT_BITS": shift, "ACCUMULATOR_BITS": accumulator}
    return Operator("multiply_accumulate", widths, operands)


def tree(count, magnitude, shift, code):
    widths = {
        "LANES": count,
        "WEIGHT_BITS": 4,
        "MAGNITUDE_BITS": magnitude,
        "SHIFT_BITS": shift,
        "ACCUMULATOR_BITS": 32,
    }
    return Operator("dot_product", widths, {code: streams.lanes(code, count, 4, magnitude)}, TREE_CYCLES)


def serial(count):
    widths = {"LANES": count, "WEIGHT_BITS": 4, "SHIFT_BITS": 4, "ACCUMULATOR_BITS": 32}
    return Operator("bit_serial", widths, {"signed": streams.planes(count)}, TREE_CYCLES)


def adders(count):
    operands = {"unsigned": streams.lanes("unsigned", count)}
    return Operator("adder_tree", {"LANES": count, "BITS": 8}, operands, TREE_CYCLES)


SIGNED, UNSIGNED = streams.multiplications("signed"), streams.multiplications("unsigned")
BOTH = {"uniform": streams.uniform, "signed": streams.spikes}
MEMBRANE = {"SLOPE_BITS": 18, "SHIFT_BITS": 4, "MEMBRANE_BITS": 32}
RESIDUE = {"RESIDUE_BITS": 48, "THRESHOLD_BITS": 24, "STEP_BITS": 4}
WIDTHS = (8, 16, 32, 64)

OPERATORS = (
    *(Operator("adder", {"BITS": bits}) for bits in (8, 16, 18, 32)),
    multiplier(4, 3, signed=SIGNED),
    multiplier(4, 4, unsigned=UNSIGNED),
    *(multiplier(bits, bits) for bits in (8, 11, 16, 24)),
    shifter(31, 1, uniform=streams.uniform),
    shifter(7, 4, uniform=streams.uniform, signed=streams.products("signed")),
    shifter(18, 4, uniform=streams.uniform, signed=streams.slope_terms),
    Operator("register_word", {"BITS": 32}),
    *(Operator("register_file", {"WORDS": words, "BITS": 18}, {"uniform": streams.registers}) for words in (4, 16)),
    Operator("row_latch", {"BITS": 64}, {"signed": streams.rows}),
    Operator("ternary_unpack", {}, {"uniform": streams.ternary_bytes}),
    Operator("slope_adder", {"WEIGHT_BITS": 4, "SLOPE_BITS": 18}, BOTH),
    Operator("membrane_update", MEMBRANE, {"signed": streams.slopes}),
    Operator("compare_subtract", RESIDUE, {"signed": streams.firings}),
    *(lane(4, 3, shift, bits, signed=SIGNED) for shift, bits in ((0, 18), (4, 24))),
    lane(4, 3, 4, 32, **{"signed": SIGNED, "signed with silent": streams.multiplications("signed", silent=True)}),
    lane(4, 4, 0, 18, unsigned=UNSIGNED, uniform=streams.uniform),
    *(lane(4, 4, shift, bits, unsigned=UNSIGNED) for shift, bits in ((0, 24), (4, 24), (4, 32))),
    *(lane(8, 8, 0, bits, uniform=streams.uniform) for bits in (24, 32)),
    *(tree(count, 4, 0, "unsigned") for count in WIDTHS),
    *(tree(count, 3, 4, "signed") for count in (16, 64)),
    *(adders(count) for count in WIDTHS),
    *(serial(count) for count in (1, *WIDTHS)),
    Operator("half_multiply", {}, {"uniform": streams.normal_floats(10), "residual": streams.halves}),
    Operator("half_multiply_accumulate", {}, {"residual": streams.halves}),
    Operator("convert", {}, {"uniform": streams.uniform, "group sums": streams.group_sums}),
    Operator("float_multiply", {}, {"uniform": streams.normal_floats(23), "group sums": streams.group_sums}),
    Operator(
        "float_accumulate",
        {},
        {"uniform": streams.normal_floats(23), "residual": streams.halves, "group sums": streams.group_sums},
    ),
    Operator("dequantizer", {}, {"group sums": streams.group_sums}),
)


def measure(operator, library, supply_v, wire_pf, folder):
    """Its table rows as strings. Raises ValueError where the netlist gives other results than its SystemVerilog."""
    module, parameters = operator.module, operator.parameters
    netlist = synthesize(module, parameters, folder)
    slews, delay_ns = time_cells(netlist, folder)
    cells = [library[kind] for kind, _ in netlist.cells.values()]
    figures = (
        sum(cell.leakage_nw for cell in cells),
        sum(cell.area for cell in cells),
        sum(cell.area for cell in cells if not cell.sequential) / library["NAND2X1"].area,
        sum(cell.sequential for cell in cells),
        len(cells),
        delay_ns,
    )
    chosen = " ".join(f"{name}={value}" for name, value in parameters.items())
    for name, stream in operator.operands.items():
        operands = stream(operator.cycles, netlist.inputs)
        rtl, gates = (simulate(module, parameters, netlist, operands, folder, gates) for gates in (False, True))
        if any(rtl[output][WARM_UP:] != gates[output][WARM_UP:] for output in netlist.outputs):
            raise ValueError(f"{module} {chosen}: the netlist does not give what the SystemVerilog gives")
        pj = energies(netlist, library, supply_v, slews, *transitions(folder / "net.vcd"), wire_pf)
        numbers = (pj.combinational, pj.settled, pj.sequential, *figures)
        yield dict(zip(COLUMNS, (module, chosen, name, *(f"{x:.4g}" for x in numbers)), strict=True))


def measure_all(operators, wire_pf):
    """Table rows of all operators, one after another."""
    library, supply_v = read_liberty(LIBERTY)
    for operator in operators:
        with tempfile.TemporaryDirectory() as folder:
            yield from measure(operator, library, supply_v, wire_pf, Path(folder))


def write_table(rows):
    """Writes comments, column names and rows."""
    with TABLE.open("w", newline="") as out:
        out.write(HEADER)
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_table():
    """Rows of the committed table, comments skipped."""
    with TABLE.open() as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def deviations(committed, fresh):
    """Messages for rows that are missing, new, or differ by more than CHECK_TOLERANCE."""
    old, new = ({tuple(row[c] for c in COLUMNS[:3]): row for row in rows} for rows in (committed, fresh))
    found = [f"{key}: not in the committed file" for key in new if key not in old]
    found += [f"{key}: no longer produced" for key in old if key not in new]
    for key in new.keys() & old.keys():
        for column in COLUMNS[3:]:
            was, now = float(old[key][column]), float(new[key][column])
            if abs(now - was) > CHECK_TOLERANCE * max(abs(was), abs(now)):
                found.append(f"{' '.join(key)} {column}: committed {was:g}, now {now:g}")
    return sorted(found)


def main():
    parser = argparse.ArgumentParser(description="Tabulate prices of operators by synthesis.")
    parser.add_argument("--check", action="store_true", help="compare with the committed file, write nothing")
    parser.add_argument("--only", metavar="OPERATOR", help="one operator, shown and not written")
    parser.add_argument(
        "--wire-ff", type=float, default=0.0, help="wire to each driven pin in fF; shown and not written"
    )
    args = parser.parse_args()
    if not 0 <= args.wire_ff <= 1000:
        parser.error("argument --wire-ff: 0 to 1000")
    if missing := " ".join(missing_tools()):
        print(f"synthesize_operators.py: needs {missing}: apt-get install {missing}", file=sys.stderr)
        return 2
    chosen = [operator for operator in OPERATORS if args.only in (None, operator.module)]
    if not chosen:
        print(f"synthesize_operators.py: --only {args.only}: no such operator", file=sys.stderr)
        return 2
    rows = []
    try:
        for row in measure_all(chosen, args.wire_ff / 1e3):
            rows.append(row)
            print("  ".join(row.values()), flush=True)
    except (RuntimeError, ValueError) as error:
        print(f"synthesize_operators.py: {error}", file=sys.stderr)
        return 2
    if args.only or args.wire_ff:
        return 0
    if not args.check:
        write_table(rows)
        print(f"{TABLE.name}: {len(rows)} rows")
        return 0
    found = deviations(read_table(), rows)
    print(f"{TABLE.name}: {len(rows)} rows, {len(found)} deviations", *found, sep="\n  ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
