"""Documents of our own that show a log by its URI: the reduced log, and windows of what an editor cannot show itself.

A row of a view is a line of the log behind its number (1-based), or stands for lines that it does not show. Clients
that show the numbers beside the text get it without them. A view is
`Coordinates`: what is found in the log has its place in it, so that features work in views as they do in logs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote

from logsieve.lsp.convert import Coordinates, Span, parts_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from logsieve.core.analysis import Analysis
    from logsieve.text import LogText

__all__ = ["SCHEME", "Reduced", "Runs", "Shown", "View", "Window", "log_of", "name_of", "parse", "place"]

SCHEME = "logsieve"
LARGE = 50 << 20  # bytes of a log from which it is shown in windows: VS Code keeps larger ones from its extensions
LINES = 4000  # of a window
STEP = LINES // 2  # windows overlap: around each line, but at the ends of the log, there are at least STEP / 2 others
LONGEST = (
    1000  # characters of a line in a window, and of one that was left out of the reduced log and is shown after all
)
PART = 200  # lines shown at each end of a gap when it is opened

Runs = tuple[tuple[int, int], ...]  # of lines, half-open, in order, apart from each other


@dataclass(frozen=True, slots=True)
class Reduced:
    """The reduced log, at a budget in tokens; `opened` are lines that it shows although they were left out."""

    log: str
    budget: int
    opened: Runs = ()

    @property
    def uri(self) -> str:
        """The view's URI."""
        return _uri("reduced", f"{name_of(self.log)}.reduced.log", self.log, budget=self.budget)

    def view(self, analysis: Analysis, at: Coordinates) -> View:
        """The rows, of a log's own coordinates."""
        import numpy as np

        from logsieve.core import excerpts, render
        from logsieve.core.reduce import reduce

        excerpt = excerpts.opened(reduce(analysis, self.budget), self.opened, LONGEST, analysis)
        rendered = render.view(excerpt, analysis, numbers=at.client.numbers)
        rows = rendered.text.split("\n")
        lines = np.array([-1 if line is None else line for line in rendered.lines], np.int64)
        return View(self.uri, at, lines, rows.__getitem__)


@dataclass(frozen=True, slots=True)
class Window:
    """LINES lines of a log from `start` on, as a terminal shows them."""

    log: str
    start: int

    @classmethod
    def around(cls, log: str, line: int) -> Window:
        """The window that shows a line far from both its ends; one and the same for lines near each other."""
        return cls(log, max(0, line - STEP // 2) // STEP * STEP)

    def uri(self, total: int) -> str:
        """The window's URI, which names the lines (1-based) as far as the log has them now."""
        return _uri(
            "window",
            f"{name_of(self.log)}:{self.start + 1:,}-{max(self.start + 1, min(self.start + LINES, total)):,}",
            self.log,
            start=self.start,
        )

    def view(self, analysis: Analysis, at: Coordinates) -> View:
        """The rows, of a log's own coordinates; lines before and after the window have a row that leads to them."""
        import numpy as np

        from logsieve.core.render import gap_text
        from logsieve.model import Gap

        text = analysis.text
        total = len(text)
        numbers = at.client.numbers
        start, end = min(self.start, total), min(self.start + LINES, total)
        width = len(str(total))
        first = 1 if start > 0 else 0
        lines = np.arange(start - first, end + (1 if end < total else 0))
        gaps: dict[int, Gap] = {}
        beyond: dict[int, int] = {}
        for gap, index in ((Gap(0, start, "earlier"), 0), (Gap(end, total, "later"), len(lines) - 1)):
            if gap.start < gap.end:
                gaps[index], beyond[index] = gap, int(lines[index])
                lines[index] = -1

        def row(index: int) -> str:
            if index in gaps:
                return gap_text(gaps[index], width if numbers else None)
            line = start + index - first
            return f"{f'{line + 1:>{width}} | ' if numbers else ''}{_shown(text, line)}".rstrip()

        return View(self.uri(total), at, lines, row, beyond)


Shown = Reduced | Window


class View(Coordinates):
    """The client's positions in a view. What comes in are the log's lines; those not shown are where they would be.

    `lines` (int64 [rows]) is the log's line of each row, -1 for rows that stand for others; `beyond` leads from such
    rows to a line.
    """

    def __init__(
        self,
        uri: str,
        log: Coordinates,
        lines: NDArray[np.int64],
        row: Callable[[int], str],
        beyond: dict[int, int] | None = None,
    ) -> None:
        import numpy as np

        super().__init__(log.text, log.client, packed=log.packed)
        self.uri = uri
        self.log = log
        self.beyond = beyond or {}
        self._row = row
        self._lines = lines
        self._until = np.maximum.accumulate(self._lines)  # the last line shown up to each row
        self._margin = len(str(len(log.text))) + len(" | ") if log.client.numbers else 0

    def content(self) -> str:
        """The view's text."""
        return "".join(f"{self._row(index)}\n" for index in range(len(self._lines)))

    def rows(self) -> list[int]:
        """The line that each row shows, -1 for rows that stand for others."""
        return [int(line) for line in self._lines]

    def toggled(self, row: int, opened: Runs) -> tuple[Runs, int] | None:
        """What is opened after the lines a row stands for were shown, or those around it hidden; and the row to go to.

        Of a long gap the ends are shown. None where the row is one that the reduced log shows anyway.
        """
        line = self.shown_on(row)
        if line is not None:
            around = next((run for run in opened if run[0] <= line < run[1]), None)
            if around is None:
                return None
            first = self.first(around[0])
            return tuple(run for run in opened if run != around), first - int(first > 0 and self._lines[first - 1] < 0)
        if row >= len(self._lines):
            return None
        start = int(self._until[row]) + 1
        end = int(self._lines[row + 1]) if row + 1 < len(self._lines) else len(self.text)
        parts = [(start, end)] if end - start <= 2 * PART else [(start, start + PART), (end - PART, end)]
        merged: list[tuple[int, int]] = []
        for run in sorted([*opened, *parts]):
            if merged and merged[-1][1] == run[0]:
                run = merged.pop()[0], run[1]
            merged.append(run)
        return tuple(merged), row

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self._lines)

    def row(self, row: int) -> tuple[str, int]:
        """The text of a row, and where that of the log begins in it."""
        return self._row(row), self._margin

    def shows(self, line: int) -> bool:
        """Whether one of the rows is this line."""
        row = self.first(line)
        return 0 <= row < len(self._lines) and bool(self._lines[row] == line)

    def shown_on(self, row: int) -> int | None:
        """The line that a row shows; None for the others."""
        shown = int(self._lines[row]) if row < len(self._lines) else -1
        return None if shown < 0 else shown

    def first(self, line: int) -> int:
        """The row of a line; of one that is not shown that of the next one that is."""
        import numpy as np

        return int(np.searchsorted(self._until, line))

    def last(self, line: int) -> int:
        """As `first`: a line has one row."""
        return self.first(line)

    def line(self, line: int) -> int:
        """The line of a row; where it shows none, the last one before it; -1 before the first."""
        return int(self._until[min(line, len(self._until) - 1)]) if len(self._until) else -1

    def number(self, line: int) -> int:
        """The number that stands before a line, shown or not."""
        return line + 1

    def message(self, analysis: Analysis, line: int) -> Span:
        """Where the message of a line that is shown stands, or the whole of it where that was cut."""
        from logsieve.core.render import visible

        row = self.first(line)
        shown = self._row(row)
        message = visible(analysis.line(line).message.strip()[:LONGEST])
        start = max(shown.rfind(message), self._margin) if message else self._margin
        return row, self.client.units(shown[:start]), row, self.client.units(shown)

    def within(self, analysis: Analysis, line: int, start: int, end: int) -> Span | None:
        """As in the log; None where the row does not show them, or not as they are."""
        from logsieve.core.render import visible

        if not self.shows(line):
            return None
        row = self.first(line)
        shown, message = self._row(row), visible(analysis.line(line).message)
        before = shown.rfind(message[:end].rstrip())
        if before < self._margin or end <= start:
            return None
        units = self.client.units
        return row, units(shown[: before + start]), row, units(shown[: before + min(end, len(message))])

    def lines(self, start: int, end: int) -> Span:
        """The rows of what is shown of lines start..end (half-open)."""
        first = min(self.first(start), len(self._lines) - 1)
        last = max(first, self.first(end) - 1)
        return first, 0, last, self.client.units(self._row(last))


def place(analysis: Analysis, at: Coordinates, log: str, line: int, is_open: bool) -> tuple[str, Span]:
    """Where a line of a log is shown, as URI and span of its message.

    In the view that is asked, if it is there; else in the log itself, if the editor has it (`is_open`) or may; else in
    a window.
    """
    if isinstance(at, View):
        if at.shows(line):
            return at.uri, at.message(analysis, line)
        at = at.log
    if is_open or (not at.packed and len(analysis.text.data) <= LARGE):
        return log, at.message(analysis, line)
    view = Window.around(log, line).view(analysis, at)
    return view.uri, view.message(analysis, line)


def parse(uri: str) -> Shown | None:
    """What a view's URI shows; None where it is none of a view."""
    if not uri.startswith(f"{SCHEME}:"):
        return None
    parts = parts_of(uri)
    query = parse_qs(unquote(parts.query))  # a client may have quoted all of it

    def number(name: str) -> int | None:
        value = query.get(name, [""])[0]
        return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None

    log, budget, start = query.get("uri", [""])[0], number("budget"), number("start")
    if log and parts.netloc == "reduced" and budget:
        return Reduced(log, budget)
    return Window(log, start) if log and parts.netloc == "window" and start is not None else None


def log_of(uri: str) -> str:
    """The log that a view shows; of any other document its own URI."""
    shown = parse(uri)
    return shown.log if shown else uri


def name_of(uri: str) -> str:
    """The name of the file that a URI names."""
    return unquote(parts_of(uri).path).rstrip("/").rpartition("/")[2] or "log"


def _uri(kind: str, name: str, log: str, **numbers: int) -> str:
    """The log is quoted twice: VS Code unquotes a query when it reads a URI, and quotes all of it when it writes one.

    The authority (`kind`) is there for Neovim, which takes only names with one for URIs.
    """
    query = "&".join(f"{key}={value}" for key, value in numbers.items())
    half = "surrogatepass"  # characters: JSON can say them
    return f"{SCHEME}://{kind}/{quote(name, ':,', errors=half)}?uri={quote(quote(log, '', errors=half), '')}&{query}"


def _shown(text: LogText, line: int) -> str:
    """A line as a terminal shows it, the beginning of a long one."""
    from logsieve.core.render import cut_text, visible
    from logsieve.text import HUGE, LogText

    start, end = int(text.starts[line]), int(text.starts[line + 1])
    clean = text.clean(line) if end - start <= HUGE else LogText(text.data[start : start + HUGE]).clean(0)
    left = len(clean) - LONGEST + max(0, end - start - HUGE)
    return visible(clean[:LONGEST]) + (cut_text(left) if left > 0 else "")
