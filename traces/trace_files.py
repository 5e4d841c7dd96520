"""Reading and writing trace files, version 1. `README.md` beside this file is the description they follow."""

import hashlib
import json
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from spikeloom.models.codes import CodeFormat, decode

VERSION = 1
METADATA_KEY = "spikeloom"
WEIGHTS_FORMAT = "spikeloom-weights"
ACTIVATIONS_FORMAT = "spikeloom-activations"
MAC_WEIGHTS_FORMAT = "spikeloom-mac-weights"
MAC_ACTIVATIONS_FORMAT = "spikeloom-mac-activations"


def write_trace_file(path, description, tensors):
    """Write one trace file: `description` (JSON-able dict) as metadata and numpy `tensors` by name.

    The bytes depend on the arguments only: keys are sorted here, tensors by the safetensors library.
    """
    metadata = {METADATA_KEY: json.dumps(description, sort_keys=True, ensure_ascii=True, allow_nan=False)}
    contiguous = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    Path(path).write_bytes(safetensors.numpy.save(contiguous, metadata))


def read_trace_file(path):
    """(description, tensors) of a trace file.

    Raises ValueError if the file is no safetensors file or has no Spikeloom description.
    """
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path}: {error}") from error
    if METADATA_KEY not in metadata:
        raise ValueError(f"{path}: no '{METADATA_KEY}' metadata: not a Spikeloom trace file")
    return json.loads(metadata[METADATA_KEY]), tensors


def format_of(description, entry):
    """CodeFormat of an input: `description` of its activations file, `entry` of the input."""
    return CodeFormat(description["code"], entry["salient_format"], entry["digits"], entry["z"])


def stored_codes(tensors, name, fmt, wide):
    """(codes uint8 [M,K], salient bool [M,K], integers a int64 [M,K]) of an input's tensors; `wide` int [n_wide]."""
    codes = tensors[f"{name}.codes"]
    salient = unpack_mask(tensors[f"{name}.salient_mask"], codes.shape[1])
    return codes, salient, decode(codes, salient, fmt, tensors[f"{name}.E"], tensors.get(f"{name}.E7"), wide)


def file_sha256(path):
    """SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pack_nibbles(nibbles):
    """uint8 [rows, ceil(N/2)] of nibbles 0..15 [rows, N]: low nibble first, an odd last one padded with 0."""
    padded = np.pad(nibbles, ((0, 0), (0, nibbles.shape[1] % 2)))
    return (padded[:, 0::2] | padded[:, 1::2] << 4).astype(np.uint8)


def unpack_nibbles(packed, outputs):
    """Nibbles uint8 [rows, outputs] of `pack_nibbles`."""
    nibbles = np.empty((len(packed), 2 * packed.shape[1]), dtype=np.uint8)
    nibbles[:, 0::2] = packed & 15
    nibbles[:, 1::2] = packed >> 4
    return nibbles[:, :outputs]


def pack_mask(mask):
    """uint8 [.., ceil(K/8)] of a bool mask [.., K]: input k is bit k % 8 of byte k // 8."""
    return np.packbits(mask, axis=-1, bitorder="little")


def unpack_mask(packed, inputs):
    """Bool mask [.., inputs] of `pack_mask`."""
    return np.unpackbits(packed, axis=-1, count=inputs, bitorder="little").astype(bool)
