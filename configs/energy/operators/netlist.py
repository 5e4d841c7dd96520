"""From SystemVerilog to cells (yosys), their delays and slews (OpenSTA), and their simulation (Icarus Verilog)."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

LIBRARY = Path("/usr/share/qflow/tech/osu018")
LIBERTY = LIBRARY / "osu018_stdcells.lib"
CELL_MODELS = LIBRARY / "osu018_stdcells.v"
SOURCES = Path(__file__).resolve().parents[3] / "hw" / "rtl" / "operators"

PERIOD_NS = 200  # long enough for every operator to settle: energies are per operation, not per second
CLOCK_SLEW_NS = 0.1
WARM_UP = 20  # cycles before anything is counted

PACKAGES = {"yosys": "yosys", "sta": "opensta", "iverilog": "iverilog"}


@dataclass(frozen=True)
class Netlist:
    """Cells `{instance: (type, {pin: net})}`, ports `{name: bits}`; net.v has a port `p_i_` for bit i of `p`."""

    cells: dict
    inputs: dict
    outputs: dict


def missing_tools():
    """Debian packages that must be installed first."""
    missing = [package for program, package in PACKAGES.items() if shutil.which(program) is None]
    return missing + ([] if LIBERTY.exists() else ["qflow-tech-osu018"])


def run(command, folder):
    """Standard output of a program run in `folder`. Raises RuntimeError with its last line where it fails."""
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if result.returncode or "Error:" in result.stdout:
        lines = (result.stderr + result.stdout).strip().splitlines()
        raise RuntimeError(f"{command[0]}: {lines[-1] if lines else 'failed'}")
    return result.stdout


def synthesize(module, parameters, folder):
    """Writes `folder`/net.v with top module `net` and returns its Netlist."""
    chosen = " ".join(f"-chparam {name} {value}" for name, value in parameters.items())
    script = "; ".join(
        (
            f"read_verilog -sv {SOURCES / module}.sv",
            f"hierarchy -top {module} -libdir {SOURCES} {chosen}",
            f"synth -flatten; dfflibmap -liberty {LIBERTY}; abc -liberty {LIBERTY}; opt_clean -purge; rename -top net",
            "write_json ports.json",
            "splitnets -ports -format __; opt_clean -purge; rename -enumerate -pattern u%",
            "write_verilog -noattr -noexpr net.v; write_json net.json",
        )
    )
    run(["yosys", "-q", "-p", script], folder)
    ports = json.loads((folder / "ports.json").read_text())["modules"]["net"]["ports"]
    return _netlist(json.loads((folder / "net.json").read_text())["modules"]["net"], ports)


def _netlist(module, ports):
    name_of = {net["bits"][0]: name for name, net in module["netnames"].items() if len(net["bits"]) == 1}
    name_of |= {port["bits"][0]: name for name, port in module["ports"].items()}
    cells = {
        name: (cell["type"], {pin: name_of.get(bits[0], bits[0]) for pin, bits in cell["connections"].items()})
        for name, cell in module["cells"].items()
    }
    widths = {name: (port["direction"], len(port["bits"])) for name, port in ports.items() if name != "clk"}
    inputs, outputs = ({n: w for n, (d, w) in widths.items() if d == way} for way in ("input", "output"))
    return Netlist(cells, inputs, outputs)


def time_cells(netlist, folder):
    """Writes `folder`/net.sdf; returns ({(instance, pin): slew ns}, longest path in ns)."""
    pins = [f"{name}/{pin}" for name, (_, connections) in netlist.cells.items() for pin in connections if pin != "CLK"]
    script = f"""read_liberty {LIBERTY}
read_verilog net.v
link_design net
create_clock -name clk -period {PERIOD_NS} clk
set_clock_transition {CLOCK_SLEW_NS} clk
set_input_transition {CLOCK_SLEW_NS} [all_inputs]
write_sdf -no_timestamp net.sdf
foreach name {{{" ".join(pins)}}} {{
  set pin [get_pins $name]
  puts "slew $name [get_property $pin actual_rise_transition_max] [get_property $pin actual_fall_transition_max]"
}}
report_checks
exit
"""
    (folder / "time.tcl").write_text(script)
    slews, longest = {}, 0.0
    for line in run(["sta", "-exit", "time.tcl"], folder).splitlines():
        words = line.split()
        if words[:1] == ["slew"]:
            slews[tuple(words[1].split("/"))] = (float(words[2]) + float(words[3])) / 2
        elif line.endswith("data arrival time"):
            longest = max(longest, float(words[0]))
    return slews, longest


def simulate(module, parameters, netlist, operands, folder, gates):
    """Drives one operand vector a cycle; returns {output: [integer after each clock edge]}.

    `operands` are {input: [integers]}; `gates` simulates net.v with the delays of net.sdf, whose transitions go to
    net.vcd, instead of the SystemVerilog.
    """
    cycles = len(next(iter(operands.values())))
    _write_operands(netlist.inputs, operands, folder / "operands.hex")
    (folder / "bench.v").write_text(_bench(module, parameters, netlist, cycles, gates))
    sources = ["-gspecify", "net.v", str(CELL_MODELS)] if gates else ["-y", str(SOURCES), "-Y", ".sv"]
    run(["iverilog", "-g2012", "-Ttyp", "-s", "bench", "-o", "bench.vvp", "bench.v", *sources], folder)
    run(["vvp", "-n", "bench.vvp"], folder)
    rows = (folder / "results.txt").read_text().split("\n")[:-1]
    columns = zip(*(row.split() for row in rows), strict=True)
    return dict(zip(netlist.outputs, (list(column) for column in columns), strict=True))


def _write_operands(inputs, operands, path):
    """One line a cycle: all inputs as one binary number, the first input in the highest bits."""
    texts = [[format(int(v) & ((1 << bits) - 1), f"0{bits}b") for v in operands[name]] for name, bits in inputs.items()]
    path.write_text("\n".join("".join(row) for row in zip(*texts, strict=True)) + "\n")


def _bench(module, parameters, netlist, cycles, gates):
    width, offset, connections = sum(netlist.inputs.values()), sum(netlist.inputs.values()), [".clk(clk)"]
    for name, bits in netlist.inputs.items():
        offset -= bits
        connections += _connect(name, f"operands[{offset}+:{bits}]", offset, bits, "operands", gates)
    for name, bits in netlist.outputs.items():
        connections += _connect(name, name, 0, bits, name, gates)
    chosen = "" if gates else " #(" + ", ".join(f".{name}({value})" for name, value in parameters.items()) + ")"
    declared = "\n".join(f"  wire [{bits - 1}:0] {name};" for name, bits in netlist.outputs.items())
    shown = " ".join(["%h"] * len(netlist.outputs))
    dump = f'if (i == {WARM_UP}) begin $dumpfile("net.vcd"); $dumpvars(1, dut); end' if gates else ""
    return f"""`timescale 1ns/1ps
module bench;
  reg clk = 0;
  reg [{width - 1}:0] vectors [0:{cycles - 1}];
  reg [{width - 1}:0] operands;
  integer i, results;
{declared}
  {"net" if gates else module}{chosen} dut ({", ".join(connections)});
  initial begin
    {'$sdf_annotate("net.sdf", dut);' if gates else ""}
    $readmemb("operands.hex", vectors);
    results = $fopen("results.txt");
    operands = vectors[0];
    for (i = 0; i < {cycles}; i = i + 1) begin
      #{PERIOD_NS // 2} clk = 1;
      {dump}
      #{PERIOD_NS // 4} if (i + 1 < {cycles}) operands = vectors[i + 1];
      #{PERIOD_NS // 4} $fdisplay(results, "{shown}", {", ".join(netlist.outputs)});
      clk = 0;
    end
    $finish;
  end
endmodule
"""


def _connect(name, whole, offset, bits, source, gates):
    if not gates or bits == 1:
        return [f".{name}({whole})"]
    return [f".{name}_{i}_({source}[{offset + i}])" for i in range(bits)]
