"""`spikeloom export`"""

from pathlib import Path

from spikeloom import UserError
from spikeloom.commands.arguments import (
    CALIBRATION,
    METHOD_SETTINGS,
    add_method_settings,
    calibration,
    export_extra,
    flag,
    say,
    settings,
    subcommand,
)
from spikeloom.files import named_folder
from spikeloom.models import methods
from spikeloom.traces import fetch_model

EXAMPLES = """\
examples:
  spikeloom export -o out
      all layers of SmolLM2-135M, 64 tokens of Wikipedia (run `fetch` before)
  spikeloom export --method atom --layers 0-3,15 --tokens 32 --decode 256 1024 -o out
  spikeloom export --model path/to/llama-folder --text articles.txt -o out
  spikeloom export --shapes llama-2-7b --layers 0 --tokens 4 -o out
      a synthetic layer in that model's shape, with the statistics of the committed export
  spikeloom export --model models/spiking_lm/movies/ternary-seed0 --text "A fine, sad, funny film." --steps 64 -o out
      one sentence through a spiking language model: every spike of every step
  spikeloom export --model models/spiking_lm/movies/ternary-seed0 --method twin --text sentence.txt -o out
      the same model and sentence for a multiply-accumulate chip
  spikeloom export --verify out
      hash every file, recompute every output code, name the first tensor and index that differs
"""

TOKENS, STEPS = 64, 64

# What options are for; each is None unless it is given.
OF = {
    "method": "how a real model is quantized",
    "text": "what a real model reads",
    "steps": "time steps of a spiking language model",
    "layers": "layers of a Llama",
    "tokens": "tokens of a Llama's prefill",
    "decode": "contexts of a Llama's decode steps",
    "calibration_text": "what calibrates a method on a Llama",
    **{name: f"{what}, of a method on a Llama" for name, (_, _, what) in CALIBRATION.items()},
    **{name: str(methods.SETTINGS[name]) for name in METHOD_SETTINGS},
    "shapes": "the shape of synthetic traces",
    "fitted": "the export that --shapes draws from",
}
# Kinds of exports, in the words of errors, and the options that they take.
LLAMA, SHAPE, SPIKING_LM, VERIFY = "for a Llama", "beside --shapes", "for a spiking language model", "beside --verify"
CASES = {"layers", "tokens", "decode"}
TAKEN = {
    LLAMA: OF.keys() - {"steps", "shapes", "fitted"},
    SHAPE: {"shapes", "fitted", *CASES},
    SPIKING_LM: {"method", "text", "steps"},
    VERIFY: set(),
}


def add(commands):
    parser = subcommand(
        commands,
        "export",
        "export layers of a real Llama, quantized by a method, as trace files",
        "Quantize a Llama by one method, run it on a text with every layer quantized, and write trace files: the "
        "integers that a chip reads and must give, for a prefill and for decode steps. Weights are written once per "
        "layer. A stopped export goes on where it was. The text has one article per line: tokens come from its second "
        "half; the first half of the calibration text calibrates.",
        EXAMPLES,
    )
    parser.add_argument(
        "--model",
        type=Path,
        default=fetch_model.MODEL,
        help="GGUF file, Hugging Face folder, or a spiking language model's folder",
    )
    parser.add_argument(
        "--method",
        metavar="NAME",
        help=f"of {', '.join(methods.NAMES)} (default: spikequant-improved); of a spiking language model "
        "rate (default), twin, w4a4 or fp16",
    )
    parser.add_argument(
        "--text",
        metavar="FILE",
        help="default: Wikipedia; of a spiking language model a sentence, or a file that begins with one",
    )
    parser.add_argument(
        "--steps", type=int, metavar="T", help=f"time steps of a spiking language model (default: {STEPS})"
    )
    parser.add_argument("--layers", metavar="LIST", help="'all', or as 0-3,15 (default: all)")
    parser.add_argument("--tokens", type=int, metavar="M", help=f"tokens of the prefill (default: {TOKENS})")
    parser.add_argument(
        "--decode",
        type=int,
        nargs="+",
        metavar="C",
        help="also decode one token at a context of C tokens, for each C (default: none)",
    )
    add_method_settings(parser)
    parser.add_argument(
        "--shapes",
        metavar="NAME",
        help="write SYNTHETIC traces in the shape of llama-2-7b, llama-2-13b or a config.json; method, settings "
        "and constants are those of the --fitted export",
    )
    parser.add_argument(
        "--fitted",
        type=Path,
        metavar="DIR",
        help="real export that --shapes draws from (default: the committed one)",
    )
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("-o", "--output", type=named_folder, metavar="DIR", help="folder for the trace files")
    target.add_argument(
        "--verify", type=Path, metavar="DIR", help="write nothing: recompute the export in DIR and compare"
    )
    parser.set_defaults(run=run, sizes="--tokens, --decode, --window or --calibration-windows")


def _require_meant(options, kind):
    """Raises UserError for an option that is given and does nothing in this kind of export."""
    for name, what in OF.items():
        value = getattr(options, name)
        if value is not None and name not in TAKEN[kind]:
            shown = " ".join(map(str, value)) if isinstance(value, list) else value
            raise UserError(f"{flag(name)} {shown}: does nothing {kind}: {what}")


def run(options):
    # Imported here because the exporter's parts take a second to load.
    with export_extra():
        from spikeloom.models.spiking_lm import checkpoint
        from spikeloom.traces import exporter, shapes, verify
    if options.verify:
        _require_meant(options, VERIFY)
        compared = verify.verify(options.verify, options.model)
        print(f"{options.verify}: verified, {compared:,} numbers recomputed, all equal")
        return 0
    if checkpoint.is_checkpoint(options.model):
        _require_meant(options, SPIKING_LM)
        return _export_spiking_lm(options)
    _require_meant(options, SHAPE if options.shapes else LLAMA)
    method = options.method or "spikequant-improved"
    chosen = exporter.ExportOptions(
        model=options.model,
        method=method,
        text=Path(options.text or fetch_model.WIKIPEDIA),
        directory=options.output,
        layers="all" if options.layers is None else options.layers,
        tokens=TOKENS if options.tokens is None else options.tokens,
        contexts=tuple(options.decode or ()),
        **calibration(options),
        settings=settings(options, [method]),
    )
    if options.shapes:
        shapes.write_shape(options.shapes, chosen, options.fitted or fetch_model.COMMITTED, say)
    else:
        exporter.export(chosen, say)
    return 0


def _export_spiking_lm(options):
    from spikeloom.traces import rate_export

    if not options.text:
        raise UserError("--text: a spiking language model needs a sentence, or a file that begins with one")
    method, steps = options.method or rate_export.SPIKES, STEPS if options.steps is None else options.steps
    chosen = rate_export.RateExportOptions(options.model, method, options.text, steps, options.output)
    with export_extra():
        rate_export.export(chosen, say)
    return 0
