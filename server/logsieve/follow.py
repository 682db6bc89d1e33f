"""Follows a log that grows: an analysis of it whenever it has changed, and word of what became of its file."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from logsieve.core.analysis import Analysis
from logsieve.disk import Disk
from logsieve.text import LogText

__all__ = ["Event", "State", "states"]

SOON, LATER = 0.2, 0.5  # seconds between two looks at the file: while it changes, and when it has not for PATIENCE
PATIENCE = 25  # looks
SETTLED = 5  # looks without a change after which what stands at the end is taken to be whole
TRIES = 5  # times in a row that a file may change under our eyes
ENDS = 1 << 12  # bytes at the start, and at the end, by which a file is known again
MARK = 4  # bytes that tell the encoding


class Event(StrEnum):
    """What became of the file since the last look."""

    GROWN = "grown"
    TRUNCATED = "truncated"  # it is shorter, or holds something else: it is read anew
    REPLACED = "replaced"  # another file has taken its place, as when logs are rotated: that one is read
    GONE = "gone"
    SETTLED = "settled"  # nothing for a while


@dataclass(frozen=True, slots=True)
class State:
    """A log as it is now; where its file is gone, as it was."""

    event: Event
    analysis: Analysis


def states(
    path: str, analysed: Callable[[LogText, Analysis | None], Analysis], wait: Callable[[float], None]
) -> Iterator[State]:
    """The log as it is, and again after each change, for ever.

    `analysed` is given a text, and the analysis of what it was before it grew; `wait` the seconds to the next look.
    """
    watch = _Watch(Path(path))
    analysis: Analysis | None = None
    idle = 0  # looks without a change
    tries = 0
    while True:
        began = time.monotonic()
        event = watch.look()
        idle = 0 if event else idle + 1
        if event and event is not Event.GONE and watch.data is not None:
            if event is not Event.GROWN:
                analysis = None
            try:
                analysis = analysed(_text(watch.data, analysis), analysis)
                tries = 0
            except Exception:
                # Nothing else raises, but a file that is written anew while it is read can be like no text at all.
                if (tries := tries + 1) == TRIES:
                    raise
                watch.distrust()
                event = None
        if idle == SETTLED:
            event = Event.SETTLED
        if event and analysis:
            yield State(event, analysis)
        # What follows a log leaves half of the time to those who write it.
        wait(max(SOON if idle < PATIENCE else LATER, time.monotonic() - began))


def _text(data: Disk, earlier: Analysis | None) -> LogText:
    """The text of a file; where it was analysed before and has only grown, the index of its lines is gone on with."""
    if earlier and isinstance(earlier.text.data, Disk) and len(earlier.text.data) >= MARK:
        return earlier.text.changed(data, len(earlier.text.data))
    return LogText.from_bytes(data)


class _Watch:
    """A path, and the file that was there at the last look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] = ()  # what tells cheaply that nothing has changed; empty where no file was there
        self._ends = b"", b""
        self.data: Disk | None = None

    def look(self) -> Event | None:
        """What became of the file since the last look; its bytes as they are now are in `data`."""
        try:
            about = self._path.stat()
            seen = about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns
            if seen == self._seen:
                return None
            if not stat.S_ISREG(about.st_mode):
                raise FileNotFoundError
            data = Disk(self._path)
            event = self._became(data)
            self._ends = data[:ENDS], data[max(0, len(data) - ENDS) :]
        except OSError:
            was, self._seen = self._seen, ()
            return Event.GONE if was else None
        self._seen, self.data = seen, data
        return event

    def distrust(self) -> None:
        """The file was not what it seemed: whatever is there next is read anew."""
        self._seen, self._ends = (), (b"\\0", b"\\0")

    def _became(self, now: Disk) -> Event | None:
        was = self.data
        if was is None:
            return Event.GROWN
        if was.file != now.file:
            return Event.REPLACED
        head, tail = self._ends
        if len(now) < len(was) or (now[: len(head)], now[len(was) - len(tail) : len(was)]) != (head, tail):
            return Event.TRUNCATED
        return Event.GROWN if len(now) > len(was) or not self._seen else None
