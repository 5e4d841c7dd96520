"""`spikeloom perplexity`"""

from pathlib import Path

from spikeloom import UserError
from spikeloom.commands.arguments import DEFAULT, add_method_settings, calibration, export_extra, settings, subcommand
from spikeloom.models import methods
from spikeloom.traces import fetch_model

EXAMPLES = """\
examples:
  spikeloom perplexity --method fp16 atom spikequant-improved
  spikeloom perplexity --method spikequant-improved --salient-share 0.06 --windows 4
  spikeloom perplexity --method atom:wide-share=0.03 spikequant-improved:salient-share=0.05,wide-share=0.03
  spikeloom perplexity --method spikequant --text articles.txt --json
"""


def add(commands):
    parser = subcommand(
        commands,
        "perplexity",
        "perplexity of quantization methods on real text",
        "Print the perplexity of one method or more on the second half of the evaluation texts, from the integers "
        "that its chip computes (fp16: from floats). Calibration uses the first half of the calibration text and is "
        "kept in .cache, so that a second call is quick. Embedding and head stay in floating point. Every method is "
        "read on the same windows; lines below the table say what its log-perplexity is less that of the first method, "
        "mean and standard error over windows. If the 95 % interval holds 0, the two cannot be told apart.",
        EXAMPLES,
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
    add_method_settings(parser)
    parser.add_argument(
        "--float-attention",
        action="store_true",
        help="spikequant-improved: attention in floating point, to tell its share of the loss",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    parser.add_argument("--readme", type=Path, metavar="FILE", help="write the table of all methods into FILE, too")
    parser.set_defaults(run=run, sizes="--window, --windows or --calibration-windows")


def run(options):
    names = methods.NAMES if "all" in options.method else [given.partition(":")[0] for given in options.method]
    unused = methods.why_unused("spike_attention", names)
    if options.float_attention and unused:
        raise UserError(f"--float-attention: {unused}")
    with export_extra():
        from spikeloom.traces.perplexity_table import PerplexityOptions, measure
    measure(
        PerplexityOptions(
            model=options.model,
            methods=options.method,
            texts=options.text,
            windows=options.windows,
            **calibration(options),
            settings=settings(options, names, spike_attention=not options.float_attention),
            as_json=options.json,
            readme=options.readme,
        )
    )
    return 0
