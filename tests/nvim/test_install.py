"""The ways to install that the README tells, each in a Neovim that knows nothing of the others."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from neovim import Log, Neovim, neovim
from nvim.conftest import both, provisioned, told

pytestmark = pytest.mark.editor


def works(editor: Neovim, log: Log) -> None:
    editor.open_log(log.path)
    first = editor.wait("local d = vim.diagnostic.get(0) return #d > 0 and d")[0]
    assert first["lnum"] + 1 == log.root
    editor.wait("vim.fn.foldclosed(...) ~= -1", log.folded[0][0])
    editor.command("LogSieve view")
    editor.wait("vim.startswith(vim.api.nvim_buf_get_name(0), 'logsieve:') and vim.fn.line('$') > 1")
    editor.command("help logsieve-view")
    editor.command("checkhealth logsieve")
    assert [line for line in editor.lines() if "ERROR" in line or ("WARNING" in line and "clipboard" not in line)] == []


@both
def test_without_a_plugin_manager(start: Callable[..., Neovim], log: Log) -> None:
    works(start(), log)


def test_as_a_package(
    program: Path, repository: Path, log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / ".local" / "share"))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    link = told(repository, "sh", "ln -sfn")
    subprocess.run(["sh", "-ec", link + link], env={**os.environ, "PATH": path}, check=True)
    init = "vim.opt.packpath:prepend(vim.fn.stdpath('data') .. '/site')\nvim.lsp.enable('logsieve')"  # --clean has none
    with neovim(program, tmp_path, init) as editor:
        works(editor, log)


@both
def test_with_lazy(program: Path, repository: Path, log: Log, tmp_path: Path) -> None:
    """The real one, with no other plugin. It takes away what the runtimepath had, and what is in packages."""
    spec = told(repository, "lua", "lazy = false")
    init = f"vim.opt.rtp:prepend('{provisioned('lazy')}')\nrequire('lazy').setup({{ {spec} }})"
    with neovim(program, tmp_path, init) as editor:
        assert editor.lua("require('lazy').stats().loaded") == 2  # with itself
        assert editor.messages() == ""
        works(editor, log)
        editor.command("bwipeout")
        editor.command("Lazy reload logsieve")
        editor.open_log(log.path)
        editor.wait("#vim.diagnostic.get(0) > 0")
