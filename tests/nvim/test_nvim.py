"""End to end in a real Neovim: a user opens a failing log, with the lines in their init.lua that the README gives."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from logsieve.llm.answer import Stream
from markdown import UNSEEN, hostile_answer
from neovim import NUMBER, Log, Neovim
from nvim.conftest import both
from openai_server import Mode, serve

pytestmark = pytest.mark.editor

SECOND = 3125  # the line of the log's second failure
FOLDED_LINES = "#vim.fn.filter(vim.fn.range(1, vim.fn.line('$')), 'foldlevel(v:val) > 0')"
VIEW = "vim.startswith(vim.api.nvim_buf_get_name(0), 'logsieve:')"

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

# What Neovim's own parser sees in the buffer that could be followed, loaded or drawn.
LIVE = """
local kinds = { 'image', 'uri_autolink', 'email_autolink', 'html_tag', 'html_block', 'link_destination' }
local parser, found = vim.treesitter.get_parser(0, 'markdown'), {}
local function walk(node)
  if vim.list_contains(kinds, node:type()) then
    table.insert(found, node:type() .. ' ' .. vim.treesitter.get_node_text(node, 0))
  end
  for child in node:iter_children() do
    walk(child)
  end
end
parser:parse(true)
parser:for_each_tree(function(tree)
  walk(tree:root())
end)
return found
"""


def diagnostics(editor: Neovim) -> list[dict[str, Any]]:
    """In the order in which they were published."""
    found = editor.wait("local d = vim.diagnostic.get(0) return #d > 0 and d")
    assert isinstance(found, list)
    return found


def closed_noise(editor: Neovim, log: Log) -> None:
    editor.wait("vim.fn.foldclosed(...) ~= -1", log.folded[0][0])


def go(editor: Neovim, command: str, line: int) -> None:
    editor.command(command)
    editor.wait("vim.fn.line('.') == ...", line)


class TestOpening:
    @both
    def test_the_cause_is_the_first_diagnostic(self, opened: Neovim, log: Log) -> None:
        first = diagnostics(opened)[0]
        assert first["lnum"] + 1 == log.root
        assert first["severity"] == 1
        assert first["code"].startswith("pytest/")
        assert log.contains in opened.lines()[first["lnum"]]

    @both
    def test_noise_is_closed_and_the_cause_is_not(self, opened: Neovim, log: Log) -> None:
        closed_noise(opened, log)
        first, last = log.folded[0]
        lines = opened.lines()[first - 1 : last]
        assert not [line for line in lines if line.startswith((" ", "\t"))]  # indentation gives no fold here
        assert [number for number in range(first, last + 1) if not opened.is_folded(number)] == []
        assert not opened.is_folded(log.root)
        assert not opened.is_folded(SECOND)

    @both
    def test_a_closed_fold_says_how_much_and_why(self, opened: Neovim, log: Log) -> None:
        closed_noise(opened, log)
        start = opened.call("foldclosed", log.folded[0][0])
        count = opened.call("foldclosedend", start) - start + 1
        assert re.fullmatch(rf"{count:,} lines: \w.*", opened.call("foldtextresult", start))

    def test_other_folds_show_their_first_line(self, opened: Neovim, log: Log) -> None:
        closed_noise(opened, log)
        opened.command("normal! zR")
        opened.command(f"{log.root}foldclose")
        start = opened.call("foldclosed", log.root)
        count = opened.call("foldclosedend", start) - start + 1
        assert opened.call("foldtextresult", start) == f"{opened.lines()[start - 1]}  {count} lines"

    def test_the_colours_are_those_of_any_scheme(self, opened: Neovim) -> None:
        opened.command("highlight LogSieveCause guifg=#123456")
        groups = opened.lua("vim.fn.getcompletion('LogSieve', 'highlight')")
        assert {"LogSieveNumber", "LogSieveGap", "LogSieveCause", "LogSieveFoldCount"} <= set(groups)
        opened.command("colorscheme habamax")
        for group in groups:
            assert opened.lua("vim.api.nvim_get_hl(0, { name = ..., link = true }).link", group), group

    def test_noise_closes_once_and_again_when_asked(self, opened: Neovim, log: Log) -> None:
        closed_noise(opened, log)
        opened.command("normal! zR")
        opened.command("split")
        opened.lua("vim.fn.append(vim.fn.line('$'), 'one more line')")
        opened.wait("vim.b.logsieve_status.lines == vim.fn.line('$')")
        for method in ("textDocument/foldingRange", "logsieve/noise"):  # what may close folds has then been answered
            opened.lua(
                """
                local uri = vim.uri_from_bufnr(0)
                local client = vim.lsp.get_clients({ name = 'logsieve' })[1]
                return client:request_sync(..., { uri = uri, textDocument = { uri = uri } }, 30000)
                """,
                method,
            )
        assert not opened.is_folded(log.folded[0][0])
        opened.command("LogSieve fold")
        closed_noise(opened, log)
        opened.command("LogSieve fold")
        opened.command("LogSieve next")
        opened.wait("vim.fn.line('.') > 1")
        assert not opened.is_folded(log.root)

    def test_another_window_is_folded_too(self, opened: Neovim, log: Log) -> None:
        closed_noise(opened, log)
        opened.command("tabnew")
        opened.command("buffer build.log")
        closed_noise(opened, log)

    def test_fold_on_open_can_be_switched_off(self, start: Callable[..., Neovim], log: Log) -> None:
        editor = start({"foldOnOpen": False})
        editor.open_log(log.path)
        editor.wait("vim.fn.foldlevel(...) > 0", log.folded[0][0])
        assert not editor.is_folded(log.folded[0][0])

    def test_findings_of_a_log_that_is_not_shown_are_of_its_text_as_it_is(self, opened: Neovim, log: Log) -> None:
        assert diagnostics(opened)[0]["lnum"] + 1 == log.root
        opened.command("set hidden | let g:log = bufnr() | enew")
        opened.lua("vim.api.nvim_buf_set_lines(vim.g.log, 0, 0, true, { 'one more' })")
        opened.wait("local d = vim.diagnostic.get(vim.g.log)[1] return d and d.lnum == ...", log.root)

    def test_changed_settings_fold_anew(self, opened: Neovim, log: Log) -> None:
        closed_noise(opened, log)
        before = opened.lua(FOLDED_LINES)
        opened.lua(
            """
            local client = vim.lsp.get_clients({ name = 'logsieve' })[1]
            client.settings.logsieve.folding = { max = 1 }
            client:notify('workspace/didChangeConfiguration', { settings = client.settings })
            """
        )
        opened.wait(f"{FOLDED_LINES} < ...", before)
        assert opened.lua(FOLDED_LINES) > 0

    @both
    def test_the_status_line_tells_the_verdict(self, opened: Neovim) -> None:
        assert re.fullmatch(r"failed: \d+ errors?, \d+ warnings?", opened.lua("require('logsieve').statusline()"))

    def test_text_is_read_only_where_it_is_a_log(self, start: Callable[..., Neovim], log: Log, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("Buy bread.\n\nerror is a word, and so is failed\n" * 20)
        shutil.copyfile(log.path, tmp_path / "console.txt")
        editor = start()
        editor.command("edit notes.txt")
        editor.wait("#vim.lsp.get_clients({ bufnr = 0, name = 'logsieve' }) == 1")
        editor.command("edit console.txt")
        assert diagnostics(editor)[0]["lnum"] + 1 == log.root
        editor.command("buffer notes.txt")
        assert editor.lua("vim.diagnostic.get(0)") == []
        assert editor.lua("vim.wo.foldmethod") == "manual"

    def test_a_pasted_log_without_a_name_is_read(self, start: Callable[..., Neovim], log: Log) -> None:
        editor = start()
        editor.request("nvim_buf_set_lines", 0, 0, -1, True, log.path.read_text(encoding="utf-8").split("\n"))
        editor.command("setfiletype log")
        assert diagnostics(editor)[0]["lnum"] + 1 == log.root


class TestTokensAndHints:
    TOKENS = """
    local row, types = ..., {}
    for column = 0, #vim.fn.getline(row + 1) do
      for _, token in ipairs(vim.lsp.semantic_tokens.get_at_pos(0, row, column) or {}) do
        types[token.type] = true
      end
    end
    return next(types) and vim.fn.sort(vim.tbl_keys(types))
    """

    def test_times_levels_and_the_like_have_their_colours(
        self, start: Callable[..., Neovim], fixtures: Path, tmp_path: Path
    ) -> None:
        log = Log.copied(fixtures / "github-actions" / "pytest-failed", tmp_path)
        editor = start()
        editor.open_log(log.path)
        assert "comment" in editor.wait(self.TOKENS, 0)  # the time
        error = editor.call("search", "##\\[error\\]", "w")
        assert "number" in editor.wait(self.TOKENS, error - 1) or "enumMember" in editor.wait(self.TOKENS, error - 1)
        assert editor.lua("vim.api.nvim_get_hl(0, { name = '@lsp.mod.error.log' }).link") == "LogSieveError"
        editor.command("LogSieve view")
        editor.wait(f"{VIEW} and vim.fn.line('$') > 1")
        row = next(n for n, line in enumerate(editor.lines()) if line.startswith("tests/test_prices.py:16"))
        assert "string" in editor.wait(self.TOKENS, row)  # the path

    @both
    def test_repeats_are_counted_beside_the_text(self, start: Callable[..., Neovim], tmp_path: Path) -> None:
        (tmp_path / "build.log").write_text("waiting for the database\n" * 7 + "error: gave up\n")
        editor = start({"foldOnOpen": False})
        editor.open_log(tmp_path / "build.log")
        (hint,) = editor.wait("local found = vim.lsp.inlay_hint.get({ bufnr = 0 }) return #found > 0 and found")
        label = hint["inlay_hint"]["label"]
        assert "x7" in (label if isinstance(label, str) else "".join(part["value"] for part in label))
        assert hint["inlay_hint"]["position"]["line"] == 0


class TestColours:
    def drawn(self, editor: Neovim, row: int) -> list[tuple[str, dict[str, Any]]]:
        """The cells of a row of the screen, each with its looks; blanks at the end are left out."""
        editor.command("redraw")
        cells = editor.lua(
            """
            local row, cells = ..., {}
            for column = 0, vim.o.columns - 1 do
              cells[column + 1] = vim.api.nvim__inspect_cell(1, row, column)
            end
            return cells
            """,
            row,
        )
        return [(cell[0], cell[1] or {}) for cell in cells]

    @both
    def test_sequences_are_hidden_and_colours_seen(
        self, start: Callable[..., Neovim], fixtures: Path, tmp_path: Path
    ) -> None:
        shutil.copyfile(fixtures / "cargo" / "build-e0308-colour" / "log.txt", tmp_path / "build.log")
        editor = start({"foldOnOpen": False})
        editor.open_log(tmp_path / "build.log")
        assert editor.lines()[2].startswith(" \x1b[1m\x1b[94m--> \x1b[0m")
        editor.command("set nonumber signcolumn=no")
        editor.wait("vim.wo.conceallevel == 2")
        arrow = (
            "vim.cmd.redraw() local look = vim.api.nvim__inspect_cell(1, 2, 1)[2] return look and look.bold and look"
        )
        assert editor.wait(arrow)["foreground"] == 0x3B8EEA
        cells = self.drawn(editor, 2)
        assert "".join(char for char, _ in cells).rstrip() == " --> src/lib.rs:4:5"
        assert "bold" not in cells[5][1]
        editor.command("colorscheme habamax")
        editor.wait(arrow)
        editor.command("set conceallevel=0")
        editor.lua("vim.fn.append(vim.fn.line('$'), 'one more line')")
        editor.wait("vim.b.logsieve_status.lines == vim.fn.line('$')")
        assert "^[[94m" in "".join(char for char, _ in self.drawn(editor, 2))

    def test_no_sequence_does_harm(self, start: Callable[..., Neovim], tmp_path: Path) -> None:
        huge = "9" * 400
        lines = [
            f"a\x1b[38;5;{huge}mb\x1b[48;2;{huge};1;{huge}mc\x1b[{huge}md",
            "a\x1b[38mb\x1b[38;2mc\x1b[;;;md\x1b[38:5:9me",
            "a\x1b]8;;http://x.example\x07b\x1b]8;;\x1b\\c\x1b(Bd\x1b7e",
            "a\x1b[2Kb\x1b[?25lc",
            "error: a\x1b[",
            "error: b\x1b]no end",
            "error: c\x1b",
            "\x1b[31mx" * 5000,
            *("".join(f"\x1b[38;2;{i};{j};7mx" for i in range(64)) for j in range(20)),
        ]
        (tmp_path / "build.log").write_text("\n".join(lines) + "\n")
        editor = start({"foldOnOpen": False})
        editor.open_log(tmp_path / "build.log")
        editor.command("set nonumber signcolumn=no nowrap")
        shown = ["".join(char for char, _ in self.drawn(editor, row)).rstrip() for row in range(4)]
        assert shown == ["abcd", "abcde", "abcde", "abc"]
        editor.command("normal! G")
        editor.command("redraw")
        assert editor.messages() == ""


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
        opened.lua(
            """
            vim.ui.select = function(items, options, chosen)
              vim.g.offered = vim.iter(items):map(options.format_item):totable()
              chosen(items[2])
            end
            return 1
            """
        )
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


class TestReducedView:
    @pytest.fixture
    def view(self, opened: Neovim) -> Neovim:
        opened.command("LogSieve view")
        opened.wait(f"{VIEW} and vim.fn.line('$') > 1")
        return opened

    @both
    def test_it_shows_the_cause_with_its_number(self, view: Neovim, log: Log) -> None:
        numbers, rows = view.numbers(), view.lines()
        assert numbers.count(log.root) == 1
        assert len(numbers) == len(rows) < 1000
        assert log.contains in rows[numbers.index(log.root)]
        whole = log.path.read_text(encoding="utf-8").split("\n")
        assert [row for row, number in zip(rows, numbers, strict=True) if number and row != whole[number - 1]] == []
        assert view.lua(NUMBER) == log.root
        assert not view.lua("vim.wo.number")
        assert not view.lua("vim.bo.modifiable")
        assert view.lua("vim.bo.buftype") == "nofile"

    @pytest.mark.parametrize("key", ["<CR>", "gd"])
    def test_a_line_leads_back(self, view: Neovim, key: str) -> None:
        view.call("cursor", view.numbers().index(SECOND) + 1, 1)
        view.type(key)
        view.wait("vim.fn.expand('%:t') == 'build.log'")
        view.wait("vim.fn.line('.') == ...", SECOND)
        assert not view.is_folded(SECOND)

    @both
    @pytest.mark.parametrize("key", ["<CR>", "za"])
    def test_what_was_left_out_is_shown_in_its_place_and_hidden_again(self, view: Neovim, log: Log, key: str) -> None:
        before, numbers = view.lines(), view.numbers()
        gap = numbers.index(None)
        after = (numbers[gap - 1] or 0) if gap else 0
        view.call("cursor", gap + 1, 1)
        view.type(key)
        view.wait("vim.fn.line('$') > ...", len(before))
        whole = log.path.read_text(encoding="utf-8").split("\n")
        assert view.lines()[gap : gap + 100] == whole[after : after + 100]
        assert view.numbers()[gap : gap + 100] == [*range(after + 1, after + 101)]
        assert view.line == gap + 1
        assert "459 of" in view.lua("vim.wo.winbar")
        view.type("50jza")
        view.wait("vim.fn.line('$') < ...", len(before) + 300)
        view.call("cursor", view.numbers().index(None) + 2, 1)
        view.type("za")
        view.wait("vim.deep_equal(vim.api.nvim_buf_get_lines(0, 0, -1, true), ...)", before)
        view.call("cursor", gap + 2, 1)
        view.type("za")
        view.wait("vim.fn.execute('messages'):find('nothing was left out here')")

    @both
    def test_what_was_found_is_marked_with_more_than_a_colour(self, view: Neovim, log: Log) -> None:
        marks = view.wait(
            """
            local space = vim.api.nvim_get_namespaces()['logsieve.findings']
            local found = space and vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true }) or {}
            return #found > 0 and found
            """
        )
        by_number = {view.numbers()[row]: details for _, row, _, details in marks}
        assert {log.root, SECOND} <= set(by_number)
        cause = by_number[log.root]
        assert (cause["sign_text"].strip(), cause["hl_group"]) == ("E", "LogSieveCause")
        assert cause["virt_text"][0][0].strip() == "root cause"
        assert by_number[SECOND]["hl_group"] == "LogSieveError"

    def test_another_budget_takes_the_place_of_the_first(self, view: Neovim, log: Log) -> None:
        assert view.call("getcompletion", "LogSieve budget 1", "cmdline") == ["1000", "16000"]
        before = len(view.lines())
        view.command("LogSieve budget 300")
        view.wait("vim.api.nvim_buf_get_name(0):find('budget=300') and vim.fn.line('$') > 1")
        assert len(view.lines()) < before
        assert log.root in view.numbers()
        assert view.lua("#vim.api.nvim_tabpage_list_wins(0)") == 2
        view.type(":LogSieve budget<CR>")
        view.wait_for_mode("c")
        view.type("1<CR>")
        view.wait("vim.api.nvim_buf_get_name(0):find('budget=500')")
        view.type(":LogSieve budget lots<CR>")
        view.wait("vim.fn.execute('messages'):find('not lots')")

    @both
    def test_the_status_line_names_it(self, opened: Neovim) -> None:
        shown = "vim.api.nvim_eval_statusline(vim.wo.statusline, {}).str"
        for budget in (4000, 300):
            opened.command(f"LogSieve budget {budget}")
            opened.wait(
                f"{VIEW} and vim.api.nvim_buf_get_name(0):find(...) and vim.fn.line('$') > 1", f"budget={budget}"
            )
            assert re.match(r"build\.log\.reduced\.log .*\d+,\d+", opened.lua(shown))

    def test_the_users_status_line_stays(self, start: Callable[..., Neovim], log: Log) -> None:
        editor = start()
        editor.command("set statusline=mine")
        editor.open_log(log.path)
        editor.command("LogSieve view")
        editor.wait(f"{VIEW} and vim.fn.line('$') > 1")
        assert editor.lua("vim.api.nvim_eval_statusline(vim.wo.statusline, {}).str") == "mine"

    def test_the_commands_mean_the_log_behind_it(self, view: Neovim, log: Log) -> None:
        view.command("LogSieve copy")
        assert log.contains in view.wait("vim.fn.getreg('\"') ~= '' and vim.fn.getreg('\"')")

    def test_it_follows_the_log(self, view: Neovim, log: Log) -> None:
        view.lua(
            "vim.api.nvim_buf_set_lines(vim.fn.bufnr('build.log'), 0, 1, true, { 'one', 'more', 'line' }) return 1"
        )
        view.wait(
            """
            local rows, row = require('logsieve.marks').lines(vim.api.nvim_get_current_buf()), nil
            for at, line in ipairs(rows) do row = line + 1 == ... and at or row end
            return row and vim.fn.getline(row):find('assert 4446', 1, true)
            """,
            log.root + 2,
        )

    def test_it_can_be_read_again(self, view: Neovim) -> None:
        before, numbers = view.lines(), view.numbers()
        view.lua("vim.bo.modifiable = true vim.api.nvim_buf_set_lines(0, 0, -1, true, {}) return 1")
        view.command("edit!")
        view.wait("vim.deep_equal(vim.api.nvim_buf_get_lines(0, 0, -1, true), ...)", before)
        assert view.numbers() == numbers


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


class TestExplaining:
    def asked(self, start: Callable[..., Neovim], log: Log, url: str) -> Neovim:
        editor = start({"llm": {"endpoint": url, "model": "test-model"}})
        editor.open_log(log.path)
        editor.type(":LogSieve explain<CR>")
        editor.wait_for_mode("r?")
        return editor

    @both
    def test_what_is_sent_is_shown_first_and_the_answer_streams(self, start: Callable[..., Neovim], log: Log) -> None:
        with serve("slow") as endpoint:
            editor = self.asked(start, log, endpoint.url)
            shown = "\n".join(editor.lines())
            assert log.contains in shown
            assert endpoint.received == []
            editor.type("s")
            endpoint.step.release(3)
            editor.wait(
                "vim.bo.filetype == 'markdown' and #table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true)) > 10"
            )
            partial = "\n".join(editor.lines())
            assert "test-model explains; <C-c> stops it" in editor.lua("vim.wo.winbar")
            endpoint.step.release(1000)
            editor.wait("vim.fn.search('^## Fix', 'nw') > 0")
            editor.wait("vim.wo.winbar == ''")
            assert "## Fix" not in partial
            assert partial.startswith("## Cause\n")
            assert "## Cause" in editor.lines()
            assert [request.body.decode() for request in endpoint.received] == [shown]

    def test_nothing_of_an_answer_is_live(self, start: Callable[..., Neovim], log: Log) -> None:
        with serve(answer=hostile_answer()) as endpoint:
            editor = self.asked(start, log, endpoint.url)
            editor.type("s")
            editor.wait("vim.bo.filetype == 'markdown' and vim.fn.getline(1):find('Checked against')")
        assert not UNSEEN.search("".join(editor.lines()))
        found = editor.lua(LIVE)
        assert [text for text in found if not text.startswith(f"link_destination {log.path.as_uri()}#L")] == []
        editor.command("enew | setfiletype markdown")
        stream = Stream()
        streamed = stream.feed(hostile_answer()) + stream.end()
        for text, count in (
            (streamed, 0),
            ("![x](https://evil.example)\n<b> <https://a.b>", 4),
        ):  # it sees what is live
            editor.request("nvim_buf_set_lines", 0, 0, -1, True, text.split("\n"))
            assert len(editor.lua(LIVE)) == count

    def test_a_named_line_leads_back(self, start: Callable[..., Neovim], log: Log) -> None:
        with serve(answer=f"## Cause\n\nLine {log.root} says so.\n") as endpoint:
            editor = self.asked(start, log, endpoint.url)
            editor.type("s")
            editor.wait("vim.bo.filetype == 'markdown' and vim.fn.search('says so', 'w') > 0")
            editor.type("0<CR>")
            editor.wait("vim.fn.expand('%:t') == 'build.log'")
            assert editor.line == log.root

    def test_no_means_that_nothing_is_sent(self, start: Callable[..., Neovim], log: Log) -> None:
        with serve() as endpoint:
            editor = self.asked(start, log, endpoint.url)
            editor.type("c")
            editor.wait_for_mode("n")
            editor.wait("vim.fn.expand('%:t') == 'build.log'")
            assert editor.lua("#vim.api.nvim_tabpage_list_wins(0)") == 1
        assert endpoint.received == []

    def test_consent_is_asked_for_until_it_is_given_and_after_it_is_taken_back(
        self, start: Callable[..., Neovim], log: Log
    ) -> None:
        with serve() as endpoint:
            editor = self.asked(start, log, endpoint.url)
            for answer in ("s", "a", None):  # once; always; not asked any more
                if answer:
                    editor.wait_for_mode("r?")
                    editor.type(answer)
                editor.wait("vim.fn.search('^## Fix', 'nw') > 0")
                editor.command("bwipeout")
                editor.type(":LogSieve explain<CR>")
            editor.wait("vim.fn.search('^## Fix', 'nw') > 0")
            assert len(endpoint.received) == 4
            editor.command("bwipeout")
            editor.command("LogSieve forget")
            editor.wait_for_mode("c")  # a list to choose from
            editor.type("1<CR>")
            editor.wait("vim.fn.execute('messages'):find('is asked about again')")
            editor.type(":LogSieve explain<CR>")
            editor.wait_for_mode("r?")
            editor.type("c")
            assert len(endpoint.received) == 4

    @pytest.mark.parametrize("leave", ["<C-c>", ":bwipeout<CR>"])
    def test_it_can_be_stopped(self, start: Callable[..., Neovim], log: Log, leave: str) -> None:
        with serve("stall") as endpoint:
            editor = self.asked(start, log, endpoint.url)
            editor.type("s")
            editor.wait(
                "vim.bo.filetype == 'markdown' and #table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true)) > 10"
            )
            editor.type(leave)
            assert endpoint.gone.acquire(timeout=30)

    def test_what_is_not_in_the_log_is_told(self, start: Callable[..., Neovim], log: Log) -> None:
        with serve("lies") as endpoint:
            editor = self.asked(start, log, endpoint.url)
            editor.type("s")
            editor.wait("vim.fn.execute('messages'):find('not in the log')")
            marked = editor.wait(
                """
                local found = vim.api.nvim_buf_get_extmarks(0, -1, 0, -1, { details = true })
                return vim.iter(found):filter(function(mark) return mark[4].sign_text end):totable()[1]
                """
            )
            _, row, start, details = marked
            assert editor.lines()[row][start : details["end_col"]].startswith("*(not found in the log")

    @pytest.mark.parametrize(("mode", "word"), [("500", "failed"), ("401", "wants a key"), ("cut", "")])
    def test_a_failure_is_told(self, start: Callable[..., Neovim], log: Log, mode: Mode, word: str) -> None:
        with serve(mode) as endpoint:
            editor = self.asked(start, log, endpoint.url)
            editor.type("s")
            editor.wait("vim.fn.search('^\\\\*\\\\*The answer ended', 'nw') > 0")
            assert word in "".join(line for line in editor.lines() if line.startswith("    "))

    def test_without_an_endpoint_it_says_what_to_set(self, opened: Neovim) -> None:
        opened.command("LogSieve explain")
        opened.wait("vim.fn.execute('messages'):find('endpoint')")


class TestChatPlugins:
    """The snippets of the help, with what they call of the plugins' as its sources have it."""

    def snippet(self, repository: Path, plugin: str) -> str:
        text = (repository / "server" / "logsieve" / "nvim" / "doc" / "logsieve.txt").read_text(encoding="utf-8")
        (found,) = [code for code in re.findall(r">lua\n(.*?)\n<", text, re.DOTALL) if f"'{plugin}'" in code]
        return str(found)

    def test_codecompanion_gets_the_reduced_log(self, opened: Neovim, repository: Path, log: Log) -> None:
        opened.command("enew")
        added = opened.lua(
            """
            local options, added
            package.loaded['codecompanion'] = { setup = function(given) options = given end }
            assert(loadstring(...))()
            local chat = { add_context = function(_, data, source, id) added = { data.content, source, id } end }
            options.interactions.chat.slash_commands.logsieve.callback(chat)
            return added
            """,
            self.snippet(repository, "codecompanion"),
        )
        assert f"{log.root} | " in added[0]
        assert added[1:] == ["logsieve", "<log>build.log</log>"]

    def test_copilot_chat_gets_the_reduced_log(self, opened: Neovim, repository: Path, log: Log) -> None:
        opened.command("enew")
        (resource,) = opened.lua(
            """
            local options
            package.loaded['CopilotChat'] = { setup = function(given) options = given end }
            package.loaded['CopilotChat.utils'] = { schedule_main = function() end }
            assert(loadstring(...))()
            return options.functions.logsieve.resolve({}, {})
            """,
            self.snippet(repository, "CopilotChat"),
        )
        assert f"{log.root} | " in resource["data"]
        assert (resource["name"], resource["mimetype"]) == ("build.log", "text/plain")

    def test_without_a_log_it_says_so(self, start: Callable[..., Neovim]) -> None:
        with pytest.raises(RuntimeError, match="open a log first"):
            start().lua("require('logsieve.chat').reduced()")


class TestHelp:
    @both
    def test_help_opens_and_its_tags_are_up_to_date(self, opened: Neovim, repository: Path, tmp_path: Path) -> None:
        opened.command("help :LogSieve-view")
        assert opened.lua("vim.fn.expand('%:t')") == "logsieve.txt"
        doc = repository / "server" / "logsieve" / "nvim" / "doc"
        fresh = tmp_path / "doc"
        fresh.mkdir()
        shutil.copyfile(doc / "logsieve.txt", fresh / "logsieve.txt")
        opened.command(f"helptags {fresh}")
        assert (fresh / "tags").read_text() == (doc / "tags").read_text()

    def test_the_command_completes_and_refuses(self, opened: Neovim) -> None:
        names = ["alwaysanerror", "budget", "copy", "explain", "fold", "forget", "hide", "list", "loclist", "next"]
        names += ["nextsection", "notanerror", "pick", "prev", "prevsection", "search", "similar"]
        names += ["undorule", "view"]
        assert opened.call("getcompletion", "LogSieve ", "cmdline") == names
        opened.type(":LogSieve dance<CR>")
        opened.wait("vim.fn.execute('messages'):find('no such command: dance')")
        opened.type(":LogSieve copy that<CR>")
        opened.wait("vim.fn.execute('messages'):find('copy takes no argument')")

    def test_alone_it_offers_what_it_can_do(self, opened: Neovim) -> None:
        opened.type(":LogSieve<CR>")
        opened.wait_for_mode("c")
        opened.type("19<CR>")
        opened.wait(f"{VIEW} and vim.fn.line('$') > 1")

    def test_every_command_is_in_the_help(self, opened: Neovim, repository: Path) -> None:
        text = (repository / "server" / "logsieve" / "nvim" / "doc" / "logsieve.txt").read_text(encoding="utf-8")
        for name in opened.call("getcompletion", "LogSieve ", "cmdline"):
            assert f"*:LogSieve-{name}*" in text
