"""Calibration of a whole model by a method, layer by layer, kept on disk by what it depends on.

The key is a hash of the model's weights, the method's name and options, the calibration text's token ids, and
the package's own source: change any of them and the layers are calibrated anew; stop in the middle and the
finished layers are kept.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spikeloom.models import pipeline, store
from spikeloom.progress import Progress

CACHE = Path(__file__).resolve().parents[1] / ".cache" / "calibration"


@dataclass(frozen=True)
class Calibration:
    """What a method is calibrated on: token ids [S,C] of real text, apart from anything evaluated."""

    sequences: np.ndarray
    text: str

    @property
    def description(self):
        """One line for assumptions and reports."""
        count, length = self.sequences.shape
        return f"{count} windows of {length} tokens, spread over the first half of {self.text}"


def programs(model, method, calibration, cache=CACHE, progress=True):
    """Yield the LayerProgram of each layer, from the cache where it is there.

    `method` is one of `methods`; methods without constants (fp32, fp16) are made on the spot.
    """
    folder = Path(cache) / f"{method.name}-{key_of(model, method, calibration)[:20]}"
    length = calibration.sequences.shape[1]
    rotary = pipeline.rotary_of(model, length)
    paths = [folder / f"layer{layer:02}.safetensors" for layer in range(len(model.layers))]
    x = None
    missing = sum(not path.exists() for path in paths)
    bar = Progress(f"calibrating {method.name}", missing, enabled=progress and missing > 0)
    with bar:
        for layer, path in enumerate(paths):
            if method.keeps_nothing:
                yield made_on_the_spot(model, method, layer)
                continue
            if path.exists():
                program = store.load(path)
                if x is not None:
                    x = pipeline.run_layer(model, program, x, length, rotary)
            else:
                if x is None:
                    x = _replay(model, paths[:layer], calibration, rotary)
                program, x = pipeline.calibrate_layer(model, method, layer, x, length, rotary)
                store.save(path, program)
                bar.step()
            yield program


def made_on_the_spot(model, method, layer):
    """The program of a method that needs no calibration text."""
    weights = model.layers[layer]
    program = pipeline.LayerProgram(weights.attention_norm, weights.mlp_norm)
    pipeline.fill_program(program, method, weights, layer, model.shape)
    return program


def key_of(model, method, calibration):
    """Hexadecimal SHA-256 of everything that a calibration depends on."""
    digest = hashlib.sha256()
    parts = {"method": method.name, "options": method.options, "source": _source_hash(), "model": model.digest}
    digest.update(json.dumps(parts, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(calibration.sequences, dtype=np.int64).tobytes())
    return digest.hexdigest()


def _replay(model, paths, calibration, rotary):
    x = pipeline.embed(model, calibration.sequences)
    for path in paths:
        x = pipeline.run_layer(model, store.load(path), x, calibration.sequences.shape[1], rotary)
    return x


def _source_hash():
    folder = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
