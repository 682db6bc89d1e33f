"""End to end in a real Neovim: the reduced log."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from neovim import NUMBER, VIEW, Log, Neovim
from nvim.conftest import SECOND, both

pytestmark = pytest.mark.editor

CLIENT = "vim.lsp.get_clients({ bufnr = 0 })[1]"


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

    @both
    def test_it_comes_back_with_a_new_server(self, view: Neovim, log: Log) -> None:
        shown = len(view.lines())
        plugin = "lua vim.lsp.enable('logsieve', false) vim.defer_fn(function() vim.lsp.enable('logsieve') end, 500)"
        builtin = ["lsp restart logsieve"] if view.call("exists", ":lsp") == 2 else []
        for command in ("LogSieve restart", plugin, *builtin):
            before = view.lua(f"{CLIENT}.id")
            view.command(command)
            view.wait(f"{CLIENT} and {CLIENT}.id ~= ... and vim.b.logsieve_client == {CLIENT}.id", before)
            view.wait("vim.fn.line('$') == ...", shown)
            view.wait(f"{NUMBER} == ...", log.root)
            gap = view.numbers().index(None)
            view.call("cursor", gap + 1, 1)
            view.type("za")
            view.wait("vim.fn.line('$') > ...", shown)
            view.call("cursor", view.numbers().index(log.root) + 1, 1)

    def test_it_can_be_read_again(self, view: Neovim) -> None:
        before, numbers = view.lines(), view.numbers()
        view.lua("vim.bo.modifiable = true vim.api.nvim_buf_set_lines(0, 0, -1, true, {}) return 1")
        view.command("edit!")
        view.wait("vim.deep_equal(vim.api.nvim_buf_get_lines(0, 0, -1, true), ...)", before)
        assert view.numbers() == numbers
