"""`spikeloom plot`"""

from pathlib import Path

from spikeloom import UserError
from spikeloom.commands.arguments import subcommand
from spikeloom.files import named_folder


def add(commands):
    parser = subcommand(
        commands,
        "plot",
        "draw the figures of a result folder, an export or readings of perplexity",
        "Draw the figures of a simulation's result folder; of an exported folder: its codes, salient shares and error "
        "per layer; or of a file with the lines of `perplexity --json`: perplexity against bits and salient share.",
    )
    parser.add_argument("place", type=Path, metavar="FOLDER_OR_FILE")
    parser.add_argument(
        "-o",
        "--output",
        type=named_folder,
        metavar="DIR",
        help="folder for the figures (default: beside what they show)",
    )
    parser.set_defaults(run=run)


def run(options):
    try:
        from spikeloom.plots import render
    except ImportError as error:
        raise UserError(f"{error} (run `make venv`)") from error
    if not options.place.exists():
        raise UserError(f"{options.place}: no such folder or file")
    for path in render.main(options.place, options.output):
        print(path)
    return 0
