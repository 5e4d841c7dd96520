"""Calls of the simulator, as a user would make them. Each gives what it printed or raises what went wrong."""

import contextlib
import functools
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from spikeloom import UserError

ROOT = Path(__file__).resolve().parents[2]
# Stops, as a shell says them: of a program that Ctrl-C reached as well, or that was asked to end.
_STOPS = {128 + signal.SIGINT: "Ctrl-C", 128 + signal.SIGTERM: "signal SIGTERM"}
_lock, _running, _ended = threading.Lock(), set(), threading.Event()


class Refused(Exception):
    """The program refuses an experiment (exit status 2); the message is its line."""


class Broken(Exception):
    """The program ended otherwise than it should; the message says how."""


class Killed(Exception):
    """A signal ended the program: worth another try."""


def default_program():
    """The program that started this command, or the one that `make build` leaves. Raises UserError without one."""
    program = Path(os.environ.get("SPIKELOOM_PROGRAM") or ROOT / "build" / "spikeloom")
    return require(program, "SPIKELOOM_PROGRAM names another")


def require(program, remedy):
    """The absolute path of a program. Raises UserError if there is none."""
    if not os.access(program, os.X_OK):
        raise UserError(f"{program}: no such program; `make build` makes it, {remedy}")
    return Path(program).resolve()


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
    words = ["price", str(experiment), "--json", *_sets(assignments)]
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


@contextlib.contextmanager
def side_by_side(workers):
    """An Executor for calls of this module, `workers` at once; an error or Ctrl-C in the block ends those that run."""
    try:
        with ThreadPoolExecutor(workers) as pool:
            try:
                yield pool
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                _end_all()
                raise
    finally:
        _ended.clear()


def _end_all():
    with _lock:
        _ended.set()
        for process in _running:
            process.kill()


def _run(line):
    process = _start([*_with_parent(), *line])
    out, said = process.communicate()
    with _lock:
        _running.discard(process)
    if process.returncode == 0:
        return out
    said = (said.strip() or "ended without a word").splitlines()[-1]
    for prefix in ("spikeloom: ", "error: "):
        said = said.removeprefix(prefix)
    if process.returncode == 2:
        raise Refused(said)
    if process.returncode < 0:
        raise Killed(f"the program was stopped by signal {signal.Signals(-process.returncode).name}")
    if process.returncode in _STOPS:
        raise Killed(f"the program was stopped by {_STOPS[process.returncode]}")
    raise Broken(f"exit status {process.returncode}: {said}")


def _start(line):
    with _lock:
        if _ended.is_set():
            raise Killed("nothing is begun any more")
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        _running.add(process)
        return process


@functools.cache
def _with_parent():
    """The words that make a program end when whoever started it is killed (util-linux, on every Linux)."""
    tool = shutil.which("setpriv")
    return [tool, "--pdeathsig", "KILL"] if tool else []
