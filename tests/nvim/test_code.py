"""End to end in a real Neovim: from the log to the code, and what the log says of the code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from neovim import VIEW, Neovim
from nvim.conftest import both, diagnostics
from openai_server import serve

pytestmark = pytest.mark.editor

TRACE = """\
Traceback (most recent call last):
  File "/home/runner/work/shop/shop/src/tax.py", line 5, in rate
    return RATES[country]
KeyError: 'xx'
see util.py:1
"""
TEST = """\
RATES = {}


def test_rate():
    country = "xx"

    assert RATES[country]
"""
FAILED = """\
============================= test session starts ==============================
collected 1 item

=================================== FAILURES ===================================
__________________________________ test_rate ___________________________________

>       assert RATES[country]
E       KeyError: 'xx'

tests/test_tax.py:7: KeyError
=========================== short test summary info ============================
FAILED tests/test_tax.py::test_rate - KeyError: 'xx'
============================== 1 failed in 0.01s ===============================
"""


class TestSource:
    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        """A repository, a log of another machine in it, and two files that share a name."""
        for path, text in (
            (".git/HEAD", "ref: refs/heads/main\n"),
            ("src/tax.py", "RATES = {}\n\n\ndef rate(country):\n    return RATES[country]\n"),
            ("a/util.py", "one = 1\n"),
            ("b/util.py", "two = 2\n"),
            ("build.log", TRACE),
        ):
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_text(text)
        return tmp_path

    @pytest.fixture
    def log_of(self, start: Callable[..., Neovim], project: Path) -> Neovim:
        editor = start()
        editor.open_log(project / "build.log")
        return editor

    @both
    @pytest.mark.parametrize("keys", ["gf", "fx<C-]>"])
    def test_a_frame_opens_the_file_at_its_line(self, log_of: Neovim, project: Path, keys: str) -> None:
        log_of.command("normal! 2G0")
        log_of.type(keys)
        log_of.wait("vim.api.nvim_buf_get_name(0) == ...", str(project / "src/tax.py"))
        assert log_of.line == 5

    def test_in_a_view_too(self, log_of: Neovim, project: Path) -> None:
        log_of.command("LogSieve view")
        log_of.wait(f"{VIEW} and vim.fn.line('$') > 1")
        log_of.command("call search('src/tax')")
        log_of.type("gf")
        log_of.wait("vim.api.nvim_buf_get_name(0) == ...", str(project / "src/tax.py"))

    @both
    def test_the_failure_stands_on_the_line_of_code(self, log_of: Neovim, project: Path) -> None:
        log_of.command(f"edit {project / 'src/tax.py'}")
        [found] = diagnostics(log_of)
        assert found["lnum"] == 4
        assert found["message"].endswith("failed in build.log:4")
        log_of.command("bwipeout! build.log")
        log_of.wait("#vim.diagnostic.get(0) == 0")

    def test_what_may_be_several_is_listed(self, log_of: Neovim) -> None:
        log_of.command("call search('util.py')")
        log_of.type("gf")
        log_of.wait("#vim.fn.getqflist() == 2")

    def test_what_an_answer_quotes_of_the_code_leads_to_the_code(
        self, start: Callable[..., Neovim], project: Path
    ) -> None:
        with serve(answer="> 4 | def rate(country):\n") as endpoint:
            editor = start({"llm": {"endpoint": endpoint.url, "model": "test-model"}})
            editor.open_log(project / "build.log")
            editor.type(":LogSieve explain<CR>")
            editor.wait_for_mode("r?")
            editor.type("s")
            editor.wait("vim.bo.filetype == 'markdown' and vim.fn.search('tax.py:4', 'w') > 0")
            editor.type("0fd<CR>")
            editor.wait("vim.api.nvim_buf_get_name(0) == ...", str(project / "src/tax.py"))
            assert editor.line == 4

    def test_where_nothing_is_named_gf_is_the_editors(self, log_of: Neovim) -> None:
        log_of.command("normal! 4G0")
        log_of.type("gf")
        log_of.wait("vim.fn.execute('messages'):find('E447')")


class TestLenses:
    SHOWN = """
    vim.cmd.redraw()
    for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, -1, 0, -1, { details = true })) do
      for _, chunk in ipairs(vim.list_extend((mark[4].virt_lines or {})[1] or {}, mark[4].virt_text or {})) do
        if chunk[2] == 'LspCodeLens' then
          return { mark[2] + 1, chunk[1] }
        end
      end
    end
    """

    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        """A repository with a test, and the log of its failure; what URIs and globs have to quote is in its name."""
        folder = tmp_path / "a+b [1]"
        for path, text in (
            (".git/HEAD", "ref: refs/heads/main\n"),
            ("tests/test_tax.py", TEST),
            ("build.log", FAILED),
        ):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder

    @both
    def test_a_test_says_how_often_it_failed(self, start: Callable[..., Neovim], project: Path) -> None:
        editor = start()
        editor.edit(project / "tests/test_tax.py")
        editor.open_log(project / "build.log")
        editor.command("buffer test_tax.py")
        assert editor.wait(self.SHOWN) == [4, "1 failure in build.log"]
        assert editor.lua("vim.lsp.get_clients({ bufnr = 0 })[1].name") == "logsieve lenses"
        assert editor.lua("#vim.lsp.get_clients({ bufnr = 0 })") == 1  # the server does not get the file
        editor.command("normal! 4G")
        editor.lua("vim.lsp.codelens.run() return 1")
        editor.wait("vim.fn.expand('%:t') == 'build.log' and vim.fn.getline('.'):find('KeyError')")
        editor.command("edit tests/other.py")  # no test of this one failed
        assert editor.lua("#vim.lsp.get_clients({ bufnr = 0 })") == 0
        editor.command("buffer build.log")
        editor.command("%delete")
        editor.command("buffer test_tax.py")
        editor.wait(f"local found = (function() {self.SHOWN} end)() return not found")
        editor.command("bwipeout! build.log")
        editor.open_log(project / "build.log")
        editor.command("bwipeout test_tax.py")
        editor.edit(project / "tests/test_tax.py")
        assert editor.wait(self.SHOWN) == [4, "1 failure in build.log"]
        assert editor.messages() == ""

    def test_a_setting_switches_them_off(self, start: Callable[..., Neovim], project: Path) -> None:
        editor = start({"source": {"codeLens": False}})
        editor.edit(project / "tests/test_tax.py")
        editor.open_log(project / "build.log")
        editor.command("buffer test_tax.py")
        diagnostics(editor)  # which are told after the lenses
        assert editor.lua("#vim.lsp.get_clients({ bufnr = 0 })") == 0
