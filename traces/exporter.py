"""Exports layers of a real Llama, quantized by one method, as trace files (README.md beside this file).

The model runs on the exported tokens with every layer quantized, so that a layer's inputs are what the layers
before it really give. Each layer has one weights file and an activations file per case: a prefill, and decode steps.
"""

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spikeloom import UserError
from spikeloom.files import existing_part, make_folder, require_writable_folder, whole_file
from spikeloom.models import calibration, llama, pipeline
from spikeloom.models.methods import fp16
from spikeloom.models.methods.floating import Fp32
from spikeloom.models.methods.registry import Settings, make_method
from spikeloom.models.spike_projection import SpikeProjection
from spikeloom.models.text import BETWEEN_ARTICLES, read_text
from spikeloom.progress import Progress
from spikeloom.traces import mac_trace_files, manifest, model_header, spike_trace, trace_files
from spikeloom.traces.origin import TraceOrigin, model_license, model_source, text_entry
from spikeloom.traces.trace_files import file_sha256
from spikeloom.wording import counted

# Descriptions, hashes and headers of a file, roughly.
FILE_OVERHEAD = 16384


@dataclass(frozen=True)
class ExportOptions:
    """What to export, and how it is calibrated.

    `layers` is "all" or numbers and ranges ("0-3,15"); `tokens` those of the prefill; `contexts` the context lengths
    at which one token is decoded; `calibration_windows` of `window` tokens each; `settings` a `registry.Settings`.
    """

    model: Path
    method: str
    text: Path
    calibration_text: Path
    directory: Path
    layers: str = "all"
    tokens: int = 64
    contexts: tuple = ()
    calibration_windows: int = 8
    window: int = 1024
    settings: Settings = Settings()

    def check(self):
        """Raises UserError for options outside their ranges."""
        if self.tokens < 1:
            raise UserError(f"--tokens {self.tokens}: at least 1")
        for context in self.contexts:
            if context < 2:
                raise UserError(f"--decode {context}: at least 2 tokens of context")
            if self.contexts.count(context) > 1:
                raise UserError(f"--decode: context {context} is named twice")
        if self.calibration_windows < 1:
            raise UserError(f"--calibration-windows {self.calibration_windows}: at least 1")
        if self.window < 2:
            raise UserError(f"--window {self.window}: at least 2 tokens")
        if not self.settings.spike_attention:
            raise UserError("an export holds the integers of the attention: spike_attention must be on")

    @property
    def cases(self):
        """The `spike_trace.Case`s: the prefill, then the decode steps."""
        return [spike_trace.prefill(self.tokens)] + [spike_trace.decode(c) for c in sorted(self.contexts)]

    @property
    def length(self):
        """Tokens of the sequence that every case is a part of."""
        return max(case.context for case in self.cases)


def export(options, say=lambda line: None):
    """Write the traces into `options.directory`, or finish a stopped export there.

    `say` is given lines about what happens. Raises UserError for options, models, texts or folders that cannot be
    used; nothing but whole files is ever left behind.
    """
    text, calibration_text, method, layers = _checked(options)
    llama.import_torch()
    say(f"loading {options.model.name}")
    model = llama.load_llama(options.model)
    ids = text.windows(model.tokenize, 1, 1, options.length)
    sequences = calibration_text.windows(model.tokenize, 0, options.calibration_windows, options.window)
    origin = _origin(options, model, method, ids)
    header = _header(options, model, method, origin, ids, layers, calibration.key_of(model, method, sequences))
    found = manifest.resume(options.directory, header)
    missing = [layer for layer in layers if layer not in found.layers]
    if not missing:
        say(f"{options.directory} is complete already")
        return
    if found.layers:
        say(f"{len(found.layers)} of {counted(len(layers), 'layer')} there already")
    budget = len(missing) * size_of_layer(model.shape, options)
    check_disk(options.directory, budget)
    make_folder(options.directory)
    passed = missing[-1] + 1 - len(missing)
    needed = f"; {counted(passed, 'layer')} before it computed, too" if passed else ""
    say(f"writing {counted(len(missing), 'layer')}, about {budget / 2**20:.0f} MiB, to {options.directory}{needed}")
    _export_layers(options, model, method, origin, found, ids, sequences)
    say(f"{options.directory} holds {counted(len(layers), 'layer')}, {folder_size(options.directory) / 2**20:.1f} MiB")


def _checked(options):
    """(text, calibration text, method, layers) of options, as far as they can be checked before the model is loaded."""
    options.check()
    require_writable_folder(options.directory)
    method = make_method(options.method, options.settings)
    shape = model_header.shape_of_model(options.model)
    method.check(shape)
    layers = parse_layers(options.layers, shape.layers)
    text, calibration_text = read_text(options.text), read_text(options.calibration_text)
    require_length(text, 1, options.length)
    require_length(calibration_text, 0, options.calibration_windows * options.window)
    manifest.refuse_another(
        options.directory,
        {
            "model_source": model_source(options.model),
            "method": method.name,
            "options": method.options,
            "layers_exported": layers,
            "cases": case_entries(options),
        },
    )
    if not (options.directory / manifest.NAME).exists():
        check_disk(options.directory, len(layers) * size_of_layer(shape, options))
    return text, calibration_text, method, layers


def require_length(text, half, tokens):
    """Raises UserError if a half of a text is too short for `tokens` tokens however it is cut: no token is empty."""
    size = sum(len(article.encode()) + len(BETWEEN_ARTICLES) for article in text.halves[half])
    # Special tokens that a tokenizer adds at both ends.
    if size + 2 < tokens:
        part = ("first half (calibration)", "second half (evaluation)")[half]
        raise UserError(f"{text.path}: its {part} has {size:,} bytes, too few for {tokens:,} tokens")


@contextlib.contextmanager
def saying_what_is_kept(directory, found):
    """Gives Ctrl-C the words on what is written already; `found` is the Manifest that grows meanwhile."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(
            f"{directory} holds {len(found.layers)} of {counted(len(found.wanted), 'layer')}, all whole; "
            "the same command goes on there"
        ) from stop


def _export_layers(options, model, method, origin, found, ids, sequences):
    rotary = pipeline.rotary_of(model, options.length)
    x = pipeline.embed(model, ids)
    exact = x.copy()
    count = 1 + max(layer for layer in found.wanted if layer not in found.layers)
    found.save(options.directory)
    programs = calibration.programs(model, method, sequences)
    with saying_what_is_kept(options.directory, found), Progress(f"exporting {method.name}", count) as bar:
        for layer, program in zip(range(count), programs, strict=False):
            seen = {}
            before = x
            x = pipeline.run_layer(model, program, x, options.length, rotary, seen.__setitem__)
            floating = pipeline.uncalibrated_program(model, Fp32(), layer)
            exact = pipeline.run_layer(model, floating, exact, options.length, rotary)
            if layer in found.wanted and layer not in found.layers:
                names = write_layer(options, origin, model.shape, layer, program, seen)
                if layer > 0 and layer - 1 not in found.wanted:
                    names.append(manifest.residual_name(layer))
                    entry = {"format": "spikeloom-residual", "version": trace_files.VERSION}
                    _write(options.directory / names[-1], entry, {"residual": before})
                found.add(options.directory, layer, names, _relative_error(x, exact))
                found.save(options.directory)
            bar.step()


def write_layer(options, origin, shape, layer, program, seen):
    """Write the files of one layer, each whole or not at all; returns their names."""
    is_spiking = isinstance(next(iter(program.projections.values())), SpikeProjection)
    maker = spike_trace if is_spiking else mac_trace_files
    weights_path = options.directory / manifest.weights_name(layer)
    _write(weights_path, *maker.weights_file(origin, layer, program))
    names = [weights_path.name]
    for case in options.cases:
        names.append(manifest.activations_name(layer, case.name))
        content = maker.activations_file(origin, weights_path, shape, program, seen, case)
        _write(options.directory / names[-1], *content)
    return names


def case_entries(options):
    """The cases as a manifest lists them."""
    return [{"name": case.name, "first": case.first, "context": case.context} for case in options.cases]


def parse_layers(text, count):
    """Layer numbers, ascending, of "all" or of numbers and ranges: "0-3,15". Raises UserError."""
    if text == "all":
        return list(range(count))
    layers = set()
    for part in text.split(","):
        ends = part.split("-")
        if not (1 <= len(ends) <= 2 and all(end.strip().isdecimal() for end in ends)):
            raise UserError(f"--layers {text}: expected 'all', or numbers and ranges such as 0-3,15")
        first, last = int(ends[0]), int(ends[-1])
        if first > last or last >= count:
            layers = "one layer, 0" if count == 1 else f"{count} layers, 0 to {count - 1}"
            raise UserError(f"--layers {text}: '{part}' is not a range of them: the model has {layers}")
        layers |= set(range(first, last + 1))
    return sorted(layers)


def size_of_layer(shape, options):
    """About how many bytes one layer's files will have."""
    spiking = options.method.startswith("spikequant")
    value_bytes = 2 if options.method == fp16.Fp16.name else 1
    weight_bytes = 0.5 * (1 + options.settings.wide_share) if spiking else value_bytes
    operations = [shape.operation_shape(name) for name in llama.OPERATIONS]
    total = weight_bytes * sum(n * k for n, k in operations)
    inputs = [shape.operation_shape(ops[0])[1] for ops in llama.OPERATIONS_OF.values()]
    outputs = sum(n for n, _ in operations)
    attention, kv = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    for case in options.cases:
        m, c = case.tokens, case.context
        if spiking:
            total += m * sum(inputs) * 9 / 8 + outputs * 16 + m * outputs * 2
            total += m * attention * 25 / 8 + c * (kv + 2 * shape.kv_heads) + m * shape.heads * c * 25 / 8
        else:
            total += m * sum(inputs) * value_bytes + m * outputs * 4
        total += FILE_OVERHEAD
    if options.layers != "all":
        total += 4 * options.length * shape.hidden
    return int(total + FILE_OVERHEAD)


def check_disk(directory, needed):
    """Raises UserError if the disk of `directory` has less than `needed` bytes left."""
    free = shutil.disk_usage(existing_part(directory)).free
    if needed > free:
        raise UserError(f"{directory}: the export needs about {needed / 2**20:.0f} MiB, {free / 2**20:.0f} are free")


def folder_size(directory):
    """Bytes of the trace files in a folder."""
    return sum(path.stat().st_size for path in Path(directory).glob("*.safetensors"))


def _write(path, description, tensors):
    with whole_file(path, "; the same command goes on from here") as partial:
        trace_files.write_trace_file(partial, description, tensors)


def _origin(options, model, method, ids):
    excerpt = model.decode(ids[0, : options.length])
    assumptions = method.assumptions | {
        "calibration": f"{options.calibration_windows} windows of {options.window} tokens spread over the first half "
        f"of {options.calibration_text.name}",
        "tokens": "the first tokens of the second half of the text, run as one sequence from position 0",
        "inputs": "what the layers before this one give when they are quantized in the same way",
        "not_quantized": "embedding, final norm and head",
    }
    return TraceOrigin(
        model=model.name,
        model_source=model_source(options.model),
        license=model_license(options.model),
        quantizer=method.name,
        assumptions=assumptions,
        text=text_entry(options.text, excerpt),
    )


def _header(options, model, method, origin, ids, layers, key):
    return {
        "format": manifest.FORMAT,
        "version": manifest.VERSION,
        "model": origin.model,
        "model_source": origin.model_source,
        "model_sha256": model.digest,
        "license": origin.license,
        "shape": vars(model.shape),
        "method": method.name,
        "options": method.options,
        "assumptions": origin.assumptions,
        "text": origin.text,
        "token_ids": [int(i) for i in ids[0]],
        "calibration": {"sha256": file_sha256(options.calibration_text), "key": key},
        "layers_exported": layers,
        "cases": case_entries(options),
    }


def _relative_error(x, exact):
    """Median over tokens of |x - exact| / |exact|, both [M,D]: a few tokens are enormous."""
    error = np.sqrt(((x - exact).astype(np.float64) ** 2).sum(axis=1))
    size = np.sqrt((exact.astype(np.float64) ** 2).sum(axis=1))
    return float(np.median(error / size))
