"""What the command line's tests share: the command, and a small log of each outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

from command import Command


@pytest.fixture
def run(tmp_path: Path) -> Command:
    """The command, run in the test's folder."""
    return Command(tmp_path)


@pytest.fixture
def failing(tmp_path: Path) -> Path:
    """A log that failed: its cause is on line 4."""
    path = tmp_path / "failing.log"
    path.write_text(
        "collecting\nrunning 3 steps\nstep 2\nerror: cannot find the file `config.yaml`\nstopping\nexit status 1\n"
    )
    return path


@pytest.fixture
def passing(tmp_path: Path) -> Path:
    """A log in which nothing failed."""
    path = tmp_path / "passing.log"
    path.write_text("collecting\nrunning 3 steps\nall done\n")
    return path
