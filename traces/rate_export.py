"""Exports one sentence through a trained spiking language model: its spikes, or a multiply-accumulate rival of them.

One weights and one activations file for each encoder, `asr.json` (what the model says and how its spiking rates settle,
after each step) and a manifest.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from spikeloom import UserError
from spikeloom.files import make_folder, require_writable_folder, whole_file
from spikeloom.models.spiking_lm import checkpoint
from spikeloom.models.spiking_lm.downloads import MINILM
from spikeloom.traces import mac_trace_files, manifest, rate_rivals, rate_trace_files, trace_files
from spikeloom.traces.origin import EXCERPT_CHARACTERS, TraceOrigin
from spikeloom.traces.trace_files import file_sha256

CASE = "sentence"
SETTLING = "asr.json"
SPIKES = "rate"
METHODS = (SPIKES, *rate_rivals.RIVALS)

ASSUMPTIONS = {
    "weights": "sign(W - mean W) or clip(round(W / mean|W|), -1, 1), times mean|W|, as BitNet has them",
    "not_quantized": "embedding, layer norms and head",
    "input": "the embedding is the same current at every step",
    "query": "real-valued: the running mean of its sums, in codes of 8 bits with one static unit an encoder",
    "layer_norms": "currents add up to t times the norm of running means after step t",
    "membranes": "begin at 0, those that the vector unit feeds at half a threshold",
}


@dataclass(frozen=True)
class RateExportOptions:
    """`model` a checkpoint's folder; `method` of METHODS; `text` a sentence, or a file whose first line is one."""

    model: Path
    method: str
    text: str
    steps: int
    directory: Path

    def check(self):
        """Raises UserError for options outside their ranges."""
        if self.method not in METHODS:
            raise UserError(f"--method {self.method}: of a spiking language model, one of {', '.join(METHODS)}")
        if self.steps < 1:
            raise UserError(f"--steps {self.steps}: at least 1")
        require_writable_folder(self.directory)


def export(options, say=lambda line: None):
    """Write the traces of both encoders into `options.directory`.

    Raises UserError for options, checkpoints or folders that cannot be used, and a folder that holds another export.
    """
    options.check()
    found = checkpoint.load(options.model)
    sentence = _sentence(options.text)
    rate_rivals.check(options.method, found)
    # Imported here because whoever verifies an export needs no PyTorch.
    from spikeloom.models.spiking_lm import measure, teacher, wordpieces

    reader = measure.Reader(found, teacher.Embedding(teacher.pretrained()))
    ids = wordpieces.encode(wordpieces.tokenizer(), [sentence])[0]
    origin = _origin(options, found, sentence)
    header = _header(options, found, origin, ids)
    made = manifest.resume(options.directory, header)
    make_folder(options.directory)
    run = reader.simulator.run(ids, options.steps)
    for layer in range(found.shape.encoders):
        made.add(options.directory, layer, _write_layer(options, origin, reader, run, ids, layer), None)
    rates = measure.rates_by_step(reader, [(ids, run)])
    with whole_file(options.directory / SETTLING) as partial:
        partial.write_text(json.dumps(_settling(run, rates), indent=1) + "\n")
    made.save(options.directory)
    say(f"{options.directory} holds {found.shape.encoders} encoders, {len(ids)} tokens, {options.steps} steps")


def expectations_of_layer(directory, layer):
    """(path, stored tensors, {tensor: what it must be}) of an exported encoder, recomputed from its own files."""
    weights = trace_files.read_trace_file(directory / manifest.weights_name(layer))
    path = directory / manifest.activations_name(layer, CASE)
    activations = trace_files.read_trace_file(path)
    if weights[0]["format"] == rate_trace_files.WEIGHTS_FORMAT:
        return path, activations[1], rate_trace_files.expectations(weights, activations)
    made = mac_trace_files.expectations(weights, activations)
    return path, activations[1], {f"{name}.expected": y for name, y in made.items()}


def _write_layer(options, origin, reader, run, ids, layer):
    paths = options.directory / manifest.weights_name(layer), options.directory / manifest.activations_name(layer, CASE)
    if options.method == SPIKES:
        _write(paths[0], rate_trace_files.weights_file(origin, reader.checkpoint, layer))
        _write(paths[1], rate_trace_files.activations_file(origin, paths[0], reader.simulator, run, layer))
    else:
        rival = rate_rivals.RIVALS[options.method](reader.checkpoint, reader.equilibrium(ids), run, layer)
        _write(paths[0], rate_rivals.weights_file(origin, reader.checkpoint.shape, rival, layer))
        _write(paths[1], rate_rivals.activations_file(origin, paths[0], reader.checkpoint.shape, rival))
    return [path.name for path in paths]


def _settling(run, rates):
    """What SETTLING says: of every step."""
    return {
        "steps": len(run.logits),
        "logits": run.logits.tolist(),
        "prediction": run.logits.argmax(axis=1).tolist(),
        "rates": rates,
    }


def _write(path, content):
    with whole_file(path) as partial:
        trace_files.write_trace_file(partial, *content)


def _sentence(text):
    """The sentence that `--text` names. Raises UserError if there is none."""
    path = Path(text)
    lines = path.read_text(encoding="utf-8").splitlines() if len(text) < 256 and path.is_file() else [text]
    sentence = next((line.strip() for line in lines if line.strip()), "")
    if not sentence:
        raise UserError(f"--text {text}: no sentence in it")
    return sentence


def _origin(options, found, sentence):
    path = options.model / checkpoint.NAME
    return TraceOrigin(
        model=f"spiking language model, {found.shape.weights} weights, task {found.header.get('task')}",
        model_source=f"{path.name} sha256 {file_sha256(path)}; embedding of the Python package {MINILM}",
        license="Apache-2.0",
        quantizer=found.shape.weights,
        assumptions=ASSUMPTIONS | rate_rivals.assumptions(options.method, options.steps),
        text={
            "source": "a sentence",
            "sha256": _sha256(sentence),
            "excerpt": " ".join(sentence.split())[:EXCERPT_CHARACTERS],
        },
    )


def _header(options, found, origin, ids):
    return {
        "format": manifest.FORMAT,
        "version": manifest.VERSION,
        "model": origin.model,
        "model_source": origin.model_source,
        "model_sha256": file_sha256(options.model / checkpoint.NAME),
        "license": origin.license,
        "shape": found.shape.as_dict() | {"layers": found.shape.encoders},
        "method": options.method,
        "options": {"steps": options.steps},
        "assumptions": origin.assumptions,
        "text": origin.text,
        "token_ids": ids,
        "layers_exported": list(range(found.shape.encoders)),
        "cases": [{"name": CASE, "first": 0, "context": len(ids)}],
    }


def _sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()
