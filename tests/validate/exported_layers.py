"""Two real layers by every method: the C++ reference reproduces each expectation, the simulator runs the spikes."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from spikeloom.models import methods
from spikeloom.traces import fetch_model

ROOT = Path(__file__).resolve().parents[2]
LAYERS, TOKENS, CONTEXT = "0-1", 16, 64
# Little calibration text: what is checked here is arithmetic, not accuracy.
CALIBRATION = ("--calibration-windows", "2", "--window", "256")


def succeeds(command):
    """Whether a command ends with status 0; shows what it said otherwise."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"{done.stdout}{done.stderr}", flush=True)
    return done.returncode == 0


def check_method(spikeloom, name, folder):
    """Export, verify, check in C++, and simulate where there is a datapath."""
    python = [sys.executable, "-m", "spikeloom", "export"]
    cases = ["--layers", LAYERS, "--tokens", TOKENS, "--decode", CONTEXT]
    if not succeeds([*python, "--method", name, *cases, *CALIBRATION, "-o", folder]):
        return False
    passed = [succeeds([*python, "--verify", folder])]
    files = sorted(path for path in folder.glob("layer*.safetensors") if "weights" not in path.name)
    passed += [succeeds([spikeloom, "check", path]) for path in files]
    simulated = files if name.startswith("spikequant") else []
    for path in simulated:
        demo = ROOT / "configs/experiments/demo.yaml"
        settings = ["--set", f"workload.trace={path}", "--no-figures", "-q", "-o", folder / "results"]
        passed.append(succeeds([spikeloom, "run", demo, *settings]))
    print(f"{name}: {len(files)} files checked, {len(simulated)} simulated, {passed.count(False)} failures", flush=True)
    return all(passed)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spikeloom", required=True)
    spikeloom = Path(parser.parse_args().spikeloom).resolve()
    fetch_model.fetch()
    fetch_model.fetch_wikipedia()
    with tempfile.TemporaryDirectory() as folder:
        passed = [check_method(spikeloom, name, Path(folder) / name) for name in methods.NAMES]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
