"""Python side of Spikeloom: trace exporter, integer reference, figures."""

import importlib

__version__ = "0.1.0"


def __getattr__(name):
    """`spikeloom.explore` is loaded when it is asked for: it takes a second."""
    if name == "explore":
        return importlib.import_module("spikeloom.explore")
    raise AttributeError(f"module 'spikeloom' has no attribute '{name}'")


class UserError(Exception):
    """A mistake in what the user gave; the command line prints its one line and exits with status 2."""
