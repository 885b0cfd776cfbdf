"""The console script: signals are kept from here on, before anything else is imported."""

from hpcfit import early_signals


def main() -> None:
    """Run the command line and exit."""
    early_signals.install()
    from hpcfit.cli.main import entry

    entry()
