"""Runs the whole committed layer in every code, spike code, payload and two mappings; all must be exact."""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENOUGH_MEMORY = ("encoder.main_bytes=16384", "encoder.side_bytes=16384", "encoder.index_bytes=131072")


def run_one(spikeloom: str, folder: str, settings: tuple[str, ...]) -> tuple[bool, str]:
    """Simulates the demo with overrides; returns whether it was exact and its line of figures."""
    command = [spikeloom, "run", str(ROOT / "configs/experiments/demo.yaml"), "--no-figures", "-o", folder]
    for item in settings:
        command += ["--set", item]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith(("Outputs", "Cycles", "Energy"))]
    return done.returncode == 0, "; ".join(line.split(None, 1)[1] for line in lines) or done.stderr.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spikeloom", required=True)
    spikeloom = str(Path(parser.parse_args().spikeloom).resolve())
    methods, spike_codes = ("spikequant", "spikequant-improved"), ("ttfs", "count", "radix")
    payloads, mappings = ("address_events", "bitmap", "packed_codes"), ((1, 1), (4, 3))
    failed = passed = 0
    start = time.time()
    with tempfile.TemporaryDirectory() as folder:
        for method, spike, payload, (batch, split) in itertools.product(methods, spike_codes, payloads, mappings):
            settings = [f"workload.trace={ROOT}/traces/smollm2-135m/{method}/layer15.prefill32.safetensors"]
            settings += [
                f"chip.spike_code={spike}",
                f"chip.payload={payload}",
                f"chip.tile.token_batch={batch}",
            ]
            settings += ["chip.mapping.policy=fixed", f"chip.mapping.input_split={split}"]
            settings += [f"chip.{item}" for item in ENOUGH_MEMORY]
            exact, figures = run_one(spikeloom, folder, tuple(settings))
            passed, failed = passed + exact, failed + (not exact)
            mark = "ok  " if exact else "FAIL"
            print(f"{mark} {method:19} {spike:5} {payload:14} batch {batch} split {split}: {figures}", flush=True)
    print(f"{time.time() - start:.0f} s\n{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
