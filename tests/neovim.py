"""A real Neovim under the control of a test: started headless, driven over its RPC socket, typed into like a user's."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack

__all__ = ["CHOOSE_SECOND", "NUMBER", "VIEW", "Log", "Neovim", "neovim"]

PATIENCE = 30.0  # seconds until a test gives up on something that never comes; nothing waits longer than it must
PAUSE = 0.02

SPACE = "vim.api.nvim_create_namespace('logsieve.numbers')"
NUMBERED = f"vim.api.nvim_buf_get_extmarks(0, {SPACE}, {{}}, {{}}, {{{{ details = true }}}})"
# Lua: what stands beside the cursor's line of a view, as a number.
NUMBER = (
    "tonumber((vim.tbl_get("
    + NUMBERED.format("{ vim.fn.line('.') - 1, 0 }", "{ vim.fn.line('.') - 1, 0 }")
    + ", 1, 4, 'virt_text', 1, 1) or ''):match('%d+'))"
)
# Lua: whoever is asked to choose takes the second; what was offered is kept.
CHOOSE_SECOND = """
vim.ui.select = function(items, options, chosen)
  vim.g.offered = vim.iter(items):map(options.format_item):totable()
  chosen(items[2])
end
return 1
"""
# Lua: whether the current buffer is a view.
VIEW = "vim.startswith(vim.api.nvim_buf_get_name(0), 'logsieve:')"


@dataclass(frozen=True)
class Log:
    """A fixture's log, copied to where an editor may have it. Line numbers are 1-based, ranges inclusive."""

    path: Path
    root: int
    contains: str
    folded: list[tuple[int, int]]

    @classmethod
    def copied(cls, case: Path, folder: Path, name: str = "build.log") -> Log:
        """The log of `fixtures/<family>/<case>` as `folder/name`."""
        expected = tomllib.loads((case / "expected.toml").read_text(encoding="utf-8"))
        shutil.copyfile(case / "log.txt", folder / name)
        folded = [(first, last) for first, last in expected.get("folded", {}).get("lines", [])]
        return cls(folder / name, expected["root"]["line"], expected["root"]["contains"], folded)


class Neovim:
    """A running Neovim. Lines are 1-based, as the editor counts them."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._unpacker = msgpack.Unpacker(raw=False, ext_hook=lambda _, data: msgpack.unpackb(data))
        self._ids = itertools.count(1)

    def request(self, method: str, *arguments: Any) -> Any:
        """Call an API function; its error is raised as RuntimeError."""
        ident = next(self._ids)
        self._connection.sendall(msgpack.packb([0, ident, method, list(arguments)]))
        while True:
            for message in self._unpacker:
                if message[:2] == [1, ident]:
                    if message[2] is not None:
                        raise RuntimeError(message[2][1])
                    return message[3]
            data = self._connection.recv(1 << 16)
            if not data:
                raise ConnectionError(f"Neovim ended during {method}")
            self._unpacker.feed(data)

    def lua(self, code: str, *arguments: Any) -> Any:
        """Run Lua; `...` are the arguments. A single expression may leave out `return`."""
        return self.request("nvim_exec_lua", _block(code), list(arguments))

    def call(self, function: str, *arguments: Any) -> Any:
        """Call a Vimscript function."""
        return self.request("nvim_call_function", function, list(arguments))

    def command(self, command: str) -> None:
        """Run an Ex command that asks nothing."""
        self.request("nvim_command", command)

    def type(self, keys: str) -> None:
        """Type keys (`<CR>` and the like); they take effect later, as a user's do."""
        self.request("nvim_input", keys)

    def wait(self, code: str, *arguments: Any) -> Any:
        """Wait until Lua gives something true, and return it.

        A view's text is awaited inside an autocommand, in the midst of a jump. Requests are served there, but a user's
        keys wait until the jump is over, and so does this: a command would be undone by what is left of the jump.
        """
        end = time.monotonic() + PATIENCE
        settled = f"local value = (function(...)\n{_block(code)}\nend)(...)\nreturn vim.fn.state('x') == '' and value"
        while time.monotonic() < end:
            if value := self.lua(settled, *arguments):
                return value
            time.sleep(PAUSE)
        raise AssertionError(f"never came: {code}\nmessages: {self.messages()}\nlog: {self.log()}")

    def wait_for_mode(self, mode: str) -> None:
        """Wait until the editor is in a mode: "n", or "r?" for a question that waits for its answer."""
        end = time.monotonic() + PATIENCE
        while (now := self.request("nvim_get_mode")["mode"]) != mode:
            assert time.monotonic() < end, f"mode {now}, never {mode}; messages: {self.messages()}"
            time.sleep(PAUSE)

    def edit(self, path: Path) -> None:
        """Open a file, whatever is in its name."""
        self.command(f"edit {self.call('fnameescape', str(path))}")

    def open_log(self, path: Path) -> None:
        """Open a log and wait until it is read."""
        self.edit(path)
        self.wait("vim.b.logsieve_status and not vim.b.logsieve_status.busy")

    def messages(self) -> str:
        """What `:messages` shows."""
        return str(self.request("nvim_exec2", "messages", {"output": True})["output"])

    def log(self) -> str:
        """The end of the language client's log."""
        path = Path(self.lua("vim.lsp.log.get_filename()"))
        return path.read_text(encoding="utf-8", errors="replace")[-3000:] if path.exists() else ""

    def lines(self) -> list[str]:
        """The current buffer's text."""
        return list(self.request("nvim_buf_get_lines", 0, 0, -1, True))

    def numbers(self) -> list[int | None]:
        """What stands beside each line of a view; None beside those that stand for others."""
        marks = self.lua(NUMBERED.format("0", "-1"))
        assert [row for _, row, *_ in marks] == [*range(len(marks))]
        shown = [details["virt_text"][0][0].strip() for *_, details in marks]
        return [int(text) if text.isdigit() else None for text in shown]

    @property
    def line(self) -> int:
        """The cursor's line."""
        return int(self.call("line", "."))

    def is_folded(self, line: int) -> bool:
        """Whether a line is inside a closed fold."""
        return int(self.call("foldclosed", line)) != -1


def _block(code: str) -> str:
    """Lua that returns what an expression gives; what is more than an expression returns by itself."""
    return code if "return" in code or "\n" in code else f"return {code}"


@contextmanager
def neovim(program: Path, folder: Path, init: str) -> Iterator[Neovim]:
    """Start a Neovim without a user's configuration; `init` is its init.lua, and `logsieve` is on its PATH."""
    config, address = folder / "init.lua", folder / "nvim.sock"
    config.write_text(init, encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [str(program), "--headless", "--clean", "-u", str(config), "--listen", str(address)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=folder, env={**os.environ, "PATH": path})
    try:
        with _connected(address, process) as connection:
            editor = Neovim(connection)
            # Somebody must look, or questions are not asked; wide, or long messages ask for Enter.
            editor.request("nvim_ui_attach", 400, 50, {"rgb": True})
            yield editor
            editor.request("nvim_input", "<C-\\><C-n>")
            connection.sendall(msgpack.packb([2, "nvim_command", ["qall!"]]))
            process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()


def _connected(address: Path, process: subprocess.Popen[bytes]) -> socket.socket:
    end = time.monotonic() + PATIENCE
    while True:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        try:
            connection.connect(str(address))
        except OSError:
            connection.close()
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(PAUSE)
        else:
            return connection
