"""Options that several commands share."""

from __future__ import annotations

import argparse


def add_include_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that lets a job include any file."""
    parser.add_argument(
        "--allow-outside", action="store_true", help="let the job include files from outside its folder"
    )
