r"""LogText: the bytes of a log as lines, what a terminal would show of them, and the way back to the columns an editor
shows.

A line ends at `\n` or `\r\n`. A lone `\r` starts a new frame that overwrites the line, as on a terminal, and so do the
escape sequences that move to column 1, to another line or far to the left, or erase the line; the last frame that shows
something is the line's clean text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from logsieve.disk import ChangedError, Disk
from logsieve.screen import CONTROLS, cleaned, kept, outside, plain

__all__ = ["CHUNK", "LONGEST", "Data", "LogText", "looks_binary"]

CHUNK = 1 << 19  # bytes cleaned and scanned at a time: enough to amortise calls, few enough to be stopped soon
LONGEST = 8192  # characters of a line that are looked at by itself; the scan sees all of it
SHORT = 1 << 16  # bytes of a log whose clean text is remembered: it is asked for twice
HUGE = 1 << 16  # bytes of a line from which its clean text is remembered: it is asked for several times
NEAR = 32  # bytes around an offset that tell what it is within
HALF = 1 << 19  # bytes at each end of a line that are looked at where it is longer than both: nobody reads on

_NONE = range(0)
_BOMS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


class Data(Protocol):
    """Bytes that may lie elsewhere: bytes themselves, or a file."""

    def __len__(self) -> int: ...
    def __getitem__(self, key: slice, /) -> bytes: ...


class LogText:
    """A log's bytes (UTF-8, or transcoded to it) with an index of its lines.

    `data` holds the bytes; `starts` is int64 of shape [lines + 1]: the byte offset of each line, then the length of
    the data. A final line end does not begin another line; an empty log has no lines.
    """

    __slots__ = ("_huge", "_short", "data", "encoding", "starts")

    def __init__(
        self,
        data: Data,
        encoding: str = "utf-8",
        known: NDArray[np.int64] | None = None,
        look: Callable[[], object] = lambda: None,
    ) -> None:
        """`known` are the starts of the first lines; `look` is called now and then, and may raise."""
        self.data = data
        self.encoding = encoding
        self.starts = _line_starts(data, np.zeros(1, np.int64) if known is None else known, look)
        self._huge: tuple[int, str] = (-1, "")
        self._short: bytes | None = (
            None  # the clean text of all lines of a short log: its envelopes are looked for in all
        )

    @classmethod
    def from_bytes(cls, data: Data, look: Callable[[], object] = lambda: None) -> LogText:
        """Read any bytes: UTF-16 with a byte order mark is transcoded, all else is kept and decoded line by line."""
        for mark, encoding in _BOMS:
            if data[: len(mark)] == mark:
                text = data[len(mark) :].decode(encoding, "replace")
                return cls(text.encode("utf-8", "replace"), encoding)
        return cls(data, look=look)

    def changed(self, data: Data, unchanged: int, look: Callable[[], object] = lambda: None) -> LogText:
        """A newer text, of which the first `unchanged` bytes are this one's: only the rest is looked at for lines."""
        begun = int(np.searchsorted(self.starts[:-1], unchanged, side="right"))
        return LogText(data, self.encoding, self.starts[: max(1, begun)], look)

    def is_there(self) -> bool:
        """Whether it can still be read: where it is a file's, not if that holds other text by now."""
        return not isinstance(self.data, Disk) or self.data.is_there()

    def check(self) -> None:
        """Raise ChangedError where it is not there any more."""
        if not self.is_there():
            raise ChangedError("the log has been written anew")

    def __len__(self) -> int:
        return len(self.starts) - 1

    def raw(self, line: int) -> bytes:
        """The line's bytes as written, without its line end."""
        return _without_end(self.data[self.starts.item(line) : self.starts.item(line + 1)])

    def text(self, line: int) -> str:
        """The line as an editor shows it: decoded, escape sequences and frames kept, no line end."""
        raw = self.raw(line)
        return _decode(raw, _codec(raw))

    def seen(self, line: int) -> str:
        """The same, but without what `clean` leaves out of the middle of a long line."""
        raw, _ = self._looked_at(line)
        return _decode(raw, _codec(raw))

    def clean(self, line: int) -> str:
        """The line as a terminal shows it: no escape sequences, only the last frame. Of a line longer than twice HALF
        bytes the middle is left out.
        """
        raw, _ = self._looked_at(line)
        if (shown := plain(raw)) is not None:
            return shown.decode("ascii")
        if len(raw) < HUGE:
            return _decode(b"".join([raw[a:b] for a, b in kept(raw)]), _codec(raw))
        if self._huge[0] != line:
            self._huge = (line, _decode(cleaned(raw + b"\n")[:-1], _codec(raw)))
        return self._huge[1]

    def raw_column(self, line: int, column: int) -> int:
        """The column in `text(line)` of a column in `clean(line)`; both count characters (str indices)."""
        raw, left_out = self._looked_at(line)
        codec = _codec(raw)
        seen = 0
        spans = kept(raw)
        found = len(_decode(raw[: spans[-1][1]], codec)) if spans else 0
        for a, b in spans:
            width = len(_decode(raw[a:b], codec))
            if column < seen + width:
                found = len(_decode(raw[:a], codec)) + column - seen
                break
            seen += width
        if left_out and found >= len(_decode(raw[: left_out.start], codec)):
            start = int(self.starts[line])
            found += len(_decode(self.data[start + left_out.start : start + left_out.stop], codec))
        return found

    def _looked_at(self, line: int) -> tuple[bytes, range]:
        """The line's bytes without its line end, and which of them are left out of the middle."""
        start, end = self.starts.item(line), self.starts.item(line + 1)
        if end - start <= 2 * HALF:
            return _without_end(self.data[start:end]), _NONE
        left_out = range(*(self._between(at) - start for at in (start + HALF, end - HALF)))
        last = _without_end(self.data[start + left_out.stop : end])
        return self.data[start : start + left_out.start] + last, left_out

    def _between(self, at: int) -> int:
        """The offset, or one shortly before it where that is within an escape sequence or a character of UTF-8."""
        near = self.data[at - NEAR : at + NEAR]
        if (code := outside(near, NEAR)) < NEAR:
            return at - NEAR + code
        return next((at - n for n in range(4) if near[NEAR - n] & 0xC0 != 0x80), at)

    def chunks(self, line: int = 0, last: int | None = None, size: int = CHUNK) -> Iterator[tuple[int, int]]:
        """Ranges of the lines `line` to `last` (start, end), of about `size` bytes each, at least one line."""
        lines = len(self) if last is None else last
        while line < lines:
            end = int(np.searchsorted(self.starts, self.starts[line] + size, side="right")) - 1
            end = min(max(end, line + 1), lines)
            yield line, end
            line = end

    def clean_bytes(self, start: int, end: int) -> bytes:
        """The clean text of lines start..end, each ended by one newline: equal to `clean` of each, before decoding."""
        if end - start < len(self) or len(self.data) > SHORT:
            return cleaned(self.seen_bytes(start, end))
        if self._short is None:
            self._short = cleaned(self.seen_bytes(start, end))
        return self._short

    def clean_lines(self, lines: Sequence[int]) -> list[bytes]:
        """The same of some lines, without line ends: one by one they would take many times as long."""
        runs = np.split(np.asarray(lines), np.flatnonzero(np.diff(lines) != 1) + 1) if lines else []
        return cleaned(b"".join([self.seen_bytes(run[0], run[-1] + 1) for run in runs])).split(b"\n")[:-1]

    def seen_bytes(self, start: int, end: int) -> bytes:
        """As `raw_bytes`, but without what is left out of lines longer than twice HALF."""
        if self.starts[end] - self.starts[start] <= 2 * HALF or max(np.diff(self.starts[start : end + 1])) <= 2 * HALF:
            return self.raw_bytes(start, end)
        return b"".join([self._looked_at(line)[0] + b"\n" for line in range(start, end)])

    def raw_bytes(self, start: int, end: int) -> bytes:
        """The bytes of lines start..end as written; a newline is added where the last one has none.

        Raises ChangedError where a file holds other lines by now.
        """
        data = self.data[int(self.starts[start]) : int(self.starts[end])]
        lines = data if data.endswith(b"\n") or start == end else data + b"\n"
        if not isinstance(self.data, bytes) and lines.count(b"\n") != end - start:
            raise ChangedError("the log has been written anew")
        return lines


def looks_binary(data: bytes) -> bool:
    """Whether the first 8 KiB are no text: NULs or other controls that no log of text holds, in number, and no UTF-16
    mark.
    """
    head = data[:8192]
    if not head or head.startswith(tuple(mark for mark, _ in _BOMS)):
        return False
    odd = len(head) - len(head.translate(None, CONTROLS.replace(b"\x0c", b"").replace(b"\x07", b"")))
    return odd > len(head) * 0.05


def _line_starts(data: Data, known: NDArray[np.int64], look: Callable[[], object]) -> NDArray[np.int64]:
    """`known` are those of the first lines; the last of them is where to go on."""
    found = bytearray(known.data)  # it grows in its place
    for at in range(int(known[-1]), len(data), CHUNK):
        look()
        chunk = np.frombuffer(data[at : at + CHUNK], np.uint8)
        found += (np.flatnonzero(chunk == ord("\n")) + (at + 1)).tobytes()
    if data[-1:] not in (b"", b"\n"):
        found += np.int64(len(data)).tobytes()
    return np.frombuffer(found, np.int64)


def _without_end(line: bytes) -> bytes:
    return line[:-2] if line[-2:] == b"\r\n" else line.removesuffix(b"\n")


def _codec(raw: bytes) -> str:
    """UTF-8 unless the line cannot be: then Latin-1, but not where other characters of the line are good UTF-8 (one
    was cut).
    """
    if raw.isascii():
        return "ascii"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        good = not raw.decode("utf-8", "ignore").isascii()
        cut_at_edge = raw[:1] >= b"\x80" and raw[:1] < b"\xc0"
        return "utf-8" if good or cut_at_edge or raw[-1] >= 0xC0 else "latin-1"
    return "utf-8"


def _decode(raw: bytes, codec: str) -> str:
    return raw.decode(codec, "replace")
