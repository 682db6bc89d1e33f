"""The ways to install that the README tells, each in a Neovim that knows nothing of the others."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from neovim import Log, Neovim, neovim
from nvim.conftest import both, told

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


# What lazy.nvim (11) does with a plugin that has a folder and is not lazy: the runtimepath is made anew, the folder is
# put into it, its plugin files are sourced, `config` is called. The real one is in no package registry.
LAZY = """
vim.go.loadplugins = false
vim.opt.packpath = { vim.env.VIMRUNTIME }
vim.opt.rtp = vim.tbl_filter(function(path) -- what Neovim itself needs
  return path == vim.env.VIMRUNTIME or path:match('/lib/nvim$') ~= nil
end, vim.opt.rtp:get())
local spec = %s
assert(type(spec.name) == 'string' and vim.fn.isdirectory(spec.dir) == 1 and spec.lazy == false)
vim.opt.rtp:prepend(spec.dir)
for _, file in ipairs(vim.fn.glob(spec.dir .. '/plugin/**/*.lua', true, true)) do
  vim.cmd.source(file)
end
spec.config()
"""


@both
def test_with_the_spec_for_lazy(program: Path, repository: Path, log: Log, tmp_path: Path) -> None:
    spec = told(repository, "lua", "lazy = false")
    with neovim(program, tmp_path, LAZY % spec) as editor:
        works(editor, log)
