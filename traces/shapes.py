"""Synthetic layers of models without weights: a published shape, and the statistics of a real export.

Nothing here comes from the model that the shape belongs to; every file says `synthetic`. The codes of a token are drawn
from those of one real token, wide and other inputs apart, with the token's exponents; weights come from its layer's
integers, thresholds from its thresholds, grown with the root of the input's size as the sums do. Queries, keys and
values are drawn independently, so that the attention has no sink and no structure.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from spikeloom import UserError
from spikeloom.files import make_folder, require_writable_folder
from spikeloom.models import integer_reference as reference
from spikeloom.models import llama
from spikeloom.models.codes import decode
from spikeloom.models.llama import LlamaShape
from spikeloom.models.pipeline import LayerProgram
from spikeloom.models.spike_projection import CodedInput, SpikeOperation, SpikeProjection
from spikeloom.progress import Progress
from spikeloom.traces import exporter, manifest, model_header, spike_trace, trace_files
from spikeloom.traces.origin import TraceOrigin
from spikeloom.wording import counted

# Sizes from the models' published configurations (arXiv 2307.09288, table of the architecture, and config.json).
SHAPES = {
    "llama-2-7b": LlamaShape(4096, 11008, 32, 32, 32, 128, 32000),
    "llama-2-13b": LlamaShape(5120, 13824, 40, 40, 40, 128, 32000),
}
DRAWS = 1 << 16
SEED = 1


def shape_of(name):
    """(LlamaShape, name) of a published shape or of a Hugging Face config.json. Raises UserError."""
    if name in SHAPES:
        return SHAPES[name], name
    path = Path(name)
    if path.is_dir():
        path /= "config.json"
    if not path.is_file():
        raise UserError(f"--shapes {name}: neither a file nor one of {', '.join(SHAPES)}")
    return model_header.shape_of_config_file(path), path.parent.name or path.name


@dataclass(frozen=True)
class RealLayer:
    """A real export's layer, as the distributions that synthetic ones are drawn from, by input.

    `codes` CodedInput; `weights` and `wide_weights` integers, flat; `heads` the real values of "queries", "keys" and
    "values", flat.
    """

    program: LayerProgram
    codes: dict
    weights: dict
    wide_weights: dict
    heads: dict


def write_shape(name, options, fitted, say=lambda line: None):
    """Write synthetic traces of a shape into `options.directory`; layers and cases as `exporter.ExportOptions`.

    `fitted` is the folder of a real export by a spiking method. Raises UserError for shapes, folders or options that
    cannot be used.
    """
    options.check()
    require_writable_folder(options.directory)
    shape, name = shape_of(name)
    layers = exporter.parse_layers(options.layers, shape.layers)
    source = manifest.load(fitted)
    if not source.header["method"].startswith("spikequant"):
        raise UserError(f"{fitted}: an export by {source.header['method']}, which has no spike codes to fit to")
    for entry in source.layers.values():
        for file in manifest.changed_files(fitted, entry):
            raise UserError(f"{Path(fitted) / file}: missing or not the file that was exported")
    settings = replace(options.settings, wide_share=source.header["options"].get("wide_share", 0.0))
    options = replace(options, method=source.header["method"], settings=settings)
    origin = TraceOrigin(
        model=f"{name} (synthetic)",
        model_source="none: random numbers in the model's shape",
        license="Apache-2.0",
        quantizer=source.header["method"],
        assumptions=source.header["assumptions"]
        | {
            "synthetic": f"statistics of {source.header['model']}, layers {_span(source.wanted)}; every value drawn "
            f"independently, seed {SEED}; no attention sink",
            "calibration": "constants are those of the fitted export",
            "tokens": "none: random",
            "inputs": "random",
        },
        text={"source": "none: synthetic", "sha256": "", "excerpt": ""},
        synthetic=True,
    )
    header = _header(options, shape, origin, source, layers)
    found = manifest.resume(options.directory, header)
    missing = [layer for layer in layers if layer not in found.layers]
    if not missing:
        say(f"{options.directory} is complete already")
        return
    budget = len(missing) * exporter.size_of_layer(shape, options)
    exporter.check_disk(options.directory, budget)
    make_folder(options.directory)
    say(f"writing {counted(len(missing), 'synthetic layer')}, about {budget / 2**20:.0f} MiB, to {options.directory}")
    found.save(options.directory)
    with exporter.saying_what_is_kept(options.directory, found), Progress(f"synthetic {name}", len(missing)) as bar:
        for layer in missing:
            place = source.wanted[layer * len(source.wanted) // shape.layers]
            rng = np.random.default_rng([SEED, layer])
            real = read_real_layer(fitted, place, source)
            program = draw_program(rng, real, shape)
            seen = draw_activations(rng, real, program, shape, options.length)
            names = exporter.write_layer(options, origin, shape, layer, program, seen)
            found.add(options.directory, layer, names, None)
            found.save(options.directory)
            bar.step()
    say(f"{options.directory} holds {counted(len(layers), 'synthetic layer')}")


def read_real_layer(directory, layer, source):
    """RealLayer of one layer of an export; `source` is its Manifest."""
    case = spike_trace.Case(source.header["cases"][0]["first"], source.header["cases"][0]["context"])
    weights = trace_files.read_trace_file(Path(directory) / manifest.weights_name(layer))
    activations = trace_files.read_trace_file(Path(directory) / manifest.activations_name(layer, case.name))
    norms = llama.LlamaLayer({}, np.ones(0), np.ones(0))
    program = spike_trace.program_of(weights, activations, norms)
    real = RealLayer(program, {}, {}, {}, _head_values(activations, program))
    for name, projection in program.projections.items():
        real.codes[name] = _stored_input(activations[1], name, projection.code)
        is_wide = _is_wide(projection)
        real.weights[name] = projection.weights[~is_wide].ravel()
        real.wide_weights[name] = projection.weights[is_wide].ravel()
    return real


def draw_program(rng, real, shape):
    """LayerProgram of a LlamaShape: the real one's constants, weights and thresholds drawn from it."""
    program = LayerProgram(np.ones(0), np.ones(0))
    for name, projection in real.program.projections.items():
        inputs = shape.operation_shape(llama.OPERATIONS_OF[name][0])[1]
        share = len(projection.code.wide) / len(projection.weights)
        wide = np.sort(rng.permutation(inputs)[: round(share * inputs)])
        group, growth = projection.group, np.sqrt(inputs / len(projection.weights))
        if group and inputs % group:
            raise UserError(f"--shapes: {inputs} inputs of '{name}' cannot be cut into windows of {group}")
        outputs = sum(shape.operation_shape(op_name)[0] for op_name in projection.operations)
        shifts = rng.choice(projection.shifts.ravel(), (inputs // group if group else 1, outputs))
        columns, operations = [], {}
        for op_name, op in projection.operations.items():
            outputs = shape.operation_shape(op_name)[0]
            w = _draw(rng, real.weights[name], (inputs, outputs))
            if len(wide):
                w[wide] = _draw(rng, real.wide_weights[name], (len(wide), outputs))
            theta, fraction_bits = _draw_thresholds(rng, op, outputs, growth)
            first = sum(part.shape[1] for part in columns)
            operations[op_name] = SpikeOperation(first, first + outputs, op.gamma, fraction_bits, theta, op.output_bits)
            columns.append(w)
        fmt = replace(projection.code.fmt, digits=projection.code.fmt.digits and len(wide) > 0)
        code = replace(projection.code, fmt=fmt, wide=wide)
        program.projections[name] = SpikeProjection(code, np.concatenate(columns, axis=1), operations, group, shifts)
    attention = real.program.attention
    growth = np.sqrt(shape.head_dim / attention.keys.offset.shape[1])
    program.attention = replace(
        attention,
        queries=replace(attention.queries, wide=np.arange(shape.head_dim)),
        keys=replace(attention.keys, offset=np.zeros((shape.kv_heads, shape.head_dim), dtype=np.float32)),
        values=replace(attention.values, e_min=rng.choice(attention.values.e_min, shape.kv_heads)),
        scores=_draw_head_operation(rng, attention.scores, shape.heads, growth),
        mix=_draw_head_operation(rng, attention.mix, shape.heads, 1.0),
    )
    return program


def draw_activations(rng, real, program, shape, length):
    """What `spike_trace.computed` takes for a sequence of `length` tokens: CodedInputs, and queries, keys, values."""
    seen = {}
    for name, projection in program.projections.items():
        codes, drawn_from = real.codes[name], _is_wide(real.program.projections[name])
        tokens = rng.integers(0, len(codes.token_exponent), length)
        columns = np.empty((length, len(projection.weights)), dtype=np.int64)
        for kind in (True, False):
            places = np.flatnonzero(_is_wide(projection) == kind)
            if len(places):
                columns[:, places] = rng.choice(np.flatnonzero(drawn_from == kind), (length, len(places)))
        by_value = (array[tokens[:, None], columns] for array in (codes.codes, codes.salient, codes.integers))
        by_token = (a[tokens] for a in (codes.token_exponent, codes.salient_exponent, codes.digit_exponent))
        seen[name] = CodedInput(*by_value, *by_token)
    for name, heads in (("queries", shape.heads), ("keys", shape.kv_heads), ("values", shape.kv_heads)):
        seen[name] = _draw(rng, real.heads[name], (length, heads, shape.head_dim))
    return seen


def _is_wide(projection):
    mask = np.zeros(len(projection.weights), dtype=bool)
    mask[projection.code.wide] = True
    return mask


def _stored_input(tensors, name, code):
    """The CodedInput of an input's tensors."""
    codes, salient, a = trace_files.stored_codes(tensors, name, code.fmt, code.wide)
    E = tensors[f"{name}.E"]
    E7 = tensors.get(f"{name}.E7", np.zeros_like(E))
    return CodedInput(codes, salient, a.astype(np.float32), tensors[f"{name}.e"].astype(np.int32), E, E7)


def _head_values(activations, program):
    """Real values of queries, keys (less their offset) and values, flat."""
    description, tensors = activations
    attention, entry = program.attention, description["attention"]
    size, groups = entry["head_dim"], entry["kv_heads"]
    queries = tensors["queries.codes"].reshape(-1, size)
    integers = decode(
        queries,
        np.zeros(queries.shape, dtype=bool),
        attention.queries.fmt,
        tensors["queries.E"].ravel(),
        tensors["queries.E7"].ravel(),
        attention.queries.wide,
    )
    values = {"queries": _scaled(integers, attention.queries.unit, tensors["queries.e"].ravel())}
    shift = tensors["values.shift"].astype(np.int64) + tensors["values.e_min"]
    for name, unit, exponents in (
        ("keys", attention.keys.unit, tensors["keys.e"]),
        ("values", attention.values.unit, shift),
    ):
        nibbles = trace_files.unpack_nibbles(tensors[f"{name}.codes"], groups * size).astype(np.int64)
        rows = np.where(nibbles > 7, nibbles - 16, nibbles).reshape(-1, size)
        values[name] = _scaled(rows, unit, exponents.ravel())
    return values


def _scaled(integers, unit, exponents):
    return np.ldexp(integers.astype(np.float32) * np.float32(unit), exponents.astype(np.int32)[:, None]).ravel()


def _draw(rng, pool, size):
    """Independent draws from a pool, through 2^16 of its quantiles."""
    ordered = np.sort(pool)
    table = ordered[(np.arange(DRAWS) * len(ordered)) // DRAWS]
    return table[rng.integers(0, DRAWS, size, dtype=np.uint16)]


def _draw_thresholds(rng, op, count, growth):
    """(theta [count], F) drawn from an operation's thresholds, `growth` times as large."""
    return reference.thresholds(np.ldexp(rng.choice(op.theta, count) * growth, -op.fraction_bits))


def _draw_head_operation(rng, op, heads, growth):
    theta, fraction_bits = _draw_thresholds(rng, op, heads, growth)
    return replace(op, theta=theta, fraction_bits=fraction_bits)


def _header(options, shape, origin, source, layers):
    return {
        "format": manifest.FORMAT,
        "version": manifest.VERSION,
        "synthetic": True,
        "model": origin.model,
        "model_source": origin.model_source,
        "shape": vars(shape),
        "method": origin.quantizer,
        "options": source.header["options"],
        "assumptions": origin.assumptions,
        "fitted_to": {"model": source.header["model"], "files": source.layers},
        "layers_exported": layers,
        "cases": exporter.case_entries(options),
    }


def _span(layers):
    return f"{layers[0]} to {layers[-1]}" if len(layers) > 1 else str(layers[0])
