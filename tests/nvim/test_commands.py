"""End to end in a real Neovim: walking, lists, rules, search and copying."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from neovim import CHOOSE_SECOND, NUMBER, VIEW, Log, Neovim
from nvim.conftest import SECOND, both, closed_noise, diagnostics

pytestmark = pytest.mark.editor


def go(editor: Neovim, command: str, line: int) -> None:
    editor.command(command)
    editor.wait("vim.fn.line('.') == ...", line)


class TestWalking:
    def test_next_and_previous_failure_go_around(self, opened: Neovim, log: Log) -> None:
        opened.command("normal! gg")
        visited = []
        for _ in range(40):
            before = opened.line
            opened.command("LogSieve next")
            opened.wait("vim.fn.line('.') ~= ...", before)
            visited.append(opened.line)
            if len(visited) > 1 and visited[-1] == visited[0]:
                break
        assert visited[-1] == visited[0]
        assert visited[:-1] == sorted(set(visited))
        assert {log.root, SECOND} <= set(visited)
        go(opened, "LogSieve prev", visited[-2])

    def test_the_cause_is_shown_when_it_is_reached(self, opened: Neovim, log: Log) -> None:
        closed_noise(opened, log)  # folds that come later would be closed by what zM sets
        opened.command(f"normal! {log.root - 1}G")
        opened.command("normal! zM")
        go(opened, "LogSieve next", log.root)
        assert not opened.is_folded(log.root)
        opened.command("normal! ``")
        assert opened.line == log.root - 1

    def test_the_editors_own_keys_walk_diagnostics(self, opened: Neovim, log: Log) -> None:
        diagnostics(opened)
        opened.command(f"normal! {log.root - 1}G")
        opened.type("]d")
        opened.wait("vim.fn.line('.') == ...", log.root)

    @both
    def test_after_the_last_failure_comes_the_next_open_log(
        self, opened: Neovim, tmp_path: Path, fixtures: Path
    ) -> None:
        (tmp_path / "passed.log").write_text("collecting\n1 passed\n" * 3)
        other = Log.copied(fixtures / "github-actions" / "pytest-failed", tmp_path, "other.log")
        opened.open_log(tmp_path / "passed.log")
        opened.open_log(other.path)
        opened.command("buffer build.log")
        opened.command("normal! G")
        opened.command("LogSieve next")
        opened.wait("vim.fn.expand('%:t') == 'other.log'")
        first = opened.line
        opened.command("LogSieve prev")
        opened.wait("vim.fn.expand('%:t') == 'build.log'")
        assert opened.line >= SECOND
        opened.command("LogSieve next")
        opened.wait("vim.fn.expand('%:t') == 'other.log' and vim.fn.line('.') == ...", first)

    def test_sections(self, start: Callable[..., Neovim], tmp_path: Path, fixtures: Path) -> None:
        log = Log.copied(fixtures / "github-actions" / "pytest-failed", tmp_path)
        editor = start()
        editor.open_log(log.path)
        visited = [1]
        while not editor.lua("vim.fn.execute('messages'):find('no further section')"):
            editor.command("LogSieve nextsection")
            editor.wait("vim.fn.line('.') ~= ... or vim.fn.execute('messages'):find('no further section')", visited[-1])
            visited.append(editor.line)
        sections = visited[1:-1]
        lines = editor.lines()
        assert len(sections) > 3
        assert sections == sorted(set(sections))
        assert {n for n, line in enumerate(lines, 1) if "##[group]" in line} <= {1, *sections}
        go(editor, "LogSieve prevsection", sections[-2])
        editor.command("LogSieve view")
        editor.wait(f"{VIEW} and vim.fn.line('$') > 1")
        editor.command("normal! gg")
        before = editor.lua(NUMBER)
        editor.command("LogSieve nextsection")
        editor.wait(f"{NUMBER} and {NUMBER} ~= ...", before)
        assert editor.lua(VIEW)
        (tmp_path / "next.log").write_bytes(log.path.read_bytes())
        editor.command("wincmd p")
        editor.open_log(tmp_path / "next.log")
        editor.command("buffer build.log")
        editor.command("normal! G")
        editor.command("LogSieve nextsection")
        editor.wait("vim.fn.expand('%:t') == 'next.log'")


class TestLists:
    @both
    @pytest.mark.parametrize("name", ["list", "loclist"])
    def test_a_list_leads_to_the_findings(self, opened: Neovim, log: Log, name: str) -> None:
        opened.command(f"LogSieve {name}")
        opened.wait("vim.bo.buftype == 'quickfix'")
        assert re.match(rf" *{log.root} E test ", opened.lines()[0])
        assert (opened.lua("#vim.fn.getqflist()") > 0) == (name == "list")
        assert (opened.lua("#vim.fn.getloclist(0)") > 0) == (name == "loclist")
        opened.type("<CR>")
        opened.wait("vim.fn.expand('%:t') == 'build.log' and vim.fn.line('.') == ...", log.root)
        opened.command("wincmd p")
        opened.command("LogSieve next")  # in the list: of the log that it is about
        opened.wait("vim.fn.expand('%:t') == 'build.log' and vim.fn.line('.') ~= ...", log.root)

    def test_what_is_searched_for_fills_the_location_list(self, start: Callable[..., Neovim], log: Log) -> None:
        opened = start({"semantic": {"lines": 0}})
        opened.open_log(log.path)
        opened.command("LogSieve search 4446 asertionerror")
        opened.wait("vim.bo.buftype == 'quickfix'")
        rows = opened.lines()
        assert any(re.match(rf" *{log.root} .*{re.escape(log.contains)}", row) for row in rows)
        assert opened.lua("vim.fn.getloclist(0, { title = 0 }).title") == "LogSieve: like 4446 asertionerror"
        opened.type(f"/{log.root}<CR><CR>")
        opened.wait("vim.fn.expand('%:t') == 'build.log' and vim.fn.line('.') == ...", log.root)
        opened.command("lclose")
        opened.command("LogSieve similar")
        opened.wait("vim.bo.buftype == 'quickfix'")
        assert log.contains in opened.lua("vim.fn.getloclist(0, { title = 0 }).title")
        opened.command("lclose")
        opened.type(":LogSieve search<CR>kangaroo<CR>")
        opened.wait("vim.fn.execute('messages'):find('no line says that')")

    @both
    def test_one_can_be_chosen(self, opened: Neovim, log: Log) -> None:
        opened.lua(CHOOSE_SECOND)
        opened.command("LogSieve pick")
        offered = opened.wait("vim.g.offered")
        assert re.match(rf" *{log.root} E test ", offered[0])
        opened.wait("vim.fn.line('.') == ...", int(offered[1].split()[0]))


class TestRules:
    def test_a_failure_that_is_none_is_gone_and_back_again(self, opened: Neovim, log: Log) -> None:
        marked = "vim.tbl_contains(vim.tbl_map(function(d) return d.lnum + 1 end, vim.diagnostic.get(0)), root)"
        opened.wait(f"local root = ... return {marked}", log.root)
        opened.command(f"normal! {log.root}G")
        opened.command("LogSieve notanerror")
        opened.wait("vim.fn.execute('messages'):find('not an error any more')")
        opened.wait(f"local root = ... return not {marked}", log.root)
        opened.command("LogSieve undorule")
        opened.wait("vim.fn.execute('messages'):find('taken back')")
        opened.wait(f"local root = ... return {marked}", log.root)
        opened.type(":LogSieve undorule<CR>")
        opened.wait("vim.fn.execute('messages'):find('no rule has been written')")

    def test_a_line_of_the_reduced_log_will_do(self, opened: Neovim) -> None:
        opened.command("LogSieve view")
        opened.wait(f"{VIEW} and vim.fn.line('$') > 1")
        opened.command("call search('^tests/test_prices.py:16')")
        opened.command("LogSieve alwaysanerror")
        opened.wait("vim.fn.execute('messages'):find('always an error')")


class TestCopying:
    def test_the_register_holds_the_reduced_log(self, opened: Neovim, log: Log) -> None:
        opened.command("LogSieve copy")
        text = opened.wait("vim.fn.getreg('\"') ~= '' and vim.fn.getreg('\"')")
        assert log.contains in text
        whole = log.path.read_text(encoding="utf-8")
        assert len(text) < len(whole) / 4
        assert whole.split("\n")[500] not in text

    def test_the_clipboard_holds_it_where_there_is_one(
        self, start: Callable[..., Neovim], log: Log, tmp_path: Path
    ) -> None:
        editor = start()
        copied = tmp_path / "clipboard"
        editor.lua(
            """
            local copy, paste = { 'tee', ... }, { 'cat', ... }
            vim.g.clipboard = {
              name = 'file',
              copy = { ['+'] = copy, ['*'] = copy },
              paste = { ['+'] = paste, ['*'] = paste },
            }
            """,
            str(copied),
        )
        editor.open_log(log.path)
        editor.command("LogSieve copy")
        editor.wait("vim.fn.filereadable(...) == 1 and vim.fn.getfsize(...) > 0", str(copied))
        editor.wait("vim.fn.getreg('\"') == table.concat(vim.fn.readfile(...), '\\n') .. '\\n'", str(copied))
        assert log.contains in copied.read_text(encoding="utf-8")

    @both
    def test_a_code_action_copies_one_failure(self, opened: Neovim, log: Log) -> None:
        diagnostics(opened)
        opened.command(f"normal! {log.root}G")
        opened.lua(
            """
            vim.lsp.buf.code_action({
              apply = true,
              filter = function(action)
                return (action.command.command or action.command) == 'logsieve.copyFinding'
              end,
            })
            """
        )
        text = opened.wait("vim.fn.getreg('\"') ~= '' and vim.fn.getreg('\"')")
        assert log.contains in text
