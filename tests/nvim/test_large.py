"""End to end in a real Neovim: a log too large to be opened is triaged by its path."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest

from big_log import BigLog
from neovim import CHOOSE_SECOND, NUMBER, Neovim
from openai_server import serve

pytestmark = [pytest.mark.editor, pytest.mark.slow]

REDUCED = "vim.startswith(vim.api.nvim_buf_get_name(0), 'logsieve://reduced/')"
WINDOW = "vim.startswith(vim.api.nvim_buf_get_name(0), 'logsieve://window/')"
NAME = "vim.fn.expand('%:t')"
CURRENT = "vim.api.nvim_get_current_line()"


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory, fixtures: Path) -> BigLog:
    return BigLog.write(tmp_path_factory.mktemp("big") / "big log.txt", 60 << 20, fixtures)


def triaged(editor: Neovim, big: BigLog) -> Neovim:
    editor.command(f"LogSieveTriageFile {str(big.path).replace(' ', chr(92) + ' ')}")
    editor.wait(f"{REDUCED} and {NUMBER} == ...", big.cause)
    return editor


@pytest.fixture
def reduced(start: Callable[..., Neovim], big: BigLog) -> Neovim:
    """A Neovim that shows the reduced log, the cursor on the root cause."""
    return triaged(start(), big)


@pytest.fixture
def window(reduced: Neovim, big: BigLog) -> Neovim:
    """A Neovim that shows the window around the root cause too, and the cursor there."""
    reduced.type("<CR>")
    reduced.wait(f"{WINDOW} and {NUMBER} == ...", big.cause)
    return reduced


def test_the_reduced_log_opens_on_the_root_cause(reduced: Neovim, big: BigLog) -> None:
    assert big.contains in reduced.lua(CURRENT)
    assert len(reduced.lines()) < 1000
    assert reduced.wait("vim.b.logsieve_status")["lines"] == big.lines
    reduced.wait("vim.wo.winbar:find(...)", f"big log.txt: %d+ of {big.lines} lines")
    assert reduced.lua("vim.fn.bufloaded(...)", str(big.path)) == 0


def test_progress_is_shown_and_leaving_it_stops_reading(start: Callable[..., Neovim], big: BigLog) -> None:
    editor = start()
    windows = editor.lua("#vim.api.nvim_list_wins()")
    editor.command(f"LogSieveTriageFile {str(big.path).replace(' ', chr(92) + ' ')}")
    editor.wait("vim.fn.getline(1):find('Reading big log.txt', 1, true) and vim.fn.getline(2):match('[1-9]%d* %%')")
    editor.type("<C-c>")
    editor.wait("#vim.api.nvim_list_wins() == ...", windows)
    editor.wait("vim.tbl_isempty(vim.lsp.get_clients()[1].requests)")
    assert editor.lua("vim.iter(vim.api.nvim_list_bufs()):map(vim.api.nvim_buf_get_name):totable()") == [""]
    assert editor.messages() == ""


def test_a_path_is_completed_and_one_that_cannot_be_read_is_said(
    start: Callable[..., Neovim], big: BigLog, tmp_path: Path
) -> None:
    editor = start()
    assert editor.call("getcompletion", f"LogSieveTriageFile {big.path.parent}/", "cmdline") != []
    editor.command("LogSieveTriageFile nowhere.log")
    editor.wait("vim.fn.execute('messages'):find('cannot read .*nowhere.log')")
    (tmp_path / "program.log").write_bytes(bytes(range(256)) * 40)
    editor.command("LogSieveTriageFile program.log")
    editor.wait("vim.fn.execute('messages'):find('is binary, not a log')")
    assert editor.lua("#vim.api.nvim_list_wins()") == 1


def test_a_line_leads_to_a_window_beside(window: Neovim, big: BigLog) -> None:
    assert big.contains in window.lua(CURRENT)
    first, last = (int(n.replace(",", "")) for n in re.findall(r":([\d,]+)-([\d,]+)", window.lua("vim.wo.winbar"))[0])
    assert first + 1000 <= big.cause <= last - 1000
    assert window.lua("#vim.api.nvim_list_wins()") == 3  # the reduced log is still there
    window.type("<CR>")
    window.wait("vim.fn.execute('messages'):find('shown already')")


def test_earlier_and_later_lines(window: Neovim) -> None:
    numbers = window.numbers()
    assert (numbers[0], numbers[-1]) == (None, None)
    first, last = numbers[1], numbers[-2]
    assert first
    assert last
    for keys, line in (("]]", last + 1), ("[[", last + 1 - 2001), ("[[", first - 1), ("gg<CR>", first - 2001)):
        window.type(keys)
        window.wait(f"{WINDOW} and {NUMBER} == ...", line)
    assert window.lua("#vim.api.nvim_list_wins()") == 3
    window.type("<C-o>")
    window.wait(f"{NUMBER} ~= ...", first - 2001)


def test_what_was_found_is_marked_and_explained(window: Neovim, big: BigLog) -> None:
    [first, *_] = window.wait("local d = vim.diagnostic.get(0) return #d > 0 and d")
    assert first["severity"] == 1
    assert window.numbers()[first["lnum"]] == big.cause
    window.type("gg]d")
    window.wait(f"{NUMBER} == ...", big.cause)
    window.lua("vim.lsp.buf.hover() return 1")
    window.wait(
        """
        for _, win in ipairs(vim.api.nvim_list_wins()) do
          local text = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(win), 0, -1, true)
          if vim.api.nvim_win_get_config(win).relative ~= '' and table.concat(text):find('Root cause') then
            return true
          end
        end
        """
    )


@pytest.mark.parametrize("view", ["reduced", "window"])
def test_the_commands_work_there(request: pytest.FixtureRequest, view: str, big: BigLog) -> None:
    editor: Neovim = request.getfixturevalue(view)
    name = editor.lua("vim.api.nvim_buf_get_name(0)")
    editor.command("LogSieve next")
    editor.wait(f"{NUMBER} > ...", big.cause)
    editor.command("LogSieve prev")
    editor.wait(f"{NUMBER} == ...", big.cause)
    assert editor.lua("vim.api.nvim_buf_get_name(0)") == name
    editor.command("LogSieve copy")
    whole = editor.wait("vim.fn.getreg('\"') ~= '' and vim.fn.getreg('\"')")
    assert big.contains in whole
    editor.wait("vim.fn.execute('messages'):find(...)", f"of {big.lines} lines")
    editor.lua(
        """
        vim.lsp.buf.code_action({
          apply = true,
          filter = function(action)
            return (action.command.command or action.command) == 'logsieve.copyFinding'
          end,
        })
        """
    )
    one = editor.wait("vim.fn.getreg('\"') ~= ... and vim.fn.getreg('\"')", whole)
    assert big.contains in one


def test_an_explanation_leads_to_a_window(start: Callable[..., Neovim], big: BigLog) -> None:
    with serve(answer=f"## Cause\n\nLine {big.cause} says so.\n") as endpoint:
        editor = triaged(start({"llm": {"endpoint": endpoint.url, "model": "test-model"}}), big)
        editor.type(":LogSieve explain<CR>")
        editor.wait_for_mode("r?")
        editor.type("s")
        editor.wait("vim.bo.filetype == 'markdown' and vim.wo.winbar == '' and vim.fn.search('says so', 'w') > 0")
        editor.type("0<CR>")
        editor.wait(f"{WINDOW} and {NUMBER} == ...", big.cause)


def test_the_findings_are_a_list(reduced: Neovim, big: BigLog) -> None:
    reduced.command("LogSieve list")
    reduced.wait("vim.bo.buftype == 'quickfix'")
    lines = reduced.lines()
    assert len(lines) > 1
    assert re.match(rf" *{big.cause} E test +test_standard_tax", lines[0])
    reduced.type("gg<CR>")
    reduced.wait(f"{WINDOW} and {NUMBER} == ...", big.cause)
    reduced.command("cnext")
    reduced.wait(f"{WINDOW} and {NUMBER} > ...", big.cause)


def test_an_archive_opens_on_the_log_that_failed(start: Callable[..., Neovim], tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "logs.zip", "w") as archive:
        archive.writestr("0_docs.txt", "the documentation is built\n")
        archive.writestr("1_build.txt", "collecting a\nerror: first\n##[error]Process completed with exit code 1.\n")
    editor = start()
    editor.command("LogSieveTriageFile logs.zip")
    editor.wait(f"{REDUCED} and {NUMBER} == 2 and vim.fn.expand('%:t'):find('1_build.txt', 1, true) ~= nil")
    editor.type("<CR>")  # no editor can open it
    editor.wait(f"{WINDOW} and {NUMBER} == 2")


def test_the_logs_of_an_archive_are_one_triage(start: Callable[..., Neovim], tmp_path: Path) -> None:
    """They are chosen from, walked and listed together; a new server knows of all of them again."""
    with zipfile.ZipFile(tmp_path / "logs.zip", "w") as archive:
        archive.writestr("0_docs.txt", "the documentation is built\n")
        archive.writestr("1_build.txt", "collecting a\nerror: first\n##[error]Process completed with exit code 1.\n")
        archive.writestr("2_test.txt", "a\nb\nfatal: second\n##[error]Process completed with exit code 2.\n")
    editor = start()
    editor.command("LogSieveTriageFile logs.zip")
    editor.wait(f"{REDUCED} and {NUMBER} == 2 and {NAME}:find('1_build.txt', 1, true) ~= nil")
    assert "2 of 3 logs in logs.zip failed" in editor.messages()
    editor.lua(CHOOSE_SECOND)
    editor.command("LogSieve jobs")
    editor.wait(f"{REDUCED} and {NUMBER} == 3 and {NAME}:find('2_test.txt', 1, true) ~= nil")
    offered = [re.split(" {2,}", row) for row in editor.lua("vim.g.offered")]
    assert [name for _, name in offered] == ["1_build.txt", "2_test.txt", "0_docs.txt"]
    assert offered[0][0].startswith("failed: ")
    assert editor.lua("#vim.api.nvim_tabpage_list_wins(0)") == 2
    for name, number in (("1_build.txt", 2), ("2_test.txt", 3)):
        editor.command("normal! G")
        editor.command("LogSieve next")
        editor.wait(f"{REDUCED} and {NUMBER} == {number} and {NAME}:find(..., 1, true) ~= nil", name)
    editor.command("LogSieve list")
    editor.wait("vim.bo.buftype == 'quickfix'")
    rows = editor.lines()
    assert re.match(r"1_build\.txt +2 E ", rows[0])
    assert editor.lua("vim.fn.getqflist({ title = 0 }).title") == "LogSieve: logs.zip"
    assert any(re.match(r"2_test\.txt +3 E ", row) for row in rows)
    editor.type("gg<CR>")
    editor.wait(f"{WINDOW} and {NUMBER} == 2 and {NAME}:find('1_build.txt', 1, true) ~= nil")
    symbols = """
        local client = vim.lsp.get_clients({ name = 'logsieve' })[1]
        local answer = client and client:request_sync('workspace/symbol', { query = '' }, 30000)
        return answer and answer.result and client.id ~= ... and #answer.result >= 2
        """
    editor.wait(symbols, 0)
    others = "function(bufnr) return bufnr ~= vim.api.nvim_get_current_buf() end"
    wipe = f"lua vim.iter(vim.api.nvim_list_bufs()):filter({others}):each(vim.cmd.bwipeout)"
    for close in ("cclose", f"only | {wipe}"):  # one view is enough
        editor.command(close)
        before = editor.lua("vim.lsp.get_clients({ name = 'logsieve' })[1].id")
        editor.command("LogSieve restart")
        editor.wait(symbols, before)


def test_views_follow_the_file(start: Callable[..., Neovim], tmp_path: Path) -> None:
    log = tmp_path / "growing.log"
    log.write_text("collecting a\nerror: first\n")
    editor = start()
    editor.command("LogSieveTriageFile growing.log")
    editor.wait(f"{REDUCED} and {NUMBER} == 2")
    with log.open("a") as file:
        file.write("fatal: second\n")
    editor.wait("vim.fn.getline(3) == 'fatal: second'")
    assert editor.line == 2
    editor.wait("vim.b.logsieve_status.errors == 2")
    editor.type("<CR>")  # this log is small: it opens itself
    editor.wait("vim.fn.expand('%:t') == 'growing.log' and vim.fn.line('.') == 2")


def test_the_cursor_stays_on_its_line_of_the_log(start: Callable[..., Neovim], tmp_path: Path) -> None:
    log = tmp_path / "growing.log"
    log.write_text(
        "".join(f"{word}ing the package\n" for word in map("".join, permutations("abcdef"))) + "error: first\n"
    )
    editor = start()
    editor.command("LogSieveTriageFile growing.log")
    editor.wait(f"{REDUCED} and {NUMBER} == ...", 721)
    row = editor.line
    with log.open("a") as file:
        file.writelines(f"fatal: {word} is missing\n" for word in map("".join, permutations("abcd")))
    editor.wait("vim.startswith(vim.fn.getline('$'), 'fatal')")
    assert editor.line != row
    assert editor.lua(NUMBER) == 721
    assert editor.lua(CURRENT) == "error: first"


def test_what_the_current_buffer_is_about_is_triaged(opened: Neovim) -> None:
    opened.command("LogSieveTriageFile")
    opened.wait(f"{REDUCED} and vim.fn.line('$') > 1")
    opened.command("enew")
    opened.type(":LogSieveTriageFile<CR>")
    opened.wait("vim.fn.execute('messages'):find('which file')")
