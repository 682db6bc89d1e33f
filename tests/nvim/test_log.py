"""End to end in a real Neovim: a user opens a failing log, with the lines in their init.lua that the README gives."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neovim import VIEW, Log, Neovim
from nvim.conftest import SECOND, both, closed_noise, diagnostics

pytestmark = pytest.mark.editor

CLIENT = "(vim.lsp.get_clients({ name = 'logsieve' })[1] or {}).id"
FOLDED_LINES = "#vim.fn.filter(vim.fn.range(1, vim.fn.line('$')), 'foldlevel(v:val) > 0')"


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

    @both
    def test_folds_come_back_as_the_user_left_them(self, opened: Neovim, log: Log) -> None:
        """Where the log has grown, where its server was started anew, and after `:edit`."""
        closed_noise(opened, log)
        left = log.folded[1][0]
        opened.command(f"{left}foldopen")
        with log.path.open("a") as file:
            file.write("one more line\n")
        opened.command("checktime")
        opened.wait("vim.b.logsieve_status.lines == vim.fn.line('$') and vim.fn.foldlevel(...) > 0", left)
        closed_noise(opened, log)
        assert not opened.is_folded(left)
        before = opened.lua(CLIENT)
        opened.command("LogSieve restart")
        opened.wait(f"({CLIENT} or ...) ~= ... and vim.fn.foldlevel({left}) > 0", before)
        closed_noise(opened, log)
        assert not opened.is_folded(left)
        assert diagnostics(opened)[0]["lnum"] + 1 == log.root
        opened.command("edit")
        opened.wait("vim.fn.foldlevel(...) > 0", left)
        closed_noise(opened, log)
        assert not opened.is_folded(left)

    def test_a_server_that_has_died_is_started_again(self, opened: Neovim, log: Log) -> None:
        opened.lua("vim.lsp.get_clients({ name = 'logsieve' })[1]:stop(true) return 1")
        opened.wait("#vim.lsp.get_clients({ name = 'logsieve' }) == 0 and #vim.diagnostic.get(0) == 0")
        opened.type(":LogSieve next<CR>")
        opened.wait("vim.fn.execute('messages'):find(':LogSieve restart starts it')")
        opened.command("LogSieve restart")
        assert diagnostics(opened)[0]["lnum"] + 1 == log.root
        closed_noise(opened, log)

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

    @both
    def test_a_pasted_log_without_a_name_is_read_and_saved(
        self, start: Callable[..., Neovim], log: Log, tmp_path: Path
    ) -> None:
        editor = start()
        editor.request("nvim_buf_set_lines", 0, 0, -1, True, log.path.read_text(encoding="utf-8").split("\n"))
        editor.command("setfiletype log")
        assert diagnostics(editor)[0]["lnum"] + 1 == log.root
        editor.command("write saved.log")
        editor.wait("(vim.b.logsieve_status or {}).uri == vim.uri_from_fname(...)", str(tmp_path / "saved.log"))
        assert editor.lua("vim.api.nvim_buf_get_name(0)") == str(tmp_path / "saved.log")
        editor.wait("not vim.bo.modified")
        assert diagnostics(editor)[0]["lnum"] + 1 == log.root
        editor.command("normal! Gdd")
        editor.command("write")
        assert (tmp_path / "saved.log").read_text(encoding="utf-8") == log.path.read_text(encoding="utf-8")


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
        names = ["alwaysanerror", "budget", "copy", "explain", "fold", "forget", "hide", "jobs", "list", "loclist"]
        names += ["next", "nextsection", "notanerror", "pick", "prev", "prevsection", "restart", "search", "similar"]
        names += ["undorule", "view"]
        assert opened.call("getcompletion", "LogSieve ", "cmdline") == names
        opened.type(":LogSieve dance<CR>")
        opened.wait("vim.fn.execute('messages'):find('no such command: dance')")
        opened.type(":LogSieve copy that<CR>")
        opened.wait("vim.fn.execute('messages'):find('copy takes no argument')")

    def test_alone_it_offers_what_it_can_do(self, opened: Neovim) -> None:
        opened.type(":LogSieve<CR>")
        opened.wait_for_mode("c")
        opened.type("21<CR>")
        opened.wait(f"{VIEW} and vim.fn.line('$') > 1")

    def test_every_command_is_in_the_help(self, opened: Neovim, repository: Path) -> None:
        text = (repository / "server" / "logsieve" / "nvim" / "doc" / "logsieve.txt").read_text(encoding="utf-8")
        for name in opened.call("getcompletion", "LogSieve ", "cmdline"):
            assert f"*:LogSieve-{name}*" in text
