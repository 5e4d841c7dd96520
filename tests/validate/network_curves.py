"""The network alone against BookSim 2's readings on the same mesh (booksim2.csv): every point and its deviation.

Latency must agree within 2 % up to 80 % of the saturation throughput, and saturation throughput within 3 %; beyond
80 %, where seeds differ by cycles, the deviation is printed only.
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


def readings() -> dict[int, list[dict]]:
    """BookSim 2's points by flits per packet; numbers or None."""
    lines = [line for line in (HERE / "booksim2.csv").read_text().splitlines() if not line.startswith("#")]
    points: dict[int, list[dict]] = {}
    for row in csv.DictReader(lines):
        numbers = {key: float(text) if text else None for key, text in row.items()}
        points.setdefault(int(row["packet_flits"]), []).append(numbers)
    return points


def measure(spikeloom: str, packet_flits: int, rates: list[float], folder: str) -> dict[float, dict]:
    """Our points of the same network, by offered rate."""
    subprocess.run(
        [spikeloom, "noc", str(ROOT / "configs/networks/mesh_8x8.yaml"), "--no-figures", "-q", "-o", folder]
        + ["--set", f"traffic.packet_flits={packet_flits}", "--rates", ",".join(map(str, rates))],
        check=True,
    )
    rows = json.loads((Path(folder) / "noc.json").read_text())["rates"]
    return {row["offered"]: row for row in rows}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spikeloom", required=True)
    spikeloom = str(Path(parser.parse_args().spikeloom).resolve())
    failures = 0
    print("network against BookSim 2: 8x8 mesh, dimension order, 1 virtual channel, uniform SYNTHETIC traffic, 3 seeds")
    print(f"{'flits':>5} {'offered':>8} {'quantity':>10} {'BookSim 2':>10} {'here':>10} {'deviation':>10}", flush=True)
    for packet_flits, points in readings().items():
        saturation = next(point["accepted"] for point in points if point["accepted"])
        with tempfile.TemporaryDirectory() as folder:
            here = measure(spikeloom, packet_flits, [point["offered"] for point in points], folder)
        for point in points:
            ours = here[point["offered"]]
            quantity = "accepted" if point["accepted"] else "latency"
            value = ours[quantity]
            start = f"{packet_flits:>5} {point['offered']:>8.2f} {quantity:>10} {point[quantity]:>10.3f}"
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
    print(f"{failures} deviation(s) beyond the bands")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
