"""Files that are whole or not there, and folders that can be written to."""

import argparse
import contextlib
import os
from pathlib import Path

from spikeloom import UserError

# Names by which the results of commands are known.
RESULTS = {
    "run": ("report.json", "layers"),
    "noc": ("noc.json",),
    "compare": ("numbers.json",),
    "explore": ("study.json",),
    "steps": ("points.csv",),
    "export": ("manifest.json",),
}


@contextlib.contextmanager
def whole_file(path, hint=""):
    """`with whole_file(path) as partial:` gives a path to write to, which becomes `path` when all went well.

    Raises UserError, which ends with `hint`, if the file cannot be written. However it ends, nothing half-written is
    left.
    """
    path = Path(path)
    partial = path.with_name(f"{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror or error}{hint}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def named_folder(text):
    """The folder that an option names, as argparse takes it: an empty name would mean the current one."""
    if not text:
        raise argparse.ArgumentTypeError("names no folder")
    return Path(text)


def require_writable_folder(directory, option="-o"):
    """Raises UserError if `directory` is no folder that can be written to, and none that can be made. Makes none."""
    there = existing_part(directory)
    if not there.is_dir():
        raise UserError(f"{option} {directory}: {there} is a file, not a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UserError(f"{option} {directory}: no permission to write to {there}")


def require_own_folder(directory, command):
    """`require_writable_folder`, which raises UserError, too, if the folder holds results of another command."""
    require_writable_folder(directory)
    for other, names in RESULTS.items():
        if other != command and any((Path(directory) / name).exists() for name in names):
            raise UserError(f"{directory}: holds the results of `spikeloom {other}`; choose another folder with -o")


def existing_part(directory):
    """The deepest path on the way to `directory`, itself included, that exists."""
    path = Path(directory).absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def make_folder(directory, option="-o"):
    """Make a folder and those above it. Raises UserError if that is not possible."""
    try:
        Path(directory).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{option} {directory}: cannot be made: {error.strerror or error}") from error
