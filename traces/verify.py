"""`spikeloom export --verify DIR`: recompute what an exported folder says, and compare.

Every file is hashed. Spiking layers are run again, from the exported tokens through the model's norms and the traces'
own constants and weights, with nothing calibrated: codes, output codes and attention must come out as stored.
Multiply-accumulate and synthetic layers are recomputed from their stored codes, encoders of a spiking language model
from their stored spikes.
"""

import json
from pathlib import Path

import numpy as np

from spikeloom import UserError
from spikeloom.models import integer_reference as reference
from spikeloom.models import llama, pipeline
from spikeloom.progress import Progress
from spikeloom.traces import mac_trace_files, manifest, rate_export, spike_trace, trace_files
from spikeloom.traces.spike_trace import Case
from spikeloom.traces.trace_files import file_sha256
from spikeloom.wording import first_difference


class Difference(Exception):
    """Something stored differs from what was recomputed: file, tensor or entry, index, and both values."""


def verify(directory, model_path):
    """How many output codes were recomputed and found equal.

    Raises UserError if the export is unfinished, a file is missing or changed, the model is another one, or a tensor
    comes out differently: it names file, tensor and index, and what that means.
    """
    directory = Path(directory)
    found = manifest.load(directory)
    found.require_complete(directory)
    changed = _first_change(directory, found)
    cases = [Case(entry["first"], entry["context"]) for entry in found.header["cases"]]
    try:
        compared = _recompute(directory, found, cases, model_path)
    except Difference as difference:
        raise UserError(_meaning_of(difference, changed)) from difference
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, ArithmeticError) as error:
        raise UserError(f"{changed or directory}: cannot be recomputed: {error!r}") from error
    if changed:
        raise UserError(f"{changed} was changed after the export; nothing that is computed depends on it")
    return compared


def _meaning_of(difference, changed):
    """What a difference says of the folder, whose first changed file and tensor is `changed`, '' for none."""
    if not changed:
        return (
            f"{difference}: no trace file was changed after the export, so it was made by another version of this "
            f"package, or {manifest.NAME} was changed"
        )
    if str(difference).startswith(changed):
        return f"{difference}: the file was changed after the export"
    return f"{changed} was changed after the export; the first thing to come out otherwise is {difference}"


def _first_change(directory, found):
    """`file: tensor 'name'` or `file: description` of the first file that was changed; '' if none. Raises UserError."""
    for entry in found.layers.values():
        for name in manifest.changed_files(directory, entry):
            path = directory / name
            if not path.is_file():
                raise UserError(f"{path}: missing")
            try:
                tensors = manifest.changed_tensors(path, entry["files"][name])
            except ValueError as error:
                raise UserError(str(error)) from error
            return f"{path}: tensor '{tensors[0]}'" if tensors else f"{path}: description"
    return ""


def _recompute(directory, found, cases, model_path):
    if found.header["method"] in rate_export.METHODS and found.header["cases"][0]["name"] == rate_export.CASE:
        return sum(_verify_encoder(directory, layer) for layer in found.wanted)
    weights = trace_files.read_trace_file(directory / manifest.weights_name(found.wanted[0]))[0]
    if weights["synthetic"]:
        return sum(_verify_sums(directory, layer, case) for layer in found.wanted for case in cases)
    if weights["format"] == trace_files.MAC_WEIGHTS_FORMAT:
        return sum(_verify_mac(directory, layer, case) for layer in found.wanted for case in cases)
    model = llama.load_llama(model_path)
    if model.digest != found.header["model_sha256"]:
        raise UserError(f"{model_path}: not the exported model ({found.header['model_source']}): give that by --model")
    return _replay(directory, found, cases, model)


def _replay(directory, found, cases, model):
    ids = np.array([found.header["token_ids"]])
    length = ids.shape[1]
    rotary = pipeline.rotary_of(model, length)
    compared, x, previous = 0, pipeline.embed(model, ids), -1
    with Progress("verifying", len(found.wanted)) as bar:
        for layer in found.wanted:
            if layer != previous + 1:
                x = trace_files.read_trace_file(directory / manifest.residual_name(layer))[1]["residual"]
            weights = trace_files.read_trace_file(directory / manifest.weights_name(layer))
            files = {
                case: trace_files.read_trace_file(directory / manifest.activations_name(layer, case.name))
                for case in cases
            }
            program = spike_trace.program_of(weights, files[cases[0]], model.layers[layer])
            seen = {}
            x = pipeline.run_layer(model, program, x, length, rotary, seen.__setitem__)
            for case, (description, stored) in files.items():
                described, made = spike_trace.computed(model.shape, program, seen, case)
                path = directory / manifest.activations_name(layer, case.name)
                _compare_descriptions(path, description, described, directory / manifest.weights_name(layer))
                compared += sum(_compare(path, name, stored[name], made[name]) for name in sorted(made))
            previous = layer
            bar.step()
    return compared


def _compare_descriptions(path, stored, made, weights_path):
    made = json.loads(json.dumps(made)) | {"weights": {"file": weights_path.name, "sha256": file_sha256(weights_path)}}
    for key, value in made.items():
        found = first_difference(key, stored.get(key, "nothing"), value)
        if found:
            place, there, here = found
            raise Difference(f"{path}: description: {place}: {there}, recomputed {here}")


def _verify_mac(directory, layer, case):
    path = directory / manifest.activations_name(layer, case.name)
    weights = trace_files.read_trace_file(directory / manifest.weights_name(layer))
    activations = trace_files.read_trace_file(path)
    stored, compared = activations[1], 0
    for name, expected in mac_trace_files.expectations(weights, activations).items():
        tensor = f"{name}.expected"
        compared += _compare(path, tensor, _as_bits(stored[tensor]), _as_bits(expected))
    return compared


def _verify_encoder(directory, layer):
    """An encoder of a spiking language model, or of its rivals: all that its own files say."""
    path, stored, made = rate_export.expectations_of_layer(directory, layer)
    return sum(_compare(path, name, _as_bits(stored[name]), _as_bits(each)) for name, each in sorted(made.items()))


def _as_bits(values):
    """Floats as the integers of their bits: equal only if bit for bit."""
    return values.view(np.uint32) if values.dtype == np.float32 else values


def _verify_sums(directory, layer, case):
    """The linear operations of a synthetic layer, which nothing but its own codes can say."""
    path = directory / manifest.activations_name(layer, case.name)
    weights = trace_files.read_trace_file(directory / manifest.weights_name(layer))
    description, tensors = trace_files.read_trace_file(path)
    program = spike_trace.program_of(weights, (description, tensors), llama.LlamaLayer({}, None, None))
    compared = 0
    for name, projection in program.projections.items():
        _, _, a = trace_files.stored_codes(tensors, name, projection.code.fmt, projection.code.wide)
        for op_name, op in projection.operations.items():
            w = projection.weights[:, op.first : op.last].astype(np.int64)
            zero, shifts = np.zeros(w.shape[1], dtype=np.int64), projection.shifts[:, op.first : op.last]
            sums = reference.weighted_sums(a, w, zero, weight_shifts=shifts)
            made = reference.fire(sums, op.fraction_bits, op.theta, op.output_bits)
            compared += _compare(path, f"{op_name}.expected", tensors[f"{op_name}.expected"], made)
    return compared


def _compare(path, name, stored, made):
    """How many elements are equal: all of them, or Difference with the first that is not."""
    if stored.shape != made.shape:
        raise Difference(f"{path}: tensor '{name}' is {list(stored.shape)}, recomputed {list(made.shape)}")
    differing = np.argwhere(stored != made)
    if len(differing):
        index = tuple(int(i) for i in differing[0])
        raise Difference(
            f"{path}: tensor '{name}' {list(index)}: {stored[index]}, recomputed {made[index]} "
            f"({len(differing)} of {stored.size} differ)"
        )
    return stored.size
