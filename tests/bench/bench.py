"""Host speed and memory, as ratios against something measured in the same run.

Machines differ and drift: every figure is the median of several runs with its spread, and every rate stands
beside a plain kernel's rate of the same run. All layers here are synthetic.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

REPEATS = 5
ROOT = Path(__file__).resolve().parents[2]
SYNAPSES = 4096 * 4096


def child_run(command: list[str]) -> tuple[str, float, int]:
    """Runs a command; returns its output, CPU seconds and peak memory in KiB of that one process."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(write_end, 1)
        os.close(read_end)
        os.execv(command[0], command)
    os.close(write_end)
    with os.fdopen(read_end) as stream:
        text = stream.read()
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"bench: {' '.join(command)} failed")
    return text, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def spread(values: list[float]) -> str:
    """Median with minimum and maximum."""
    return f"{statistics.median(values):.3g} ({min(values):.3g} .. {max(values):.3g})"


def row(name: str, value: str, unit: str, target: str = "") -> None:
    """One aligned line of the table."""
    print(f"  {name:<31}{value:<24}{unit:<18}{target}".rstrip())


def make_layer(folder: Path, inputs: int, outputs: int, tokens: int) -> Path:
    """Writes a synthetic layer; returns its activations file."""
    target = folder / f"k{inputs}_n{outputs}_m{tokens}"
    command = [
        sys.executable,
        "-m",
        "spikeloom",
        "synthetic",
        "--inputs",
        str(inputs),
        "--outputs",
        str(outputs),
    ]
    command += ["--tokens", str(tokens), "--seed", "1", "-o", str(target)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return target / "synthetic.signed.safetensors"


def write_experiment(folder: Path, trace: Path) -> Path:
    """An experiment of the large chip on a trace."""
    file = folder / f"{trace.parent.name}.yaml"
    file.write_text(
        "experiment:\n  name: bench\n  window_cycles: 100000\n"
        f"  chip: {ROOT}/configs/chips/large_8x8.yaml\n  energy: {ROOT}/configs/energy/22nm.yaml\n"
        f"workload:\n  trace: {trace}\n  operations: all\n  tokens: all\n"
    )
    return file


def simulate(spikeloom: str, experiment: Path, sets: tuple[str, ...] = ()) -> tuple[float, float, int]:
    """Runs it; returns simulated seconds on the host, additions per second and peak KiB."""
    out = experiment.parent / "out"
    shutil.rmtree(out, ignore_errors=True)
    command = [spikeloom, "run", str(experiment), "--no-figures", "-o", str(out)]
    for item in sets:
        command += ["--set", item]
    text, _, peak = child_run(command)
    found = re.search(r"Simulated in ([\d.]+) s: ([\d.]+) billion", text)
    return float(found[1]), float(found[2]) * 1e9, peak


def bench_rate(spikeloom: str, kernel: str, folder: Path) -> None:
    """Synaptic additions per second beside the plain int4 matrix-vector product, in turn."""
    experiment = write_experiment(folder, make_layer(folder, 4096, 4096, 256))
    ratios, rates, limits = [], [], []
    for _ in range(REPEATS):
        limit = float(child_run([kernel, "4096", "4096"])[0].split()[0])
        rate = simulate(spikeloom, experiment, ("chip.mapping.input_split=2",))[1]
        rates.append(rate / 1e9)
        limits.append(limit / 1e9)
        ratios.append(rate / limit)
    print("synaptic additions: 4096x4096 SYNTHETIC, 256 tokens, 8x8 tiles of 128 lanes, address_events,")
    print("input split 2, one window of 2048 inputs per tile, weights resident")
    row("simulator, cycle by cycle", spread(rates), "billion/s", "target 1")
    row("plain int4 matrix-vector", spread(limits), "billion/s", "best of 40; g++ -O3 -march=native")
    row("ratio", spread(ratios), "", "aim 0.25")


def bench_memory(spikeloom: str, folder: Path) -> None:
    """Host bytes per synapse above the mapped trace, and the cost of opening a layer."""
    large, small = make_layer(folder, 4096, 4096, 8), make_layer(folder, 64, 64, 8)
    peaks = {}
    for trace in (large, small):
        experiment = write_experiment(folder, trace)
        peaks[trace] = simulate(spikeloom, experiment)[2]
    mapped = sum(f.stat().st_size for f in large.parent.iterdir()) / 1024
    above = (peaks[large] - mapped) * 1024
    marginal = (peaks[large] - peaks[small] - mapped) * 1024
    print("host memory, 4096x4096 SYNTHETIC")
    row("peak, and the mapped trace", f"{peaks[large] / 1024:.0f}, {mapped / 1024:.0f}", "MiB")
    row("above the mapped trace", f"{above / SYNAPSES:.2f}", "bytes/synapse", "target 1")
    row("  of it for this layer", f"{marginal / SYNAPSES:.2f}", "bytes/synapse", "the rest is the chip itself")
    trace = make_layer(folder, 2048, 2048, 8)
    runs = [child_run([spikeloom, "describe", str(trace)]) for _ in range(REPEATS)]
    row("opening a 2048x2048 layer", spread([r[1] for r in runs]), "s CPU", "target 0.2")
    row("  its peak", f"{max(r[2] for r in runs) / 1024:.0f}", "MiB", "target 50")


def noc(program: str, *words: str) -> tuple[float, int, int]:
    seconds, hops, cycles = child_run([program, *words])[0].split()
    return float(seconds), int(hops), int(cycles)


def bench_network(program: str) -> None:
    """Cost per flit-hop under load, and of routers that sleep."""
    loaded, larger, idle = [], [], []
    for _ in range(REPEATS):
        seconds, hops, _ = noc(program, "8", "0.2", "5000")
        loaded.append(1e6 * seconds / hops)
        seconds, hops, _ = noc(program, "32", "0.05", "500")  # as near to saturation: 4 times the distance
        larger.append(1e6 * seconds / hops / loaded[-1])
        few = noc(program, "8", "0.2", "200000", "4")[0]
        among_many = noc(program, "32", "0.2", "200000", "4")[0]
        idle.append(among_many / few)
    print("network: uniform random, 4-flit packets, 2 virtual channels, 0.2 flits per node and cycle (32x32: 0.05)")
    row("8x8 mesh under load", spread(loaded), "us/flit-hop", "target 0.2")
    row("32x32 mesh over 8x8", spread(larger), "x per flit-hop", "target 1.2")
    row("4 busy nodes, 32x32 over 8x8", spread(idle), "x the time", "1: sleeping routers are free")


def bench_dram(program: str) -> None:
    """Cost per burst of LPDDR4-3200, the block that asks included."""
    print("DRAM: bursts of 32 bytes, LPDDR4-3200, first_ready, 16 waiting")
    for kind in ("stream", "random"):
        costs = []
        for _ in range(REPEATS):
            seconds, bursts = child_run([program, kind, "configs/dram/lpddr4_3200.yaml", "200000"])[0].split()
            costs.append(1e6 * float(seconds) / int(bursts))
        row(kind, spread(costs), "us/burst", "aim 0.1")


def bench_linear(spikeloom: str, folder: Path) -> None:
    """Twice the tokens, twice the outputs: twice the time."""
    base = write_experiment(folder, make_layer(folder, 2048, 2048, 256))
    tokens = write_experiment(folder, make_layer(folder, 2048, 2048, 512))
    outputs = write_experiment(folder, make_layer(folder, 2048, 4096, 256))
    sets = ("chip.mapping.input_split=1",)
    by_tokens, by_outputs = [], []
    for _ in range(REPEATS):
        one = simulate(spikeloom, base, sets)[0]
        by_tokens.append(simulate(spikeloom, tokens, sets)[0] / one)
        by_outputs.append(simulate(spikeloom, outputs, sets)[0] / one)
    print("cost is linear in work: 2048 inputs, 256 tokens, SYNTHETIC")
    row("twice the tokens", spread(by_tokens), "x the time", "target 2 +- 15 %")
    row("twice the outputs", spread(by_outputs), "x the time", "target 2 +- 15 %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spikeloom", required=True)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--noc", required=True)
    parser.add_argument("--dram", required=True)
    arguments = parser.parse_args()
    programs = [str(Path(p).resolve()) for p in (arguments.spikeloom, arguments.kernel, arguments.noc, arguments.dram)]
    with tempfile.TemporaryDirectory() as folder:
        print(f"median (minimum .. maximum) of {REPEATS} runs, {os.cpu_count()} cores, one used\n")
        bench_rate(programs[0], programs[1], Path(folder))
        bench_memory(programs[0], Path(folder))
        bench_network(programs[2])
        bench_dram(programs[3])
        bench_linear(programs[0], Path(folder))


if __name__ == "__main__":
    main()
