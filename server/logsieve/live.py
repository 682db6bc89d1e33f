"""Shows a log that is followed: on a terminal all in place, in a pipe what is new, for programs an object a change."""

from __future__ import annotations

import os
import select
import shutil
import signal
import stat
import sys
import time
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from logsieve import terminal
from logsieve.follow import Event, State
from logsieve.model import Level
from logsieve.operations import triage
from logsieve.output import body, write
from logsieve.terminal import Row

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Face", "face"]

FATES = {
    Event.TRUNCATED: "was cut short or written anew: it is read from its start",
    Event.REPLACED: "is another file now: it is read from its start",
    Event.GONE: "is gone: it is read on when it is back",
}


class Face(Protocol):
    """Where the states of a log are shown, while this is entered."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, state: State) -> None:
        """Show a state."""

    def wait(self, seconds: float) -> None:
        """Do nothing for so long. BrokenPipeError where nobody reads any more."""


def face(path: str, format_: str, coloured: bool) -> Face:
    """The face for a format (text or jsonl) and for what stdout is."""
    if format_ == "jsonl":
        return _Objects(path)
    in_place = sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")
    return _Screen(path, coloured) if in_place else _News(path, coloured)


class _Piped:
    """What faces that print on and on have in common."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def wait(self, seconds: float) -> None:
        """See Face."""
        out = sys.stdout.fileno()
        if not (hasattr(select, "poll") and stat.S_ISFIFO(os.fstat(out).st_mode)):
            time.sleep(seconds)
            return
        poll = select.poll()
        poll.register(out, 0)  # errors only: that nobody reads any more
        if poll.poll(seconds * 1000):
            raise BrokenPipeError


class _Objects(_Piped):
    """One JSON object for each change of what triage answers, and for what becomes of the file."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._last: dict[str, Any] = {}

    def show(self, state: State) -> None:
        """See Face."""
        answer = triage(state.analysis, self._path)
        if answer != self._last or state.event in FATES:
            told = answer | {"lines": len(state.analysis.text), "event": str(state.event)}
            write(body("triage", "jsonl", told, state.analysis, 0))
        self._last = answer


class _News(_Piped):
    """A line for a changed verdict, for each new error or warning, and for what becomes of the file."""

    def __init__(self, path: str, coloured: bool) -> None:
        super().__init__(path)
        self._coloured = coloured
        self._verdict = ("", "")
        self._told: set[tuple[int, str]] = set()

    def show(self, state: State) -> None:
        """See Face."""
        write(terminal.text(self._rows(state), self._coloured))

    def _rows(self, state: State) -> Iterator[Row]:
        if state.event in FATES:
            yield [(f"{self._path} {FATES[state.event]}", "")]
        if state.event in (Event.TRUNCATED, Event.REPLACED):
            self._verdict = ("", "")
            self._told.clear()
        if state.event is Event.GONE:
            return
        analysis = state.analysis
        answer = triage(analysis, self._path)
        verdict = (answer["verdict"], analysis.verdict_why)
        if verdict != self._verdict:
            self._verdict = verdict
            yield terminal.verdict(answer, analysis)
        new = [
            (shown, finding)
            for shown, finding in zip(answer["findings"], analysis.findings, strict=True)
            if finding.severity >= Level.WARNING
            and (finding.start, shown["title"]) not in self._told
            # A block at the end may go on.
            and (finding.end < len(analysis.text) or state.event is Event.SETTLED)
        ]
        self._told.update((finding.start, shown["title"]) for shown, finding in new)
        shown, findings = [shown for shown, _ in new], [finding for _, finding in new]
        yield from terminal.others(self._path, shown, findings, terminal.width())


class _Screen:
    """A screen of its own, as pagers have one: what triage shows, as much as there is room for, renewed in place.

    When it is left, all of it is printed.
    """

    def __init__(self, path: str, coloured: bool) -> None:
        self._path = path
        self._coloured = coloured
        self._console: Console | None = None
        self._state: State | None = None
        self._size = os.terminal_size((0, 0))
        self._when = ""

    def __enter__(self) -> Self:
        from rich.console import Console

        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # the screen is left first
        self._console = Console(highlight=False, markup=False, emoji=False, no_color=not self._coloured)
        return self

    def __exit__(self, *_: object) -> None:
        if self._console and self._state:
            self._console.set_alt_screen(False)
            self._console.show_cursor(True)
            write(terminal.text(self._rows(self._state), self._coloured))

    def show(self, state: State) -> None:
        """See Face."""
        if self._console and not self._state:
            self._console.set_alt_screen(True)
            self._console.show_cursor(False)
        self._state = state
        if state.event is not Event.SETTLED:
            self._when = time.strftime("%H:%M:%S")
        self._draw(state)

    def wait(self, seconds: float) -> None:
        """See Face."""
        time.sleep(seconds)
        if self._state and shutil.get_terminal_size() != self._size:
            self._draw(self._state)

    def _draw(self, state: State) -> None:
        from rich.console import Group
        from rich.control import Control
        from rich.screen import Screen

        assert self._console
        self._size = shutil.get_terminal_size()
        if state.event in FATES:
            head = f"{self._path} {FATES[state.event]}"
        else:
            head = f"Following {self._path}, changed at {self._when}. Ctrl-C ends it."
        rows: list[Row] = [[(head, "reverse")], [], *self._rows(state)]
        with self._console as console:  # one write: nothing flickers
            console.control(Control.home())
            console.print(Screen(Group(*map(terminal.styled, rows))), end="")

    def _rows(self, state: State) -> list[Row]:
        answer = triage(state.analysis, self._path)
        return terminal.rows("triage", answer, state.analysis, terminal.width())
