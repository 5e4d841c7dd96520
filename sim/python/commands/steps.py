"""`spikeloom steps`"""

from pathlib import Path

from spikeloom import UserError
from spikeloom.commands.arguments import PROGRAM, add_store, export_extra, subcommand
from spikeloom.files import named_folder

EXAMPLES = """\
examples:
  spikeloom steps configs/experiments/steps_movies.yaml
  spikeloom steps my_study.yaml --jobs 1 -o results/mine
"""


def add(commands):
    parser = subcommand(
        commands,
        "steps",
        "a spiking language model against its time steps: accuracy, cycles, energy",
        "Export a sentence with every checkpoint that STUDY names, run its spikes in more and more time steps and its "
        "multiply-accumulate rivals once, all on one chip; write report.md, points.csv and a figure of accuracy over "
        "energy. What was made before is kept.",
        EXAMPLES,
    )
    parser.add_argument("config", type=Path, metavar="STUDY.yaml")
    parser.add_argument("-o", "--output", type=named_folder, metavar="FOLDER", help="default: results/steps_<name>")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="runs side by side (default: %(default)s)")
    add_store(parser)
    parser.add_argument("--spikeloom", type=Path, default=PROGRAM, metavar="PROGRAM", help="the simulator")
    parser.set_defaults(run=run, sizes="--jobs")


def run(options):
    if options.jobs < 1:
        raise UserError(f"--jobs {options.jobs}: must be 1 or more")
    from spikeloom.steps.command import StepsOptions, steps

    with export_extra():
        steps(StepsOptions(options.config, options.output, options.store, options.spikeloom.resolve(), options.jobs))
    return 0
