"""End to end in a real Neovim: a language model is asked, and chat plugins are given the log."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from logsieve.llm.answer import Stream
from markdown import UNSEEN, hostile_answer
from neovim import Log, Neovim
from nvim.conftest import both
from openai_server import Mode, serve

pytestmark = pytest.mark.editor

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
            editor.wait("vim.bo.filetype == 'markdown' and vim.wo.winbar == '' and vim.fn.search('says so', 'w') > 0")
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
