"""`spikeloom compare`"""

from pathlib import Path

from spikeloom import UserError
from spikeloom.commands.arguments import DEFAULT, PROGRAM, add_store, subcommand
from spikeloom.files import named_folder

EXAMPLES = """\
examples:
  spikeloom compare configs/experiments/compare_smollm2.yaml
  spikeloom compare configs/experiments/compare_smollm2.yaml --jobs 1 -o results/mine
  spikeloom compare configs/experiments/compare_smollm2.yaml --explain T3.1.2
      the counters, prices and files that make a number of the report
"""


def add(commands):
    parser = subcommand(
        commands,
        "compare",
        "a spiking chip and its multiply-accumulate rivals: both bills, one report",
        "Run every contender of a comparison on the same layers, mesh, memories, DRAM, clock and technology, each at "
        "its best, and write report.html, report.md, figures and numbers.json. Runs are kept, so that a stopped "
        "comparison goes on.",
        EXAMPLES,
    )
    parser.add_argument("config", type=Path, metavar="CONFIG.yaml", help="schema: sim/compare/README.md")
    parser.add_argument("-o", "--output", type=named_folder, metavar="FOLDER", help="default: results/compare_<name>")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help=f"runs side by side ({DEFAULT})")
    add_store(parser)
    parser.add_argument("--spikeloom", type=Path, default=PROGRAM, metavar="PROGRAM", help="the simulator")
    parser.add_argument("--allow-different", action="store_true", help="compare unlike things, and say so on top")
    parser.add_argument("--explain", metavar="ID", help="run nothing: show what makes a number of the report")
    parser.set_defaults(run=run, sizes="--jobs")


def run(options):
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
