"""Questions that tests put to a real worker, which finds this module on its PYTHONPATH."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from logsieve.core.analysis import Analysis
from logsieve.lsp.convert import Coordinates


def process(_analysis: Analysis, _at: Coordinates) -> int:
    """The worker's process id."""
    return os.getpid()


def hold(_analysis: Analysis, _at: Coordinates, pipe: str) -> str:
    """Keep the worker busy until someone writes to a named pipe; what was written."""
    return Path(pipe).read_text()


def die_unless(_analysis: Analysis, _at: Coordinates, file: str) -> str:
    """Kill the worker at the first call, answer at the second."""
    if not Path(file).exists():
        Path(file).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "alive"


def die(_analysis: Analysis, _at: Coordinates) -> None:
    """Kill the worker."""
    os.kill(os.getpid(), signal.SIGKILL)


def leave(_analysis: Analysis, _at: Coordinates, file: str) -> None:
    """Leave a trace of having been asked."""
    Path(file).touch()


def shout(_analysis: Analysis, _at: Coordinates) -> str:
    """Print to what was once the front's pipe."""
    print("garbage")
    os.write(1, b"more garbage\n")
    return "heard"


def fail(_analysis: Analysis, _at: Coordinates) -> None:
    """Go wrong."""
    raise ZeroDivisionError("as asked")


def pair(analysis: Analysis, _at: Coordinates) -> tuple[int, int]:
    """Lines of the text, and their bytes."""
    return len(analysis.text), len(analysis.text.data)
