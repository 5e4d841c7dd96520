"""Python side of Spikeloom: trace exporter, integer reference, figures."""

__version__ = "0.1.0"


class UserError(Exception):
    """A mistake in what the user gave; the command line prints its one line and exits with status 2."""
