"""What subcommands share: how a parser is made, options that several take, and what a missing package is told as."""

import argparse
import contextlib
import sys
import textwrap
from pathlib import Path

from spikeloom import UserError
from spikeloom.files import named_folder
from spikeloom.models import llama
from spikeloom.traces import fetch_model

PROGRAM = Path(__file__).resolve().parents[3] / "build" / "spikeloom"

DEFAULT = "default: %(default)s"
HELP_COLUMNS = 100


def command(create, description, examples, **names):
    return create(
        **names,
        description=textwrap.fill(description, HELP_COLUMNS),
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def subcommand(commands, name, summary, description, examples=None):
    def create(**settings):
        return commands.add_parser(name, help=summary, **settings)

    return command(create, description, examples)


def add_store(parser):
    """Comparisons and studies share what they keep."""
    parser.add_argument(
        "--store",
        type=named_folder,
        default=Path(".cache/results"),
        metavar="DIR",
        help="where results are kept (%(default)s)",
    )


def add_method_settings(parser):
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


def settings(options, **more):
    with export_extra():
        from spikeloom.models.methods.registry import Settings
    names = ("salient_share", "wide_share", "activation_bits", "output_bits", "group")
    return Settings(**{name: getattr(options, name) for name in names}, **more)


def require_at_least(least, options, *names):
    """Raises UserError for the first of the named options that is given and below `least`."""
    for name in names:
        value = getattr(options, name)
        if value is not None and value < least:
            raise UserError(f"--{name.replace('_', '-')} {value}: at least {least}")


@contextlib.contextmanager
def export_extra():
    """Turns a missing module into the command that installs it."""
    try:
        yield
    except ImportError as error:
        raise UserError(f"'{error.name}' is not installed; this needs: {llama.INSTALL_COMMAND}") from error


def say(line):
    print(line, file=sys.stderr, flush=True)
