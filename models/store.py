"""Keeps a layer's program (dataclasses of arrays and numbers) in one safetensors file."""

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from spikeloom.models import codes, mac_projection, pipeline, spike_attention, spike_projection
from spikeloom.models.methods import atom, floating, fp16

CLASSES = {
    cls.__name__: cls
    for cls in (
        codes.CodeFormat,
        mac_projection.Group,
        mac_projection.MacFormat,
        mac_projection.MacProjection,
        pipeline.LayerProgram,
        spike_projection.SalientRule,
        spike_projection.InputCode,
        spike_projection.SpikeOperation,
        spike_projection.SpikeProjection,
        spike_attention.RowCode,
        spike_attention.HeadOperation,
        spike_attention.SpikeAttention,
        atom.AtomAttention,
        floating.FloatAttention,
        floating.FloatProjection,
        fp16.Fp16Projection,
    )
}
METADATA_KEY = "tree"


def save(path, program):
    """Write `program`, through a temporary file: a file with this name is always whole."""
    tensors = {}
    tree = _flatten(program, tensors)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_bytes(safetensors.numpy.save(tensors, {METADATA_KEY: json.dumps(tree)}))
    temporary.replace(path)


def load(path):
    """The program that `save` wrote. Raises ValueError if the file is not one."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            tree = json.loads((file.metadata() or {})[METADATA_KEY])
    except (safetensors.SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    return _build(tree, tensors)


def _flatten(value, tensors):
    if isinstance(value, np.ndarray):
        tensors[str(len(tensors))] = np.ascontiguousarray(value)
        return {"tensor": str(len(tensors) - 1)}
    if isinstance(value, np.generic):
        return value.item()
    if type(value).__name__ in CLASSES:
        names = [field.name for field in dataclasses.fields(value)] if dataclasses.is_dataclass(value) else []
        fields = {name: _flatten(getattr(value, name), tensors) for name in names}
        return {"class": type(value).__name__, "fields": fields}
    if isinstance(value, dict):
        return {"dict": {key: _flatten(item, tensors) for key, item in value.items()}}
    if isinstance(value, tuple | list):
        return {"tuple": [_flatten(item, tensors) for item in value]}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a program cannot hold a {type(value).__name__}")


def _build(tree, tensors):
    if not isinstance(tree, dict):
        return tree
    if "tensor" in tree:
        return tensors[tree["tensor"]]
    if "dict" in tree:
        return {key: _build(item, tensors) for key, item in tree["dict"].items()}
    if "tuple" in tree:
        return tuple(_build(item, tensors) for item in tree["tuple"])
    fields = {name: _build(item, tensors) for name, item in tree["fields"].items()}
    return CLASSES[tree["class"]](**fields)
