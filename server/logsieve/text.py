r"""LogText: the bytes of a log as lines, what a terminal would show of them, and the way back to the columns an editor
shows.

A line ends at `\n` or `\r\n`. A lone `\r` starts a new frame that overwrites the line, as on a terminal, and so do the
escape sequences that move to column 1, to another line or far to the left, or erase the line; the last frame that shows
something is the line's clean text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from logsieve.disk import ChangedError, Disk

__all__ = ["CHUNK", "LONGEST", "Data", "LogText", "looks_binary"]

CHUNK = 1 << 19  # bytes cleaned and scanned at a time: enough to amortise calls, few enough to be stopped soon
LONGEST_COLOUR = 24  # bytes of a colour's sequence after its `[`: a bold foreground of 24 bits takes 20
LONGEST = 8192  # characters of a line that are looked at by itself; the scan sees all of it
HUGE = 1 << 16  # bytes of a line from which its clean text is remembered: it is asked for several times
HALF = 1 << 19  # bytes at each end of a line that are looked at where it is longer than both: nobody reads on

# Control sequences (CSI), strings (OSC, DCS, ...; also Buildkite's `ESC _bk;t=1 BEL`), two-character sequences, a lone
# ESC; and colours in caret notation, as `cat -v` and some services' archives write them.
_ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\r\n]*(?:\x07|\x1b\\)?|[ -/]*[0-~])?")
_COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
_CARET = re.compile(rb"\^\[\[[0-9;]*[mK]")
_MOVES = re.compile(rb"\x1b\[(?:[01]?G|[0-9]{0,9}[ABEF]|[0-9]{2,9}D|2K)")  # to column 1, other lines, far left; erased
_LONGEST_MOVE = 12  # bytes
_BREAK = re.compile(rb"\r|" + _MOVES.pattern)
_BACKSPACES = re.compile(rb"\x08+")
_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\r\b\x1b") + b"\x7f"
_INVISIBLE = _CONTROLS + b"\b"
_SPECIALS = _CONTROLS + b"\r\b\x1b"
_CONTROL = re.compile(b"[" + re.escape(_CONTROLS) + b"]+")
_BOM = re.compile(rb"(?m)^(?:\xef\xbb\xbf)+")
_SPECIAL = re.compile(b"|".join((_ESCAPE.pattern, _CARET.pattern, _CONTROL.pattern)))
_BS, _TAB, _LF, _CR, _ESC, _DEL = b"\b\t\n\r\x1b\x7f"
_NOT_PLAIN = (b"\x1b", b"\b", b"^[[", b"\xef\xbb\xbf")
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

    __slots__ = ("_huge", "data", "encoding", "starts")

    def __init__(self, data: Data, encoding: str = "utf-8", known: NDArray[np.int64] | None = None) -> None:
        self.data = data
        self.encoding = encoding
        self.starts = _line_starts(data, np.zeros(1, np.int64) if known is None else known)
        self._huge: tuple[int, str] = (-1, "")

    @classmethod
    def from_bytes(cls, data: Data) -> LogText:
        """Read any bytes: UTF-16 with a byte order mark is transcoded, all else is kept and decoded line by line."""
        for mark, encoding in _BOMS:
            if data[: len(mark)] == mark:
                text = data[len(mark) :].decode(encoding, "replace")
                return cls(text.encode("utf-8", "replace"), encoding)
        return cls(data)

    def changed(self, data: Data, unchanged: int) -> LogText:
        """A newer text, of which the first `unchanged` bytes are this one's: only the rest is looked at for lines."""
        begun = int(np.searchsorted(self.starts[:-1], unchanged, side="right"))
        return LogText(data, self.encoding, self.starts[: max(1, begun)])

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
        return _without_end(self.data[int(self.starts[line]) : int(self.starts[line + 1])])

    def text(self, line: int) -> str:
        """The line as an editor shows it: decoded, escape sequences and frames kept, no line end."""
        raw = self.raw(line)
        return _decode(raw, _codec(raw))

    def clean(self, line: int) -> str:
        """The line as a terminal shows it: no escape sequences, only the last frame. Of a line longer than twice HALF
        bytes the middle is left out.
        """
        raw, _ = self._looked_at(line)
        if raw.isascii():  # nearly all lines
            plain = _COLOUR.sub(b"", raw) if _ESC in raw else raw
            if not _special(plain):
                return plain.decode("ascii")
        if len(raw) < HUGE:
            return _decode(b"".join([raw[a:b] for a, b in _kept(raw)]), _codec(raw))
        if self._huge[0] != line:
            self._huge = (line, _decode(_clean_chunk(raw + b"\n")[:-1], _codec(raw)))
        return self._huge[1]

    def raw_column(self, line: int, column: int) -> int:
        """The column in `text(line)` of a column in `clean(line)`; both count characters (str indices)."""
        raw, left_out = self._looked_at(line)
        codec = _codec(raw)
        seen = 0
        spans = _kept(raw)
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
        start, end = int(self.starts[line]), int(self.starts[line + 1])
        if end - start <= 2 * HALF:
            return self.raw(line), range(0)
        left_out = range(*(self._between(at) - start for at in (start + HALF, end - HALF)))
        last = _without_end(self.data[start + left_out.stop : end])
        return self.data[start : start + left_out.start] + last, left_out

    def _between(self, at: int) -> int:
        """The offset, or one shortly before it where that is within an escape sequence or a character of UTF-8."""
        near = self.data[at - LONGEST_COLOUR : at + LONGEST_COLOUR]
        code = near.rfind(b"\x1b", 0, LONGEST_COLOUR)
        if code >= 0 and (sequence := _ESCAPE.match(near, code)) and sequence.end() > LONGEST_COLOUR:
            return at - LONGEST_COLOUR + code
        return next((at - n for n in range(4) if near[LONGEST_COLOUR - n] & 0xC0 != 0x80), at)

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
        return _clean_chunk(self.seen_bytes(start, end))

    def clean_lines(self, lines: Sequence[int]) -> list[bytes]:
        """The same of some lines, without line ends: one by one they would take many times as long."""
        runs = np.split(np.asarray(lines), np.flatnonzero(np.diff(lines) != 1) + 1) if lines else []
        return _clean_chunk(b"".join([self.seen_bytes(run[0], run[-1] + 1) for run in runs])).split(b"\n")[:-1]

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
    odd = len(head) - len(head.translate(None, _CONTROLS.replace(b"\x0c", b"").replace(b"\x07", b"")))
    return odd > len(head) * 0.05


def _line_starts(data: Data, known: NDArray[np.int64]) -> NDArray[np.int64]:
    """`known` are those of the first lines; the last of them is where to go on."""
    found = bytearray(known.data)  # it grows in its place
    for at in range(int(known[-1]), len(data), CHUNK):
        chunk = np.frombuffer(data[at : at + CHUNK], np.uint8)
        found += (np.flatnonzero(chunk == _LF) + (at + 1)).tobytes()
    if data[-1:] not in (b"", b"\n"):
        found += np.int64(len(data)).tobytes()
    return np.frombuffer(found, np.int64)


def _without_end(line: bytes) -> bytes:
    return line[:-2] if line.endswith(b"\r\n") else line.removesuffix(b"\n")


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


def _kept(raw: bytes) -> list[tuple[int, int]]:
    """The spans of a line's bytes that a terminal would show."""
    mark = _BOM.match(raw)
    return _shown(raw, mark.end() if mark else 0)


def _shown(raw: bytes, start: int) -> list[tuple[int, int]]:
    if raw.isascii() and not _special(raw):
        return [(0, len(raw))]
    at, end = _last_frame(raw, start)
    if at < end and not _special(raw[at:end]):  # mostly, and to look for what is special takes longer
        return [(at, end)]
    spans: list[tuple[int, int]] = []
    for m in _SPECIAL.finditer(raw, at, end):
        if m.start() > at:
            spans.append((at, m.start()))
        at = m.end()
    if at < end:
        spans.append((at, end))
    return _backspaced(raw, spans) if b"\b" in raw else spans


def _last_frame(raw: bytes, start: int) -> tuple[int, int]:
    """The last frame that shows something, else the first."""
    end = len(raw)
    first = (start, end)
    for before, after in _breaks(raw, start, end):
        if _shows(raw[after:end]):
            return after, end
        first = (start, before)
        end = before
    return (start, end) if _shows(raw[start:end]) else first


def _breaks(raw: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where what begins frames starts and ends, the last first."""
    at, size = end, 256  # the last ones are asked for first, and mostly alone
    if _ESC not in raw:
        while (at := raw.rfind(b"\r", start, at)) >= 0:
            yield at, at + 1
        return
    while at > start:  # of a long line a part at a time, for it may hold millions
        found = _BREAK.finditer(raw, max(start, at - size), min(end, at + _LONGEST_MOVE))
        yield from reversed([m.span() for m in found if m.start() < at])
        at, size = at - size, min(2 * size, HUGE)


def _special(raw: bytes) -> bool:
    return len(raw.translate(None, _SPECIALS)) != len(raw) or b"^[[" in raw


def _shows(frame: bytes) -> bool:
    if _ESC in frame or b"^[[" in frame:
        frame = _CARET.sub(b"", _ESCAPE.sub(b"", frame))
    return bool(frame.translate(None, _INVISIBLE).strip())


def _backspaced(raw: bytes, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans without backspaces and the characters that each takes back."""
    shown: list[tuple[int, int]] = []
    for start, end in spans:
        at = start
        for run in _BACKSPACES.finditer(raw, start, end):
            if run.start() > at:
                shown.append((at, run.start()))
            _take_back(raw, shown, len(run.group()))
            at = run.end()
        if at < end:
            shown.append((at, end))
    return shown


def _take_back(raw: bytes, shown: list[tuple[int, int]], count: int) -> None:
    while shown and count:
        start, end = shown.pop()
        if (last := raw[max(start, end - count) : end]).isascii():
            end, count = end - len(last), count - len(last)
        while end > start and count:
            width = 1
            while width < 4 and end - width > start and raw[end - width] & 0xC0 == 0x80:
                width += 1
            end -= width if raw[end - width] >= 0xC0 else 1  # a stray continuation byte is a character of its own
            count -= 1
        if end > start:
            shown.append((start, end))


def _clean_chunk(data: bytes) -> bytes:
    r"""`_kept` for whole lines, each ended by a newline, at once.

    Colours and the like go by a mask over the chunk, as do controls and the `\r` before a line end; a line that holds
    anything else that is special is looked at by itself.
    """
    view = np.frombuffer(data, np.uint8)
    at = np.flatnonzero((view < ord(" ")) & (view != _LF) & (view != _TAB) | (view == _DEL))  # _SPECIALS
    carets, marks = _starts_of(view, b"^[["), _starts_of(view, b"\xef\xbb\xbf")
    if not len(at) and not len(carets) and not len(marks):
        return data
    kinds = view[at]
    returns = at[kinds == _CR]
    ends = _before_newline(view, returns)
    codes = at[kinds == _ESC]
    simple, simple_ends = _colours(view, np.concatenate((codes + 1, carets + 2)))
    sequences = np.concatenate((codes, carets))
    odd = [returns[~ends], at[kinds == _BS], sequences[~simple], marks]
    begins = sequences[simple]
    kept = np.ones(len(data), bool)
    kept[at[(kinds != _CR) & (kinds != _BS) & (kinds != _ESC)]] = False
    kept[returns[ends]] = False
    lengths = simple_ends - begins
    kept[np.repeat(simple_ends - np.cumsum(lengths), lengths) + np.arange(lengths.sum())] = False
    newlines = np.flatnonzero(view == _LF)
    lines = np.flatnonzero(np.bincount(np.searchsorted(newlines, np.concatenate(odd))))
    if not len(lines):
        return view[kept].tobytes()
    out: list[bytes] = []
    done = 0
    for line in lines.tolist():
        start, end = int(newlines[line - 1]) + 1 if line else 0, int(newlines[line])
        if start > done:
            out.append(view[done:start][kept[done:start]].tobytes())
        plain = view[start:end][kept[start:end]].tobytes()
        if any(mark in plain for mark in _NOT_PLAIN):
            raw = data[start:end]
            out += [raw[a:b] for a, b in _kept(raw)]
        else:
            out.append(_last_plain(plain))
        done = end
    out.append(view[done:][kept[done:]].tobytes())
    return b"".join(out)


def _last_plain(line: bytes) -> bytes:
    r"""The last frame that shows something, else the first, of a line in which nothing but `\r` is special."""
    end = len(line)
    while (at := line.rfind(b"\r", 0, end)) >= 0:
        if line[at + 1 : end].strip():
            return line[at + 1 : end]
        end = at
    return line[:end]


def _before_newline(view: NDArray[np.uint8], returns: NDArray[np.int64]) -> NDArray[np.bool_]:
    r"""Which of the `\r` at these places only begin a line end, maybe with others between."""
    if not len(returns):
        return np.zeros(0, bool)
    last = np.append(np.diff(returns) > 1, True)  # of its run
    run = np.cumsum(last) - last
    ends: NDArray[np.bool_] = (view[returns[last] + 1] == _LF)[run]
    return ends


def _colours(view: NDArray[np.uint8], at: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which of the sequences whose `[` is at these places set colours or erase to the end of the line, which shows
    nothing; and where those end.
    """
    last = len(view) - 1  # a newline: no sequence holds one
    simple = np.zeros(len(at), bool)
    ends = np.zeros(len(at), np.int64)
    going = np.flatnonzero(view[np.minimum(at, last)] == ord("["))
    for length in range(1, LONGEST_COLOUR):
        here = view[np.minimum(at[going] + length, last)]
        done = (here == ord("m")) | (here == ord("K"))
        ended = going[done]
        simple[ended] = True
        ends[ended] = at[ended] + length + 1
        going = going[((here >= ord("0")) & (here <= ord("9"))) | (here == ord(";"))]
        if not len(going):
            break
    erased = simple & (ends - at == 3) & (view[np.minimum(at + 1, last)] == ord("2")) & (view[ends - 1] == ord("K"))
    simple &= ~erased  # the whole line: what came before is gone
    return simple, ends[simple]


def _starts_of(view: NDArray[np.uint8], mark: bytes) -> NDArray[np.int64]:
    at = np.flatnonzero(view == mark[0])
    for offset in range(1, len(mark)):
        at = at[view[np.minimum(at + offset, len(view) - 1)] == mark[offset]]
    return at
