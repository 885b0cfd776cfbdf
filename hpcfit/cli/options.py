"""Options that several commands share."""

from __future__ import annotations

import argparse


def add_trust_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that let a job run Python and include any file."""
    add_include_option(parser)
    parser.add_argument(
        "--allow-python", action="store_true", help="let the job run residual functions from Python files"
    )


def add_lock_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that breaks the lock of a run file."""
    parser.add_argument(
        "--break-lock",
        action="store_true",
        help="write the run file although a process on another host, silent for 10 minutes, has its lock",
    )


def add_include_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that lets a job include any file, and write any."""
    text = "let the job include and write files outside its folder"
    parser.add_argument("--allow-outside", action="store_true", help=text)
