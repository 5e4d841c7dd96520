"""Calibration of a whole model by a method, layer by layer, kept on disk by what it depends on.

The key is a hash of the model's weights, the method's name and options, the calibration text's token ids, and
the package's own source: change any of them and the layers are calibrated anew; stop in the middle and the
finished layers are kept.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from spikeloom.models import pipeline, store
from spikeloom.progress import Progress

CACHE = Path(__file__).resolve().parents[1] / ".cache" / "calibration"


def programs(model, method, sequences, cache=CACHE):
    """Yield the LayerProgram of each layer, from the cache where it is there.

    `sequences` are the token ids [S,C] that it is calibrated on, real text apart from anything evaluated. `method`
    is one of `methods`; methods without constants (fp32, fp16) are made on the spot.
    """
    folder = Path(cache) / f"{method.name}-{key_of(model, method, sequences)[:20]}"
    length = sequences.shape[1]
    rotary = pipeline.rotary_of(model, length)
    paths = [folder / f"layer{layer:02}.safetensors" for layer in range(len(model.layers))]
    x = None
    missing = sum(not path.exists() for path in paths)
    bar = Progress(f"calibrating {method.name}", 0 if method.keeps_nothing else missing)
    with bar:
        for layer, path in enumerate(paths):
            if method.keeps_nothing:
                yield pipeline.uncalibrated_program(model, method, layer)
                continue
            program = _kept(path)
            if program is not None:
                if x is not None:
                    x = pipeline.run_layer(model, program, x, length, rotary)
            else:
                if x is None:
                    x = _replay(model, paths[:layer], sequences, rotary)
                    method.survey(model, sequences)
                program, x = pipeline.calibrate_layer(model, method, layer, x, length, rotary)
                store.save(path, program)
                bar.step()
            yield program


def key_of(model, method, sequences):
    """Hexadecimal SHA-256 of everything that a calibration depends on."""
    digest = hashlib.sha256()
    parts = {"method": method.name, "options": method.options, "source": _source_hash(), "model": model.digest}
    digest.update(json.dumps(parts, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(sequences, dtype=np.int64).tobytes())
    return digest.hexdigest()


def _kept(path):
    """The program of a file; None where there is none, or none that is whole."""
    try:
        return store.load(path) if path.exists() else None
    except (ValueError, KeyError, TypeError):
        return None


def _replay(model, paths, sequences, rotary):
    x = pipeline.embed(model, sequences)
    for path in paths:
        x = pipeline.run_layer(model, store.load(path), x, sequences.shape[1], rotary)
    return x


def _source_hash():
    folder = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
