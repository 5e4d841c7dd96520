"""What subcommands share: how a parser is made, options that several take, and what a missing package is told as."""

import argparse
import contextlib
import sys
import textwrap
from pathlib import Path

from spikeloom import UserError
from spikeloom.files import named_folder
from spikeloom.models import llama, methods
from spikeloom.traces import fetch_model

PROGRAM = Path(__file__).resolve().parents[3] / "build" / "spikeloom"

DEFAULT = "default: %(default)s"
HELP_COLUMNS = 100

# Of the calibration: {name: (default, letter of the value, what)}.
CALIBRATION = {"calibration_windows": (8, "N", "windows that calibrate"), "window": (1024, "T", "tokens per window")}
# {setting of methods: letter of the value}
METHOD_SETTINGS = {"salient_share": "S", "wide_share": "S", "activation_bits": "B", "output_bits": "B", "group": "G"}


class Parser(argparse.ArgumentParser):
    """Tells a mistake in one line, without the usage."""

    def error(self, message):
        line = " ".join(message.split())
        self.exit(2, f"error: {line} (see {self.prog} --help)\n")


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

    made = command(create, description, examples)
    made.set_defaults(usage_error=made.error)
    return made


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
    """Options of the methods and of their calibration, which `export` and `perplexity` share; None where not given."""
    parser.add_argument("--calibration-text", type=Path, metavar="FILE", help="default: Wikipedia")
    for name, (default, letter, what) in CALIBRATION.items():
        parser.add_argument(flag(name), type=int, metavar=letter, help=f"{what} (default: {default})")
    for name, letter in METHOD_SETTINGS.items():
        setting = methods.SETTINGS[name]
        text = f"{setting} (default: {setting.default})"
        parser.add_argument(flag(name), type=type(setting.default), metavar=letter, help=text)


def calibration(options):
    """{name: value} of the options of the calibration."""
    found = {name: _or(getattr(options, name), default) for name, (default, _, _) in CALIBRATION.items()}
    return found | {"calibration_text": options.calibration_text or fetch_model.WIKIPEDIA}


def settings(options, names, **more):
    """A `registry.Settings` of what is given. Raises UserError for a setting that none of the methods `names` takes."""
    given = {name: getattr(options, name) for name in METHOD_SETTINGS if getattr(options, name) is not None}
    for name, value in given.items():
        unused = methods.why_unused(name, names)
        if unused:
            raise UserError(f"{flag(name)} {value}: {unused}")
    with export_extra():
        from spikeloom.models.methods.registry import Settings
    return Settings(**given, **more)


def flag(name):
    """The option of an attribute."""
    return f"--{name.replace('_', '-')}"


def _or(value, default):
    return default if value is None else value


def require_at_least(least, options, *names):
    """Raises UserError for the first of the named options that is given and below `least`."""
    for name in names:
        value = getattr(options, name)
        if value is not None and value < least:
            raise UserError(f"{flag(name)} {value}: at least {least}")


@contextlib.contextmanager
def export_extra():
    """Turns a missing module into the command that installs it."""
    try:
        yield
    except ImportError as error:
        raise UserError(f"'{error.name}' is not installed; this needs: {llama.INSTALL_COMMAND}") from error


def say(line):
    print(line, file=sys.stderr, flush=True)
