"""What the commands share: how they complain, the packs and the settings that they use, their exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from logsieve.packs import PackSet
    from logsieve.settings import Settings

__all__ = ["FAILED", "USAGE", "WORKSPACE_PACKS", "complain", "load", "reader_left", "settings", "trace"]

FAILED, USAGE = 1, 2
WORKSPACE_PACKS = Path(".logsieve", "packs")  # relative to the folder the command runs in


def complain(message: str) -> None:
    """Say on stderr what is wrong."""
    from logsieve.terminal import sanitised

    click.echo(f"logsieve: {sanitised(message)}", err=True)


def load(folders: Sequence[str]) -> PackSet:
    """The built-in packs, the user's, the workspace's, those of `--packs`; what is wrong with them goes to stderr."""
    from logsieve import packs

    if sys.stderr.isatty():
        _tell()
    loaded = packs.load([packs.user_folder(), WORKSPACE_PACKS, *folders])
    for problem in loaded.problems:
        complain(f"warning: {problem}")
    return loaded


def settings() -> Settings:
    """The user's own. Where they cannot be used nothing is done: what must not leave may be named there."""
    from logsieve import own

    try:
        return own.settings()
    except own.OwnError as error:
        raise click.UsageError(str(error)) from error


def reader_left() -> int:
    """The exit code where the reader of stdout (`head`) has enough; what Python still flushes at exit goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def trace() -> None:
    """Tell of a defect."""
    import traceback

    traceback.print_exc()


def _tell() -> None:
    """Let people know what keeps them waiting."""
    import logging

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("logsieve: %(message)s"))
    ours = logging.getLogger("logsieve")
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
