"""Takes from a results folder what tests/golden/demo.json keeps. A change needs a reason in its commit.

usage: python tests/golden/make_golden.py results/demo
"""

import json
import sys
from pathlib import Path

report = json.loads((Path(sys.argv[1]) / "report.json").read_text())
kept = {key: report[key] for key in ("exact", "time", "figures", "energy")}
phase_keys = ("input", "operations", "passes", "cycles")
kept["phases"] = [{key: phase[key] for key in phase_keys} for phase in report["phases"]]
target = Path(__file__).parent / "demo.json"
target.write_text(json.dumps(kept, indent=1) + "\n")
print(f"wrote {target}")
