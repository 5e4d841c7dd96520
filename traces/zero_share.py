"""The share of zeros among activation codes: of a trace, and copies of a synthetic one with another share.

A real trace's zeros are what the model has; a synthetic one's are an assumption, which can be varied.
"""

import shutil
from pathlib import Path

import numpy as np

from spikeloom import UserError
from spikeloom.files import make_folder
from spikeloom.models import integer_reference as reference
from spikeloom.models import llama
from spikeloom.traces import manifest, spike_trace, trace_files

SEED = 1


def share_of_zeros(weights_path, activations_path):
    """Zeros over all codes of the linear operations' inputs."""
    zeros, codes = count_zeros(weights_path, activations_path)
    return zeros / codes


def count_zeros(weights_path, activations_path):
    """(zeros, codes) of the linear operations' inputs."""
    weights, files = (trace_files.read_trace_file(path) for path in (weights_path, activations_path))
    zeros = [a == 0 for _, _, _, a in _inputs(weights, files)]
    return sum(int(one.sum()) for one in zeros), sum(one.size for one in zeros)


def write_variant(source, target, layer, case_name, share):
    """Copy one layer and case of the synthetic export `source` to `target`, with a share of zeros of its own.

    `share` is that among the normal codes of narrow inputs, token by token; salient and two-digit codes stay as they
    are. Zeros turn into nonzero codes of the same token, drawn at random, or the other way round; expected outputs are
    recomputed. Raises UserError for a real trace, and for unsigned codes or activation shifts.
    """
    source, target = Path(source), Path(target)
    weights_path, path = source / manifest.weights_name(layer), source / manifest.activations_name(layer, case_name)
    weights, (description, tensors) = (trace_files.read_trace_file(file) for file in (weights_path, path))
    if not description["synthetic"]:
        raise UserError(f"{path}: a real trace: its zeros are the model's")
    if description["code"] != "signed" or any(one["has_g"] for one in description["inputs"]):
        raise UserError(f"{path}: zeros can be varied in signed codes without activation shifts")
    rng = np.random.default_rng(SEED)
    for name, wide, salient, a in _inputs(weights, (description, tensors)):
        normal = ~salient
        normal[:, wide] = False
        tensors[f"{name}.codes"] = _with_share(rng, tensors[f"{name}.codes"], normal, a == 0, share)
    tensors |= _expected(weights, (description, tensors))
    make_folder(target)
    shutil.copyfile(weights_path, target / weights_path.name)
    trace_files.write_trace_file(target / path.name, description, tensors)
    found = manifest.load(source)
    written = manifest.Manifest(found.header)
    written.add(target, layer, [weights_path.name, path.name], None)
    written.save(target)


def _inputs(weights, activations):
    """(name, wide inputs, salient [M,K], integers a [M,K]) of every input of the linear operations."""
    description, tensors = activations
    for entry in description["inputs"]:
        name = entry["name"]
        wide = weights[1].get(f"{name}.wide", np.zeros(0, dtype=np.int64))
        fmt = trace_files.format_of(description, entry)
        _, salient, a = trace_files.stored_codes(tensors, name, fmt, wide)
        yield name, wide, salient, a


def _with_share(rng, codes, normal, zero, share):
    codes = codes.copy()
    for row, places, silent in zip(codes, normal, zero, strict=True):
        zeros, others = np.flatnonzero(places & silent), np.flatnonzero(places & ~silent)
        missing = round(share * (len(zeros) + len(others))) - len(zeros)
        if missing > 0:
            row[rng.choice(others, missing, replace=False)] = 0
        elif missing < 0 and len(others):
            row[rng.choice(zeros, -missing, replace=False)] = rng.choice(row[others], -missing)
    return codes


def _expected(weights, activations):
    """{tensor name: output codes} of the linear operations."""
    program = spike_trace.program_of(weights, activations, llama.LlamaLayer({}, None, None))
    integers = {name: a for name, _, _, a in _inputs(weights, activations)}
    found = {}
    for name, projection in program.projections.items():
        for op_name, op in projection.operations.items():
            w = projection.weights[:, op.first : op.last].astype(np.int64)
            shifts = projection.shifts[:, op.first : op.last]
            sums = reference.weighted_sums(integers[name], w, np.zeros(w.shape[1], dtype=np.int64), None, shifts)
            fired = reference.fire(sums, op.fraction_bits, op.theta, op.output_bits)
            found[f"{op_name}.expected"] = fired.astype(np.int16)
    return found
