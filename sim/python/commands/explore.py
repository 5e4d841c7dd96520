"""`spikeloom explore`"""

from pathlib import Path

from spikeloom import UserError
from spikeloom.commands.arguments import add_store, require_at_least, subcommand
from spikeloom.files import named_folder

EXAMPLES = """\
examples:
  spikeloom explore configs/experiments/memory.yaml
  spikeloom explore configs/experiments/network.yaml --trials 200 --workers 2 -o results/network
  spikeloom explore configs/experiments/memory.yaml --on tcp://head:8786
  spikeloom explore configs/experiments/memory.yaml --on slurm --workers 16
"""


def add(commands):
    parser = subcommand(
        commands,
        "explore",
        "search chip and number-format parameters for the best trades",
        "Search the parameters of a study's file for the best trades between its objectives, on all processors here or "
        "on a cluster, and write report.html, trials.csv and the configurations of the best trials. A study goes "
        "on where it was, however it was stopped; results are kept, and nothing is simulated twice.",
        EXAMPLES,
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
    add_store(parser)
    parser.set_defaults(run=run, sizes="--workers")


def run(options):
    require_at_least(1, options, "trials", "workers")
    try:
        from spikeloom.explore import command
    except ImportError as error:
        raise UserError(f"'{error.name}' is not installed; this needs: pip install -e '.[explore]'") from error
    return command.run(options)
