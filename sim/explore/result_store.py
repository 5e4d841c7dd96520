"""Results that are kept by the hash of everything that they follow from, so that nothing is computed twice.

A product is a folder of files. It is made in a folder beside, and gets its name when it is whole. Whoever wants a
product that another process is making waits for it. Several machines may share a store on a common file system.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from spikeloom import UserError
from spikeloom.explore import program as programs

IDENTITY = "identity.json"

# Values that a run's cycles and counts do not depend on: they are checked for fit, and name the memory or the wire by
# which counts are priced. `tests/python/test_result_store.py` runs each.
PRICE_ONLY = (
    "experiment.name",
    "experiment.window_cycles",
    "technology",
    "chip.name",
    "chip.network.link_length_mm",
    "chip.memory_node.global_buffer.bytes",
    "chip.memory_node.dram.device.currents",
    "chip.encoder.main_bytes",
    "chip.encoder.side_bytes",
    "chip.encoder.index_bytes",
)
# No window of a kept result is looked at.
_ONE_WINDOW = 1_000_000_000


@dataclass(frozen=True)
class Product:
    """A kept folder; `seconds` it took to make or to wait for, `kept` whether someone else made it."""

    folder: Path
    seconds: float
    kept: bool


class ResultStore:
    """Products in a folder, by kind and key."""

    def __init__(self, folder):
        self._folder = Path(folder).absolute()

    def product(self, identity, make):
        """The Product that follows from `identity` (JSON values); `make(folder)` writes its files if it is not there.

        Raises UserError when the store cannot be written to, and whatever `make` raises; nothing half-made is kept.
        """
        text = json.dumps(identity, sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()
        place = self._folder / key[:2] / key
        if place.is_dir():
            return Product(place, 0.0, True)
        begin = time.monotonic()
        try:
            with _locked(place):
                kept = place.is_dir()  # made while we waited
                if not kept:
                    self._make(place, text, make)
            return Product(place, time.monotonic() - begin, kept)
        except OSError as error:
            raise UserError(
                f"{error.filename or self._folder}: cannot be written: {error.strerror or error}"
            ) from error

    @staticmethod
    def _make(place, text, make):
        part = place.with_name(f"{place.name}.part")
        shutil.rmtree(part, ignore_errors=True)  # of a process that was killed
        part.mkdir()
        try:
            make(part)
            (part / IDENTITY).write_text(text, encoding="utf-8")
            part.replace(place)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def simulation(store, program, priced):
    """The Product of simulating the experiment that `programs.price` has described: report.json and counts.csv.

    Its key is the resolved configuration without what changes no cycle and no count, the SHA-256 of the trace's files
    and that of the program.
    """

    def make(folder):
        resolved = folder / "experiment.yaml"
        resolved.write_text(priced["resolved"], encoding="utf-8")
        programs.simulate(program, resolved, {"experiment.window_cycles": _ONE_WINDOW}, folder)
        (folder / "windows.csv").unlink()

    return store.product(simulation_identity(program, priced), make)


def simulation_identity(program, priced):
    """What a simulation's counts and cycles follow from."""
    config = yaml.load(priced["resolved"], Loader=yaml.CSafeLoader)
    for path in PRICE_ONLY:
        _remove(config, path.split("."))
    del config["workload"]["trace"]  # its content counts, not its place
    return {
        "kind": "simulation",
        "config": config,
        "trace": {name: priced["trace"][name] for name in ("sha256", "weights_sha256")},
        "program": programs.file_sha256(program),
    }


def _remove(config, names):
    for name in names[:-1]:
        config = config.get(name, {})
    config.pop(names[-1], None)


@contextlib.contextmanager
def _locked(place):
    """Holds the lock of a product; a process that dies lets go of it. The lock's file goes when it is done."""
    place.parent.mkdir(parents=True, exist_ok=True)
    path = place.with_name(f"{place.name}.lock")
    while True:
        lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_at(lock, path):  # else the one before has removed it: another may hold a newer file
                yield
                path.unlink()
                return
        finally:
            os.close(lock)


def _is_at(descriptor, path):
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
