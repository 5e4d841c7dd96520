"""Command line: `spikeloom SUBCOMMAND`, or `python -m spikeloom SUBCOMMAND`. One line on stderr for user errors (exit
status 2) and for Ctrl-C (130)."""

import sys

from spikeloom import UserError, __version__
from spikeloom.commands import (
    compare,
    explore,
    export,
    fetch,
    perplexity,
    plot,
    steps,
    synthetic,
    train_spiking_lm,
)
from spikeloom.commands.arguments import Parser, command

EXAMPLES = """\
examples:
  spikeloom fetch
  spikeloom export -o out
  spikeloom synthetic --inputs 4096 --outputs 4096 --tokens 4 -o out
  spikeloom plot RESULT_DIR
"""

# In the order of the help.
COMMANDS = (fetch, explore, export, train_spiking_lm, perplexity, synthetic, plot, compare, steps)

NOTHING_KEPT = "nothing half-written is left; run the same command again"


def main(arguments=None):
    """Run the command line; returns the exit status."""
    options, unknown = _parser().parse_known_args(arguments)
    if unknown:
        options.usage_error(f"unrecognized arguments: {' '.join(unknown)}")
    try:
        return options.run(options)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {place}{error.strerror or error}", file=sys.stderr)
    except OverflowError as error:
        print(f"error: the model's values are too large for the integer contract: {error}", file=sys.stderr)
    except MemoryError as error:
        remedy = f": lower {options.sizes}" if "sizes" in options else ""
        said = f" ({str(error).rstrip('.')})" if str(error) else ""
        print(f"error: not enough memory{said}{remedy}; nothing half-written is left", file=sys.stderr)
    except KeyboardInterrupt as stop:
        print(f"stopped: {stop if stop.args else NOTHING_KEPT}", file=sys.stderr)
        return 130
    return 2


def _parser():
    parser = command(Parser, "Python side of Spikeloom.", EXAMPLES, prog="spikeloom")
    parser.add_argument("--version", action="version", version=f"spikeloom {__version__}")
    commands = parser.add_subparsers(required=True, metavar="SUBCOMMAND")
    for each in COMMANDS:
        each.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
