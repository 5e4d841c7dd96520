"""Prices of operators: how energy is counted, the committed table, what the README says of it, uncertainties."""

import re
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ENERGY = ROOT / "configs" / "energy"
sys.path.insert(0, str(ENERGY))

import synthesize_operators  # noqa: E402 (a script, in no package)
from operators import energy, liberty, netlist  # noqa: E402

needs_tools = pytest.mark.skipif(
    bool(netlist.missing_tools()), reason="tools for synthesis are not installed (`make operators` does)"
)

VCD = """$timescale 1ps $end
$var wire 1 ! steady $end
$var wire 1 " clocked $end
$var wire 1 # glitch $end
$enddefinitions $end
#1000
$dumpvars
0!
0"
0#
$end
#1500
1"
1#
#1700
0#
#201200
0"
1#
#201300
0#
#201400
1#
#401100
0#
"""


def test_transitions_tell_glitches_from_settled_changes(tmp_path):
    """Three cycles of 200 ns: `glitch` pulses in the first, rises after a pulse in the second, falls in the third."""
    assert netlist.PERIOD_NS == 200
    (tmp_path / "net.vcd").write_text(VCD)
    changes, cycles = energy.transitions(tmp_path / "net.vcd")
    assert cycles == 3
    assert changes["steady"] == energy.Transitions(0, 0, 0)
    assert changes["clocked"] == energy.Transitions(1, 1, 2)
    assert changes["glitch"] == energy.Transitions(3, 3, 2)


def test_unknown_nets_are_refused(tmp_path):
    (tmp_path / "net.vcd").write_text(VCD.replace("0#\n$end", "x#\n$end"))
    with pytest.raises(ValueError, match="net glitch is unknown"):
        energy.transitions(tmp_path / "net.vcd")


LIBERTY = """library(tiny) {
  nom_voltage : 2.0;
  power_lut_template(t) { variable_1 : total_output_net_capacitance; variable_2 : input_transition_time; }
  power_lut_template(passive) { variable_1 : input_transition_time; }
  cell (FF) { area : 4; cell_leakage_power : 0.5;
    ff (IQ, IQN) { next_state : "D"; clocked_on : "CLK"; }
    pin(CLK) { direction : input; capacitance : 0.1;
      internal_power() { rise_power(passive) { index_1 ("0, 0.2"); values ("0.0, 0.2"); }
                         fall_power(passive) { index_1 ("0, 0.2"); values ("0.3, 0.3"); } } }
    pin(D) { direction : input; capacitance : 0.25; }
    pin(Q) { direction : output; capacitance : 0; function : "IQ";
      internal_power() { related_pin : "CLK";
        rise_power(t) { index_1 ("0, 1"); index_2 ("0, 1"); values ("0.0, 0.0", \\
          "4.0, 4.0"); }
        fall_power(t) { index_1 ("0, 1"); index_2 ("0, 1"); values ("1.0, 1.0", "1.0, 1.0"); } } }
  }
}
"""


def test_energy_of_a_flip_flop_by_hand(tmp_path):
    """Two flip-flops in a row, 2 V, clock slew 0.1 ns. Clock: 2 x (0.1 + 0.3 + 0.1 pF x 4) = 1.6 pJ a cycle. The net
    between them (0.25 pF) rises and falls once in 2 cycles: charge 2 x 0.25 x 4 / 2 = 1, internal 4 x 0.25 + 1 = 2 pJ.
    """
    assert netlist.CLOCK_SLEW_NS == 0.1
    (tmp_path / "tiny.lib").write_text(LIBERTY)
    library, supply_v = liberty.read_liberty(tmp_path / "tiny.lib")
    assert (library["FF"].area, library["FF"].leakage_nw, supply_v) == (4, 0.5, 2)
    cells = {"a": ("FF", {"CLK": "clk", "D": "in", "Q": "net"}), "b": ("FF", {"CLK": "clk", "D": "net", "Q": "out"})}
    design = netlist.Netlist(cells, {"in": 1}, {"out": 1})
    slews = {(name, pin): 0.0 for name in "ab" for pin in "DQ"}
    spent = energy.energies(design, library, supply_v, slews, {"net": energy.Transitions(1, 1, 2)}, 2, 0.0)
    assert spent.combinational == spent.settled == pytest.approx(1 / 2)
    assert spent.sequential == pytest.approx(1.6 + 2 / 2)


@needs_tools
def test_netlist_of_a_register_costs_its_clock(tmp_path):
    """DFFPOSX1 at a clock slew of 0.1 ns: internal 0.006882 + 0.114657 pJ, charge 0.0279235 pF x (1.8 V)^2."""
    library, supply_v = liberty.read_liberty(netlist.LIBERTY)
    design = netlist.synthesize("register_word", {"BITS": 8}, tmp_path)
    slews, _ = netlist.time_cells(design, tmp_path)
    operands = {"data": [0x5A] * 40}
    results = netlist.simulate("register_word", {"BITS": 8}, design, operands, tmp_path, gates=True)
    assert set(results["held"]) == {"5a"}
    changes, cycles = energy.transitions(tmp_path / "net.vcd")
    spent = energy.energies(design, library, supply_v, slews, changes, cycles, 0.0)
    assert (spent.combinational, spent.sequential) == (0, pytest.approx(8 * 0.21201, rel=0.001))


# What the sources of 45nm.yaml say, in pJ, then in adder bits: Horowitz (ISSCC 2014), Aladdin's flip-flop; a 2:1
# multiplexer is 3.5 / 9 of an adder bit.
ADD = 0.1 / 32
REGISTER = 0.0090 / ADD
STAGE = 3.5 / 9
BINARY16, BINARY32_MULTIPLY, BINARY32_ADD = 1.1 / ADD, 3.7 / ADD, 0.9 / ADD
CONVERT = 32 * 2.2


def tree_bits(lanes, bits):
    """Adder bits of a binary tree: an adder has the bits of its sum."""
    return sum((lanes >> level) * (bits + level) for level in range(1, lanes.bit_length()))


# The README's first table: first words of a row, the table's row, adder bits of the chain.
COMPARED = [
    ("adder, 32 bits", "adder BITS=32 uniform", 32),
    ("32 flip-flops, clocked", "register_word BITS=32 uniform", 32 * REGISTER),
    ("register file, 4 words", "register_file WORDS=4 BITS=18 uniform", 18 * 2 * REGISTER),
    ("register file, 16 words", "register_file WORDS=16 BITS=18 uniform", 18 * 2 * REGISTER),
    ("multiplier 4 x 4, random", "multiplier WEIGHT_BITS=4 MAGNITUDE_BITS=4 uniform", 0.2 / 64 * 16 / ADD),
    ("multiplier 4 x 4, unsigned codes", "multiplier WEIGHT_BITS=4 MAGNITUDE_BITS=4 unsigned", 0.2 / 64 * 16 / ADD),
    ("multiplier 4 x 3, signed codes", "multiplier WEIGHT_BITS=4 MAGNITUDE_BITS=3 signed", 0.2 / 64 * 12 / ADD),
    ("multiplier 8 x 8, random", "multiplier WEIGHT_BITS=8 MAGNITUDE_BITS=8 uniform", 0.2 / ADD),
    ("multiplier 24 x 24, random", "multiplier WEIGHT_BITS=24 MAGNITUDE_BITS=24 uniform", 0.2 / 64 * 576 / ADD),
    ("shifter, 4 stages", "shifter TERM_BITS=18 SHIFT_BITS=4 BITS=32 signed", 32 * 4 * STAGE),
    ("slope adder", "slope_adder WEIGHT_BITS=4 SLOPE_BITS=18 signed", 18),
    (
        "membrane update",
        "membrane_update SLOPE_BITS=18 SHIFT_BITS=4 MEMBRANE_BITS=32 signed",
        32 + 32 * 4 * STAGE,
    ),
    ("firing step", "compare_subtract RESIDUE_BITS=48 THRESHOLD_BITS=24 STEP_BITS=4 signed", 48),
    (
        "MAC lane 4 x 4, 18 bits",
        "multiply_accumulate WEIGHT_BITS=4 MAGNITUDE_BITS=4 SHIFT_BITS=0 ACCUMULATOR_BITS=18 unsigned",
        16 + 18,
    ),
    (
        "MAC lane 4 x 3, shifter, 24 bits",
        "multiply_accumulate WEIGHT_BITS=4 MAGNITUDE_BITS=3 SHIFT_BITS=4 ACCUMULATOR_BITS=24 signed",
        12 + 24 + 24 * 4 * STAGE,
    ),
    ("adder tree, 16 words of 8 bits", "adder_tree LANES=16 BITS=8 unsigned", tree_bits(16, 8)),
    (
        "dot product of 16",
        "dot_product LANES=16 WEIGHT_BITS=4 MAGNITUDE_BITS=4 SHIFT_BITS=0 ACCUMULATOR_BITS=32 unsigned",
        16 * 16 + tree_bits(16, 8) + 32,
    ),
    (
        "bit-serial tree of 16",
        "bit_serial LANES=16 WEIGHT_BITS=4 SHIFT_BITS=4 ACCUMULATOR_BITS=32 signed",
        64 * 1.5 / 9 + tree_bits(16, 4) + 32 * 4 * STAGE + 32,
    ),
    ("binary16 multiplier", "half_multiply uniform", BINARY16),
    ("binary32 multiplier", "float_multiply uniform", BINARY32_MULTIPLY),
    ("binary32 accumulator", "float_accumulate uniform", BINARY32_ADD),
    ("integer to binary32", "convert uniform", CONVERT),
    ("FP16 MAC", "half_multiply_accumulate residual", BINARY16 + BINARY32_ADD),
    ("dequantizer", "dequantizer group sums", CONVERT + BINARY32_MULTIPLY + BINARY32_ADD),
]


@pytest.fixture(scope="module")
def table():
    """{"operator parameters operands": {column: number}}."""
    rows = synthesize_operators.read_table()
    names, figures = synthesize_operators.COLUMNS[:3], synthesize_operators.COLUMNS[3:]
    keys = [" ".join(row[name] for name in names if row[name]) for row in rows]
    return dict(zip(keys, ({column: float(row[column]) for column in figures} for row in rows), strict=True))


def in_adder_bits(table, key):
    """(settled, with glitches) of an operator's logic, or of its flip-flops where it is nothing else."""
    unit, row = table["adder BITS=32 uniform"], table[key]
    spent = ("sequential_pj",) * 2 if row["combinational_pj"] == 0 else ("settled_pj", "combinational_pj")
    return tuple(32 * row[s] / unit[u] for s, u in zip(spent, ("settled_pj", "combinational_pj"), strict=True))


def readme_rows(first):
    """Numbers in the cells of the row that begins with `first`."""
    row = next(x for x in (ENERGY / "README.md").read_text().splitlines() if x.startswith(f"| {first}"))
    return [float(number) for cell in row.split("|")[2:-1] for number in re.findall(r"^ *([\d.,]+)", cell)]


def test_table_holds_every_operator_once(table):
    wanted = [
        " ".join([o.module, *(f"{k}={v}" for k, v in o.parameters.items()), name])
        for o in synthesize_operators.OPERATORS
        for name in o.operands
    ]
    assert list(table) == wanted and len(set(wanted)) == len(wanted)


def test_table_columns_fit_together(table):
    """Areas of osu018: NAND2X1 24, DFFPOSX1 96 um2."""
    for key, row in table.items():
        assert 0 <= row["settled_pj"] <= row["combinational_pj"] and row["sequential_pj"] > 0, key
        area = 24 * row["combinational_nand2"] + 96 * row["sequential_bits"]
        assert row["area_um2"] == pytest.approx(area, rel=0.002), key
        assert row["leakage_nw"] >= 0.16 * row["sequential_bits"], key


def test_registers_are_the_operands_and_the_result(table):
    assert table["adder BITS=32 uniform"]["sequential_bits"] == 3 * 32
    assert table["slope_adder WEIGHT_BITS=4 SLOPE_BITS=18 signed"]["sequential_bits"] == 4 + 1 + 1 + 18
    assert (
        table["half_multiply_accumulate residual"]["sequential_bits"] == 2 + 2 * 16 + 30 + 32
    )  # product: 2 bits are 0


def test_multipliers_grow_with_partial_products(table):
    """Settled energy per partial product bit, from 4 x 4 to 24 x 24, keeps within a quarter of its mean."""
    keys = {n: f"multiplier WEIGHT_BITS={n} MAGNITUDE_BITS={n} uniform" for n in (4, 8, 11, 16, 24)}
    per_bit = [table[key]["settled_pj"] / n**2 for n, key in keys.items()]
    assert max(per_bit) < 1.25 * sum(per_bit) / 5 and min(per_bit) > 0.75 * sum(per_bit) / 5


@pytest.mark.parametrize("first,key,chain", COMPARED, ids=lambda x: x if isinstance(x, str) else "")
def test_readme_compares_chain_and_synthesis(table, first, key, chain):
    assert readme_rows(first) == pytest.approx([chain, *in_adder_bits(table, key)], rel=0.01, abs=0.06)


def lane(table, key, bits):
    """(settled, with glitches) of a lane with so many result flip-flops, in pJ."""
    row = table[key]
    registers = bits * row["sequential_pj"] / row["sequential_bits"]
    return row["settled_pj"] + registers, row["combinational_pj"] + registers


def test_readme_ratios_follow_from_the_table(table):
    keys = {first: key for first, key, _chain in COMPARED}
    logic = {first: in_adder_bits(table, key) for first, key, _chain in COMPARED}
    mac, spike, unit = "MAC lane 4 x 4, 18 bits", "slope adder", "adder, 32 bits"
    both = [m / s for m, s in zip(lane(table, keys[mac], 18), lane(table, keys[spike], 18), strict=True)]
    result = 18 * (1 + 2 * REGISTER)
    expected = {
        "register bit / adder bit": [REGISTER, *(x / 32 for x in logic["32 flip-flops, clocked"])],
        "4 x 4 multiplier / adder bit": [16, *logic["multiplier 4 x 4, random"]],
        "MAC lane / spike lane, logic": [34 / 18, *(m / s for m, s in zip(logic[mac], logic[spike], strict=True))],
        "MAC lane / spike lane, with result register": [(16 + result) / result, *both],
        "FP16 MAC / MAC lane": [
            (BINARY16 + BINARY32_ADD) / 34,
            *(f / m for f, m in zip(logic["FP16 MAC"], logic[mac], strict=True)),
        ],
        "dequantizer per output / MAC lane": [
            (CONVERT + BINARY32_MULTIPLY + BINARY32_ADD) / 34,
            *(d / m for d, m in zip(logic["dequantizer"], logic[mac], strict=True)),
        ],
    }
    assert unit in keys
    for first, ratios in expected.items():
        assert readme_rows(first) == pytest.approx(ratios, rel=0.01, abs=0.006), first


@pytest.fixture(scope="module")
def uncertainty():
    return yaml.safe_load((ENERGY / "uncertainty.yaml").read_text())["uncertainty"]


def test_every_event_has_an_uncertainty(uncertainty):
    header = (ROOT / "sim" / "base" / "energy_events.h").read_text()
    counted = set(re.findall(r'EnergyEvent::k\w+, "(\w+)"', header))
    assert len(counted) > 50
    assert set(uncertainty["events"]) == counted


def test_every_factor_holds_the_price_between_low_and_high_and_has_a_source(uncertainty):
    for name, entry in (uncertainty["events"] | uncertainty["leakage"]).items():
        assert set(entry) == {"group", "low", "high", "source"}, name
        assert 0 <= entry["low"] <= 1 <= entry["high"], name
        assert re.search(r"\[[PSRC](,[PSRC])*\]$", entry["source"]), name


def test_anchors_scale_whole_groups(uncertainty):
    groups = {entry["group"] for entry in uncertainty["events"].values()}
    for name, entry in uncertainty["anchors"].items():
        assert set(entry) == {"technology", "groups", "low", "high", "source"}, name
        assert set(entry["groups"]) <= groups and entry["low"] <= 1 <= entry["high"], name
        assert (ENERGY / f"{entry['technology']}.yaml").exists()


def test_factors_of_synthesis_span_what_the_table_says(table, uncertainty):
    """Partial products of 4-bit operators, and adders in trees, lie within the factors of their events."""
    for key, event, chain in (
        ("multiplier WEIGHT_BITS=4 MAGNITUDE_BITS=3 signed", "multiply_bit", 12),
        ("multiplier WEIGHT_BITS=4 MAGNITUDE_BITS=4 unsigned", "multiply_bit", 16),
        ("multiplier WEIGHT_BITS=8 MAGNITUDE_BITS=8 uniform", "multiply_bit", 64),
        *((f"adder_tree LANES={n} BITS=8 unsigned", "tree_add_bit", tree_bits(n, 8)) for n in (8, 16, 32, 64)),
        ("shifter TERM_BITS=18 SHIFT_BITS=4 BITS=32 signed", "product_shift_bit", 128 * STAGE),
        ("half_multiply uniform", "half_multiply", BINARY16),
        ("half_multiply residual", "half_multiply", BINARY16),
        ("float_multiply uniform", "dequantize_multiply", BINARY32_MULTIPLY),
        ("float_multiply group sums", "dequantize_multiply", BINARY32_MULTIPLY),
        ("float_accumulate residual", "float_accumulate", BINARY32_ADD),
        ("float_accumulate group sums", "float_accumulate", BINARY32_ADD),
        ("convert group sums", "convert_bit", CONVERT),
    ):
        low, high = (uncertainty["events"][event][bound] for bound in ("low", "high"))
        settled, glitches = in_adder_bits(table, key)
        assert low * 0.97 < settled / chain and glitches / chain < high * 1.03, key
