"""The manifest of an exported folder: what was exported, from what, and the hash of every file and tensor.

`manifest.json` has the keys of `Manifest.header`, `layers` (by number: `files` and `residual_error`) and `complete`.
A layer is listed once all its files are whole, so that a stopped export can go on where it was.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from spikeloom import UserError
from spikeloom.files import whole_file
from spikeloom.traces import trace_files
from spikeloom.traces.trace_files import file_sha256
from spikeloom.wording import counted, first_difference

NAME = "manifest.json"
FORMAT, VERSION = "spikeloom-export", 1
# Enough to tell an accident from the file; the whole file has its full hash.
TENSOR_HASH_DIGITS = 16
# What it means that an entry of the header differs; what explains most comes first.
MEANINGS = {
    "synthetic": "real layers in one and synthetic ones in the other",
    "model_source": "another model",
    "model": "another model",
    "model_sha256": "another model",
    "shape": "another shape",
    "method": "another method",
    "options": "other settings of the method",
    "layers_exported": "other layers",
    "cases": "other tokens of the prefill or contexts of decode steps",
    "text": "another text",
    "token_ids": "other tokens",
    "fitted_to": "another real export to follow",
    "assumptions": "another calibration, or another version of this package",
    "calibration": "another calibration text or window, or another version of this package",
}


@dataclass
class Manifest:
    """`header` says what the folder holds (JSON-able dict); `layers` maps layer numbers to their entries."""

    header: dict
    layers: dict = field(default_factory=dict)

    @property
    def wanted(self):
        """The layers that belong in the folder."""
        return self.header["layers_exported"]

    @property
    def layers_of_model(self):
        """How many layers the model has, exported or not."""
        return self.header["shape"]["layers"]

    @property
    def complete(self):
        """Whether every layer is there."""
        return all(layer in self.layers for layer in self.wanted)

    def require_complete(self, directory):
        """Raises UserError if a layer is missing."""
        missing = [layer for layer in self.wanted if layer not in self.layers]
        if missing:
            raise UserError(
                f"{directory}: unfinished: {counted(len(missing), 'layer')} missing, the first is {missing[0]}; "
                "the same `spikeloom export` finishes it"
            )

    def add(self, directory, layer, names, residual_error):
        """List a layer whose files `names` are whole."""
        files = {name: _file_entry(Path(directory) / name) for name in names}
        self.layers[layer] = {"files": files, "residual_error": residual_error}

    def save(self, directory):
        """Write `manifest.json`, whole or not at all."""
        layers = {str(layer): self.layers[layer] for layer in sorted(self.layers)}
        text = json.dumps(self.header | {"layers": layers, "complete": self.complete}, indent=1, sort_keys=True)
        with whole_file(Path(directory) / NAME) as partial:
            partial.write_text(text + "\n", encoding="utf-8")


def weights_name(layer):
    """Name of a layer's weights file."""
    return f"layer{layer:02}.weights.safetensors"


def activations_name(layer, case_name):
    """Name of a layer's activations file of a case, such as `prefill64`."""
    return f"layer{layer:02}.{case_name}.safetensors"


def layer_of(path):
    """The layer that an activations file's name says."""
    return int(Path(path).name.split(".")[0].removeprefix("layer"))


def weights_beside(path):
    """The weights file of an activations file."""
    return Path(path).with_name(Path(path).name.split(".")[0] + ".weights.safetensors")


def residual_name(layer):
    """Name of the file with what enters a layer."""
    return f"layer{layer:02}.residual.safetensors"


def load(directory):
    """The Manifest of a folder. Raises UserError if there is none, or none that can be read."""
    path = Path(directory) / NAME
    if not path.is_file():
        raise UserError(f"{path}: not found: the folder holds no export")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT or content.pop("version") != VERSION:
            raise ValueError("another format or version")
        content.pop("complete")
        layers = {int(layer): dict(entry) for layer, entry in content.pop("layers").items()}
        manifest = Manifest({"format": FORMAT, "version": VERSION} | content, layers)
        _check(manifest)
    except (ValueError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a manifest that this version can read: {error!r}") from error
    return manifest


def _check(manifest):
    """Raises ValueError, KeyError or TypeError if a key is missing or of another type."""
    header = manifest.header
    for key, kind in (("model", str), ("method", str), ("options", dict), ("assumptions", dict), ("cases", list)):
        if not isinstance(header[key], kind) or (kind is not dict and not header[key]):
            raise ValueError(f"'{key}' is no {kind.__name__} or empty")
    if type(manifest.layers_of_model) is not int:
        raise ValueError("'shape.layers' is no number")
    if not header["layers_exported"] or any(type(layer) is not int for layer in header["layers_exported"]):
        raise ValueError("'layers_exported' is no list of numbers")
    for case in header["cases"]:
        if not 0 <= int(case["first"]) < int(case["context"]) or not isinstance(case["name"], str):
            raise ValueError("'cases' holds no first, context and name")
    for entry in manifest.layers.values():
        entry["residual_error"]  # noqa: B018 (the key must be there)
        for file in entry["files"].values():
            if not isinstance(file["sha256"], str) or not isinstance(file["tensors"], dict):
                raise TypeError("'files' holds no hashes")


def resume(directory, header):
    """The Manifest to go on with in `directory`: what is there already, if it is the same export, else a new one.

    Layers whose files are missing or differ are dropped, to be written again. Raises UserError as `refuse_another`.
    """
    directory = Path(directory)
    found = refuse_another(directory, header)
    if found is None:
        return Manifest(header)
    absent = [key for key in found.header if key not in header]
    refuse_another(directory, header | dict.fromkeys(absent))
    kept = {layer: entry for layer, entry in found.layers.items() if not changed_files(directory, entry)}
    return Manifest(header, kept)


def refuse_another(directory, expected):
    """The Manifest of a folder, None if it has none.

    Raises UserError if an entry of the dict `expected`, a part of a header, is another one there, or if the folder
    holds trace files without a manifest.
    """
    directory = Path(directory)
    if not (directory / NAME).exists():
        stray = sorted(path.name for path in directory.glob("*.safetensors"))
        if stray:
            raise UserError(f"{directory}: holds {stray[0]} but no {NAME}: choose an empty folder")
        return None
    found = load(directory)
    plain = json.loads(json.dumps(expected))
    for key in [*MEANINGS, *sorted(plain.keys() - MEANINGS.keys())]:
        difference = first_difference(key, found.header.get(key), plain[key]) if key in plain else None
        if difference:
            place, there, here = difference
            meaning = MEANINGS.get(key, "another entry")
            raise UserError(
                f"{directory / NAME}: holds another export, with {meaning} ({place}: {there} there, {here} now): "
                "choose another folder or delete this one"
            )
    return found


def changed_files(directory, entry):
    """Names of a layer's files that are missing or whose bytes differ from the manifest."""
    return [
        name
        for name, file in entry["files"].items()
        if not (Path(directory) / name).is_file() or file_sha256(Path(directory) / name) != file["sha256"]
    ]


def changed_tensors(path, entry):
    """Names of the tensors of a trace file that are missing, added or changed. Raises ValueError if it is none."""
    _, tensors = trace_files.read_trace_file(path)
    hashes = {name: _tensor_hash(tensor) for name, tensor in tensors.items()}
    return [
        name
        for name in sorted(hashes.keys() | entry["tensors"].keys())
        if hashes.get(name) != entry["tensors"].get(name)
    ]


def _file_entry(path):
    _, tensors = trace_files.read_trace_file(path)
    return {
        "sha256": file_sha256(path),
        "bytes": path.stat().st_size,
        "tensors": {name: _tensor_hash(tensor) for name, tensor in tensors.items()},
    }


def _tensor_hash(tensor):
    return hashlib.sha256(np.ascontiguousarray(tensor).tobytes()).hexdigest()[:TENSOR_HASH_DIGITS]
