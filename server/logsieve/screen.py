r"""What a terminal shows of a log's bytes: no escape sequences, no controls, and of an overwritten line the last frame
that shows something.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["CONTROLS", "cleaned", "kept", "outside", "plain"]

LONGEST_COLOUR = 24  # bytes of a colour's sequence after its `[`: a bold foreground of 24 bits takes 20
HUGE = 1 << 16  # bytes of a long line that are searched for frames at a time

# Control sequences (CSI), strings (OSC, DCS, ...; also Buildkite's `ESC _bk;t=1 BEL`), two-character sequences, a lone
# ESC; and colours in caret notation, as `cat -v` and some services' archives write them.
_ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\r\n]*(?:\x07|\x1b\\)?|[ -/]*[0-~])?")
_COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
_CARET = re.compile(rb"\^\[\[[0-9;]*[mK]")
_MOVES = re.compile(rb"\x1b\[(?:[01]?G|[0-9]{0,9}[ABEF]|[0-9]{2,9}D|2K)")  # to column 1, other lines, far left; erased
_LONGEST_MOVE = 12  # bytes
_BREAK = re.compile(rb"\r|" + _MOVES.pattern)
_BACKSPACES = re.compile(rb"\x08+")
CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\r\b\x1b") + b"\x7f"
_INVISIBLE = CONTROLS + b"\b"
_SPECIALS = CONTROLS + b"\r\b\x1b"
_CONTROL = re.compile(b"[" + re.escape(CONTROLS) + b"]+")
_BOM = re.compile(rb"(?m)^(?:\xef\xbb\xbf)+")
_SPECIAL = re.compile(b"|".join((_ESCAPE.pattern, _CARET.pattern, _CONTROL.pattern)))
_BS, _TAB, _LF, _CR, _ESC, _DEL = b"\b\t\n\r\x1b\x7f"
_INK = np.array([c > 32 and c not in b"^\x7f" for c in range(256)])  # bytes that show something wherever they are


def plain(raw: bytes) -> bytes | None:
    """A line without its colours, where it is ASCII and holds nothing else that is special, as nearly all do."""
    if not raw.isascii():
        return None
    shown = _COLOUR.sub(b"", raw) if _ESC in raw else raw
    return None if _special(shown) else shown


def outside(near: bytes, at: int) -> int:
    """The offset, or that of the escape sequence which it is within."""
    code = near.rfind(b"\x1b", max(0, at - LONGEST_COLOUR), at)
    sequence = _ESCAPE.match(near, code) if code >= 0 else None
    return code if sequence and sequence.end() > at else at


def kept(raw: bytes) -> list[tuple[int, int]]:
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


def cleaned(data: bytes) -> bytes:
    r"""`kept` for whole lines, each ended by a newline, at once.

    Colours and the like go by a mask over the chunk, as do controls, the `\r` before a line end, and what a last frame
    overwrites that plainly shows something; a line that holds anything else that is special is looked at by itself.
    """
    view = np.frombuffer(data, np.uint8)
    at = np.flatnonzero((view < ord(" ")) & (view != _TAB) | (view == _DEL))  # newlines and _SPECIALS
    kinds = view[at]
    newlines = at[kinds == _LF]
    carets, marks = _starts_of(view, b"^[["), _starts_of(view, b"\xef\xbb\xbf")
    if len(at) == len(newlines) and not len(carets) and not len(marks):
        return data
    returns = at[kinds == _CR]
    ends = _before_newline(view, returns)
    codes = at[kinds == _ESC]
    simple, simple_ends = _colours(view, np.concatenate((codes + 1, carets + 2)))
    sequences = np.concatenate((codes, carets))
    stays = np.ones(len(data), bool)
    stays[at[(kinds != _LF) & (kinds != _CR) & (kinds != _BS) & (kinds != _ESC)]] = False
    stays[returns[ends]] = False
    stays[_inside(sequences[simple], simple_ends)] = False
    odd = np.zeros(len(newlines), np.int8)  # by line
    odd[np.searchsorted(newlines, np.concatenate((at[kinds == _BS], sequences[~simple], marks)))] = 2
    frames = returns[~ends] + 1
    framed = np.searchsorted(newlines, frames)
    last = np.append(framed[1:] != framed[:-1], True)[: len(frames)]  # of its line
    frames, framed = frames[last], framed[last]
    plainly = _INK[view[frames]] & (odd[framed] == 0)
    odd[framed[~plainly]] |= 1
    stays[_inside(np.append(-1, newlines)[framed[plainly]] + 1, frames[plainly])] = False
    lines = np.flatnonzero(odd)
    if not len(lines):
        return view[stays].tobytes()
    out: list[bytes] = []
    done = 0
    for line in lines.tolist():
        start, end = int(newlines[line - 1]) + 1 if line else 0, int(newlines[line])
        if start > done:
            out.append(view[done:start][stays[done:start]].tobytes())
        if odd[line] > 1:
            raw = data[start:end]
            out += [raw[a:b] for a, b in kept(raw)]
        else:
            out.append(_last_plain(view[start:end][stays[start:end]].tobytes()))
        done = end
    out.append(view[done:][stays[done:]].tobytes())
    return b"".join(out)


def _inside(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """All places from each of the starts to its end."""
    lengths = ends - starts
    return np.repeat(ends - np.cumsum(lengths), lengths) + np.arange(lengths.sum())


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
