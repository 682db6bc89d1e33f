"""The Neovim that these tests drive, fetched once, and logs opened in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from command import COMMAND
from neovim import Log, Neovim, neovim

HERE = Path(__file__).resolve().parent
CANNOT = 3  # the exit status with which provision.sh says that this machine cannot have the editor


SECOND = 3125  # the line of the log's second failure

# For tests that are run in the oldest Neovim that the plugin works with, too.
both = pytest.mark.parametrize("program", ["oldest", "newest"], indirect=True)


@pytest.fixture(scope="session")
def program(request: pytest.FixtureRequest) -> Path:
    """The Neovim to test, the newest unless a test is for `both`."""
    return provisioned(getattr(request, "param", "newest"))


def provisioned(what: str) -> Path:
    """A Neovim's program, or the folder of lazy.nvim; skips, with the reason, where there can be none."""
    command = [str(HERE / "provision.sh"), what]
    environment = {**os.environ, "PYTHON": sys.executable}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    said = (done.stderr.strip() or "provision.sh said nothing").split("\n")
    if done.returncode == CANNOT:
        pytest.skip(said[-1])
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip().split("\n")[-1])


@pytest.fixture(scope="session")
def switch(repository: Path) -> str:
    """The Lua that users without a plugin manager are told to write."""
    return told(repository, "lua", "vim.opt.runtimepath")


def told(repository: Path, language: str, about: str) -> str:
    """The code in the README that says something of this."""
    text = (repository / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if about in block]
    return str(found)


@pytest.fixture(scope="session", autouse=True)
def warm(shared_cache: Path, fixtures: Path) -> None:
    """The packs are compiled: on a busy machine that takes longer than an editor's user would wait."""
    log = fixtures / "pytest" / "long-verbose-two-failures" / "log.txt"
    command = [str(COMMAND), "triage", "--exit-zero", str(log)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(shared_cache)}
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)


@pytest.fixture
def start(program: Path, switch: str, tmp_path: Path) -> Iterator[Callable[..., Neovim]]:
    """Start the Neovim with these settings of LogSieve."""
    with ExitStack() as stack:

        def run(settings: Mapping[str, Any] | None = None) -> Neovim:
            config = (
                f"vim.lsp.config('logsieve', {{ settings = {{ logsieve = vim.json.decode({quoted(settings)}) }} }})"
            )
            return stack.enter_context(neovim(program, tmp_path, f"{config}\n{switch}"))

        yield run


def quoted(settings: Mapping[str, Any] | None) -> str:
    """Settings as JSON in a Lua string."""
    return "'" + json.dumps(settings or {}).replace("\\", "\\\\").replace("'", "\\'") + "'"


@pytest.fixture
def log(fixtures: Path, tmp_path: Path) -> Log:
    """A verbose pytest run: two tests fail, after 3,000 lines in the first column that say nothing."""
    return Log.copied(fixtures / "pytest" / "long-verbose-two-failures", tmp_path)


@pytest.fixture
def opened(start: Callable[..., Neovim], log: Log) -> Neovim:
    """A Neovim that shows the log, read and folded."""
    editor = start()
    editor.open_log(log.path)
    return editor


def diagnostics(editor: Neovim) -> list[dict[str, Any]]:
    """In the order in which they were published."""
    found = editor.wait("local d = vim.diagnostic.get(0) return #d > 0 and d")
    assert isinstance(found, list)
    return found


def closed_noise(editor: Neovim, log: Log) -> None:
    editor.wait("vim.fn.foldclosed(...) ~= -1", log.folded[0][0])
