"""`:checkhealth logsieve` in a real Neovim: what it finds wrong, and what it says is to be done."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from command import COMMAND
from logsieve import __version__
from neovim import Log, Neovim, neovim
from nvim.conftest import both

pytestmark = pytest.mark.editor


def said(editor: Neovim) -> str:
    """What the check shows."""
    editor.command("checkhealth logsieve")
    return "\n".join(editor.lines())


def told(text: str, complaint: str, advice: str) -> None:
    """A complaint is followed by what to do."""
    after = text.partition(complaint)[2]
    assert after, text
    assert advice in re.split(r"\n- |\n\n", after)[0], text


@both
def test_where_all_is_well_nothing_is_complained_of(opened: Neovim) -> None:
    text = said(opened)
    assert f"logsieve {__version__}: {COMMAND}" in text
    assert "switched on" in text
    assert "1 server(s) running for 1 log(s)" in text
    assert "complained of nothing" in text
    assert re.search(r"\d+ packs, 0 of them your own", text)
    assert re.search(r"semantic \(search by meaning\): (installed|missing: pip install)", text)
    assert "ERROR" not in text
    assert re.findall("WARNING.*", text) == re.findall("WARNING no clipboard.*", text)


def test_the_version_is_the_programs(start: Callable[..., Neovim]) -> None:
    assert start().lua("require('logsieve').VERSION") == __version__


def test_another_version(start: Callable[..., Neovim], log: Log, repository: Path, tmp_path: Path) -> None:
    editor = start()
    editor.open_log(log.path)
    editor.lua("require('logsieve').VERSION = '0.0.1' return 1")
    folder = str(repository / "server" / "logsieve" / "nvim")
    told(said(editor), f"the program is logsieve {__version__}, these files of Neovim are of 0.0.1", folder)
    updated = tmp_path / "logsieve"
    updated.write_text(f"#!/bin/sh\n[ $1 = --version ] && echo logsieve 9.9.9 && exit\nexec {COMMAND} $*\n")
    updated.chmod(0o755)
    editor.lua("vim.lsp.config('logsieve', { cmd = { ..., 'lsp' } }) return 1", str(updated))
    told(said(editor), f"the server that runs is logsieve {__version__}, the program 9.9.9", ":LogSieve restart")


@pytest.mark.parametrize(
    ("command", "complaint", "advice"),
    [
        ("nowhere", "`nowhere` is not an executable on the PATH", "pip install"),
        ("false", "`false --version` says: ", "pip install"),
        (sys.executable, "says: Python 3", "pip install"),
    ],
)
def test_a_program_that_is_none(
    program: Path, switch: str, tmp_path: Path, command: str, complaint: str, advice: str
) -> None:
    config = f"vim.lsp.config('logsieve', {{ cmd = {{ '{command}', 'lsp' }} }})"
    with neovim(program, tmp_path, f"{switch}\n{config}") as editor:
        told(said(editor), complaint, advice)


def test_a_module_of_python_is_a_program_too(program: Path, switch: str, tmp_path: Path) -> None:
    config = f"vim.lsp.config('logsieve', {{ cmd = {{ '{sys.executable}', '-m', 'logsieve', 'lsp' }} }})"
    with neovim(program, tmp_path, f"{switch}\n{config}") as editor:
        assert f"logsieve {__version__}: {sys.executable}" in said(editor)


def test_not_switched_on(program: Path, switch: str, tmp_path: Path) -> None:
    with neovim(program, tmp_path, switch.replace('vim.lsp.enable("logsieve")', "")) as editor:
        told(said(editor), "not switched on", "vim.lsp.enable('logsieve')")


@both
def test_what_the_server_complained_of(opened: Neovim) -> None:
    """Its worker is killed, which it survives and logs."""
    opened.lua(
        """
        for _, server in ipairs(vim.api.nvim_get_proc_children(vim.fn.getpid())) do
          for _, worker in ipairs(vim.api.nvim_get_proc_children(server)) do
            vim.uv.kill(worker, 'sigkill')
          end
        end
        """
    )
    opened.wait("vim.fn.execute('messages'):find('stopped and was started again')")
    path = opened.lua("vim.lsp.log.get_filename()")
    opened.wait("table.concat(vim.fn.readfile(...)):find('stderr')", path)
    told(said(opened), "the server has complained, last of:", path)


def test_packs_that_cannot_be_used(start: Callable[..., Neovim], private_folders: Path, tmp_path: Path) -> None:
    folder = private_folders / "config" / "logsieve" / "packs"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text("name = \n")
    (tmp_path / ".logsieve" / "packs").mkdir(parents=True)
    missing = str(tmp_path / "nowhere")
    text = said(start({"packs": {"folders": [missing]}}))
    told(text, "mine.toml", "logsieve packs --check FILE")
    told(text, f"`packs.folders` names {missing}, which is no folder", "take it out")
    told(text, f"{tmp_path}/.logsieve/packs is not read", ":help |logsieve-trust|")


def test_extras_that_are_missing(start: Callable[..., Neovim], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in which the extra is not installed: its Python finds no such module."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['sentence_transformers'] = None\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(hidden), os.environ.get("PYTHONPATH")])))
    assert shutil.which("logsieve", path=str(COMMAND.parent))
    told(said(start()), "semantic (search by meaning): missing", "[semantic]")
