"""The network alone against readings of the same network elsewhere: every point and its deviation.

booksim2.csv has BookSim 2's readings, booksim2_router.csv those of a model written after its source, in many more
settings. Latency must agree within 2 % up to 80 % of the
saturation throughput, and saturation throughput within 3 %; beyond 80 %, where seeds differ by cycles, the deviation is
printed only.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MOST_LATENCY, MOST_THROUGHPUT, CURVE_ENDS = 0.02, 0.03, 0.8
MEASURED = ("offered", "latency", "accepted")


def readings(file: str) -> dict[tuple[str, ...], list[dict]]:
    """A file's points by setting ("traffic.packet_flits=4", ...): its column `settings` names them, apart by blanks."""
    lines = [line for line in (HERE / file).read_text().splitlines() if not line.startswith("#")]
    points: dict[tuple[str, ...], list[dict]] = {}
    for row in csv.DictReader(lines):
        setting = tuple(row["settings"].split())
        numbers = {key: float(row[key]) if row[key] else None for key in MEASURED}
        points.setdefault(setting, []).append(numbers)
    return points


def measure(spikeloom: str, setting: tuple[str, ...], rates: list[float]) -> dict[float, dict]:
    """Our points of the same network, by offered rate."""
    command = [spikeloom, "noc", str(ROOT / "configs/networks/mesh_8x8.yaml"), "--no-figures", "-q"]
    for assignment in setting:
        command += ["--set", assignment]
    with tempfile.TemporaryDirectory() as folder:
        command += ["--rates", ",".join(map(str, rates)), "-o", folder]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True)  # warnings of shallow buffers are not shown
        if done.returncode != 0:
            sys.exit(done.stderr)
        rows = json.loads((Path(folder) / "noc.json").read_text())["rates"]
    return {row["offered"]: row for row in rows}


def check(spikeloom: str, setting: tuple[str, ...], points: list[dict]) -> int:
    """Prints the setting's points; returns how many are beyond the bands."""
    failures = 0
    print("; ".join(text.split(".")[-1] for text in setting) or "as the file says", flush=True)
    saturation = next(point["accepted"] for point in points if point["accepted"])
    here = measure(spikeloom, setting, [point["offered"] for point in points])
    for point in points:
        quantity = "accepted" if point["accepted"] else "latency"
        value = here[point["offered"]][quantity]
        start = f"  {point['offered']:>8.3f} {quantity:>10} {point[quantity]:>10.3f}"
        if value is None:
            print(f"{start}  saturated here")
            failures += 1
            continue
        deviation = value / point[quantity] - 1
        judged = quantity == "accepted" or point["offered"] <= CURVE_ENDS * saturation
        most = MOST_THROUGHPUT if quantity == "accepted" else MOST_LATENCY
        verdict = "" if judged else "  (beyond 80 % of saturation: not judged)"
        if judged and abs(deviation) > most:
            verdict = f"  MORE THAN {100 * most:.0f} %"
            failures += 1
        print(f"{start} {value:>10.3f} {100 * deviation:>9.2f} %{verdict}")
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spikeloom", required=True)
    spikeloom = str(Path(parser.parse_args().spikeloom).resolve())
    failures = 0
    for file, source in (("booksim2.csv", "BookSim 2"), ("booksim2_router.csv", "a model of BookSim 2's router")):
        print(f"network against {source}: 8x8 mesh, dimension order, SYNTHETIC traffic (uniform unless said), 3 seeds")
        print(f"  {'offered':>8} {'quantity':>10} {'there':>10} {'here':>10} {'deviation':>10}")
        for setting, points in readings(file).items():
            failures += check(spikeloom, setting, points)
    print(f"{failures} deviation(s) beyond the bands")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
