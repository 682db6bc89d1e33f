"""Runs the installed command as users do, in a process of its own; a warning of Python's there is an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["COMMAND", "FIXTURES", "Command"]

COMMAND = Path(sys.executable).parent / "logsieve"
FIXTURES = Path(__file__).parents[1] / "fixtures"


class Command:
    """`logsieve`, run in `folder`. Configuration, cache and data lie where tests/conftest.py puts them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def environment(self) -> dict[str, str]:
        """The environment without what would change colours, widths or options."""
        aside = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES")
        kept = {k: v for k, v in os.environ.items() if k not in aside and not k.startswith("LOGSIEVE_")}
        return kept | {"PYTHONWARNINGS": "error", "TERM": "xterm-256color"}

    def __call__(self, *arguments: str | Path, input: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
        """Run to the end with these arguments; `more` are environment variables."""
        return subprocess.run(
            [COMMAND, *map(str, arguments)],
            input=input,
            capture_output=True,
            cwd=self.folder,
            env=self.environment | more,
            check=False,
            timeout=600,  # only so that a hang is a failure; 100 MB on a busy machine take a while
        )
