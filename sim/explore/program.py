"""Calls of the simulator, as a user would make them. Each gives what it printed or raises what went wrong."""

import ctypes
import functools
import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from spikeloom import UserError

ROOT = Path(__file__).resolve().parents[2]
_PR_SET_PDEATHSIG = 1


class Refused(Exception):
    """The program refuses an experiment (exit status 2); the message is its line."""


class Broken(Exception):
    """The program ended otherwise than it should; the message says how."""


class Killed(Exception):
    """A signal ended the program: worth another try."""


def default_program():
    """The program that started this command, or the one that `make build` leaves. Raises UserError without one."""
    program = Path(os.environ.get("SPIKELOOM_PROGRAM") or ROOT / "build" / "spikeloom")
    if not os.access(program, os.X_OK):
        raise UserError(f"{program}: no such program; `make build` makes it, SPIKELOOM_PROGRAM names another")
    return program.resolve()


def file_sha256(path):
    """SHA-256 of a file; computed again only when the file has changed."""
    stat = os.stat(path)
    return _sha256(str(path), stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=1024)
def _sha256(path, _size, _changed):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def price(program, experiment, assignments, counts=None):
    """What `spikeloom price` says of an experiment with changed values (a dict path -> text), as a dict.

    Raises Refused for a configuration that the program does not take.
    """
    words = ["price", str(experiment), *_sets(assignments)]
    if counts is not None:
        words += ["--counts", str(counts)]
    return json.loads(_run([str(program), *words]))


def simulate(program, experiment, assignments, folder):
    """Run an experiment into `folder`, without figures. Raises Broken unless all outputs equal the trace."""
    words = ["run", str(experiment), *_sets(assignments), "--no-figures", "--quiet", "-o", str(folder)]
    try:
        _run([str(program), *words])
    except Refused as error:
        # A configuration that `price` has taken: what is wrong is the disk or the folder.
        raise UserError(f"the simulation stopped: {error}") from error


def run_python(words):
    """Run a subcommand of the Python package in a process of its own; returns what it printed. Raises Refused."""
    return _run([sys.executable, "-P", "-m", "spikeloom", *map(str, words)])


def _sets(assignments):
    return [word for path, text in assignments.items() for word in ("--set", f"{path}={text}")]


def _run(line):
    done = subprocess.run(line, capture_output=True, text=True, preexec_fn=_die_with_parent, check=False)
    if done.returncode == 0:
        return done.stdout
    said = (done.stderr.strip() or "ended without a word").splitlines()[-1]
    for prefix in ("spikeloom: ", "error: "):
        said = said.removeprefix(prefix)
    if done.returncode == 2:
        raise Refused(said)
    if done.returncode < 0:
        raise Killed(f"the program was stopped by signal {signal.Signals(-done.returncode).name}")
    raise Broken(f"exit status {done.returncode}: {said}")


def _die_with_parent():
    """A worker that is killed takes its simulation with it (Linux)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
