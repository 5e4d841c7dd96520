"""Studies of a third of a second a trial: one operation of the committed layer, one token."""

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build" / "spikeloom"
needs_program = pytest.mark.skipif(not PROGRAM.exists(), reason="build/spikeloom is not built (`make build`)")

# Of a study on a machine with much else to do.
MOST_SECONDS = 600

EXPERIMENT = {
    "experiment": {
        "name": "small",
        "chip": str(ROOT / "configs/chips/smollm2.yaml"),
        "energy": str(ROOT / "configs/energy/22nm.yaml"),
        "window_cycles": 1000,
        "overrides": {"chip.mapping.policy": "fixed"},  # of a part as of the whole
    },
    "workload": {
        "trace": str(ROOT / "traces/smollm2-135m/spikequant-improved/layer15.prefill32.safetensors"),
        "operations": ["o"],
        "tokens": 2,
    },
}
STUDY = {
    "study": {"name": "small", "experiment": "small.yaml", "trials": 12},
    "parameters": {
        "chip.tile.lanes": [24, 48, 64],
        "chip.tile.synapse_array.banks": [2, 4],
        "chip.network.buffer_flits": {"from": 4, "to": 6, "step": 2},
    },
    "objectives": {"energy_uj": "minimize", "latency_us": "minimize", "area_mm2": "minimize"},
    "search": {"sampler": "grid"},
    "execution": {"workers": 2},
}


def write(folder, **changes):
    """Write the study and its experiment into `folder`; `changes` replace sections. Returns the study's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "small.yaml").write_text(yaml.safe_dump(EXPERIMENT, sort_keys=False))
    content = {key: value for key, value in (STUDY | changes).items() if value is not None}
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def command(study, folder, *more):
    """The words that run a study in a process of its own, its results below `folder`."""
    line = [
        sys.executable,
        "-P",
        "-m",
        "spikeloom",
        "explore",
        study,
        "-o",
        folder / "out",
        "--store",
        folder / "store",
    ]
    return [*map(str, line), *map(str, more)]


def start(study, folder, *more, **settings):
    """Start that process in a session of its own; it heeds SIGINT even where the tests themselves ignore it."""
    return subprocess.Popen(
        command(study, folder, *more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        env=os.environ | {"SPIKELOOM_PROGRAM": str(PROGRAM)} | settings.pop("env", {}),
        **settings,
    )


def wait_until(happened, process):
    """Wait until `happened()`, which `process` brings about. Fails with its words where it ends before."""
    while not happened():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def run(study, folder, *more):
    """(exit status, stdout, stderr) of the same words in this process."""
    from spikeloom.__main__ import main

    words = command(study, folder, *more)
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        status = main(words[words.index("explore") :])
    return status, out.getvalue(), without_progress(errors.getvalue())


def without_progress(errors):
    """What stands on stderr beside the lines that say how far a study is."""
    said = re.compile(r"exploring |.*, \d+ at once$")
    return "".join(line for line in errors.splitlines(keepends=True) if not said.match(line))


def finish(study, folder):
    """Run what is left of a study, without its report; returns its trials as `trials_of` has them."""
    from spikeloom import explore

    explore.run(study, folder / "out", store=folder / "store", report=False)
    return trials_of(folder / "out")


def trials_of(folder):
    """[(number, state, parameters, values)] of the study in `folder`, in order."""
    from spikeloom import explore

    study = explore.open_study(folder)
    return [(t.number, t.state.name, t.params, t.values) for t in study.optuna.get_trials(deepcopy=False)]
