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

from spikeloom import UserError

IDENTITY = "identity.json"


@dataclass(frozen=True)
class Product:
    """A kept folder, named by its `key`; `seconds` it took to make or to wait for, `kept` whether it was there."""

    key: str
    folder: Path
    seconds: float
    kept: bool


class ResultStore:
    """Products in a folder, by kind and key."""

    def __init__(self, folder):
        self._folder = Path(folder).absolute()

    def place(self, key):
        """The folder of a product, whether it is there or not."""
        return self._folder / key[:2] / key

    def product(self, identity, make):
        """The Product that follows from `identity` (JSON values); `make(folder)` writes its files if it is not there.

        Raises UserError when the store cannot be written to, and whatever `make` raises; nothing half-made is kept.
        """
        text = json.dumps(identity, sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()
        place = self.place(key)
        if place.is_dir():
            return Product(key, place, 0.0, True)
        begin = time.monotonic()
        try:
            with _locked(place):
                kept = place.is_dir()  # made while we waited
                if not kept:
                    self._make(place, text, make)
            return Product(key, place, time.monotonic() - begin, kept)
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
