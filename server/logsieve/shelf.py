"""Logs by their paths, for one who may see certain folders only: read, analysed, and kept at hand for the next look."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from logsieve import archive
from logsieve.archive import InputProblem
from logsieve.disk import ChangedError
from logsieve.settings import DEFAULTS, Settings

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.packs import PackSet

__all__ = ["Log", "NoLogError", "Shelf", "Source"]

MEMORY = 1 << 29  # bytes that what is at hand may take; what was used longest ago goes first
OBJECT = 600  # bytes of a block and its finding

log = logging.getLogger("logsieve.shelf")

Version = tuple[int, int, int]  # of a file: when it was written, its size, its number
Progress = Callable[[float], None]


class NoLogError(Exception):
    """The path leads to no log, or to none that may be seen; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Log:
    """A log and its name: the path as it was given, with the member of an archive."""

    name: str
    analysis: Analysis


class Shelf:
    """The logs that were asked for last, with their analyses. For one thread at a time."""

    def __init__(self, folders_of_packs: Sequence[str | Path] = (), settings: Settings = DEFAULTS) -> None:
        self._settings = settings
        self._folders_of_packs = folders_of_packs
        self._packs: PackSet | None = None
        self._kept: OrderedDict[str, tuple[Version, Analysis]] = OrderedDict()

    def paths(self) -> list[str]:
        """Where the logs at hand are, those used last first."""
        return list(self._kept)[::-1]

    def at_hand(self, path: str, version: Version) -> Analysis | None:
        """The analysis of a log, if it is of this version of its file."""
        kept = self._kept.get(path)
        if kept is None or kept[0] != version:
            return None
        self._kept.move_to_end(path)
        return kept[1]

    def analysis(self, read: archive.Log, version: Version, progress: Progress) -> Analysis:
        """The analysis of a log, made if it is not at hand. Raises what `progress` does, and ChangedError."""
        from logsieve import parallel
        from logsieve.core.analysis import analyse
        from logsieve.text import LogText

        if (known := self.at_hand(read.path, version)) is not None:
            return known
        self._kept.pop(read.path, None)
        packs = self._known_packs()
        made = analyse(LogText.from_bytes(read.data), packs, self._settings, progress, scanning=parallel.scan)
        self._kept[read.path] = version, made
        while len(self._kept) > 1 and sum(_size(analysis) for _, analysis in self._kept.values()) > MEMORY:
            self._kept.popitem(last=False)
        return made

    def _known_packs(self) -> PackSet:
        if self._packs is None:
            from logsieve import packs

            self._packs = packs.load([packs.user_folder(), *self._folders_of_packs])
            for problem in self._packs.problems:
                log.warning("%s", problem)
        return self._packs


@dataclass(frozen=True, slots=True)
class Source:
    """A path that was given, and the folders it may lead into; a relative one starts at the first of them.

    `progress` is called with the share of an analysis that is done, and may raise to stop it.
    """

    shelf: Shelf
    path: str
    folders: Sequence[Path]
    progress: Progress

    def one(self) -> Log:
        """The log, where the path leads to one. Raises NoLogError."""
        path, version = self._place()
        if (known := self.shelf.at_hand(path, version)) is not None:
            return Log(self.path, known)
        first, *more = islice(archive.read(path), 2)
        name = self._name(first, path)
        if isinstance(first, InputProblem):
            raise NoLogError(f"{name}: {first.reason}")
        if more:
            raise NoLogError(
                f"{self.path} holds several logs, {name} and {self._name(more[0], path)} among them: name one"
            )
        return Log(name, self._analysis(first, version))

    def all(self) -> Iterator[Log | InputProblem]:
        """The log, or each of those in an archive, one at a time; or why it cannot be read. Raises NoLogError."""
        path, version = self._place()
        for read in archive.read(path):
            name = self._name(read, path)
            if isinstance(read, InputProblem):
                yield InputProblem(name, read.reason)
            else:
                yield Log(name, self._analysis(read, version))

    def _analysis(self, read: archive.Log, version: Version) -> Analysis:
        try:
            return self.shelf.analysis(read, version, self.progress)
        except ChangedError as error:
            raise NoLogError(f"{self.path}: changed while it was read; try again") from error

    def _name(self, read: archive.Log | InputProblem, path: str) -> str:
        return self.path + read.path[len(path) :]

    def _place(self) -> tuple[str, Version]:
        """Where the path really leads, and the version of the file there."""
        if not self.folders:
            raise NoLogError("no folder may be read: have the client give its roots, or name one: logsieve mcp FOLDER")
        try:
            file, member = archive.split(str(self.folders[0] / self.path))
            real = Path(file).resolve()
            if not any(real.is_relative_to(folder.resolve()) for folder in self.folders):
                allowed = ", ".join(map(str, self.folders))
                raise NoLogError(f"{self.path}: lies outside of what may be read: {allowed}")
            about = real.stat()
        except OSError as error:
            raise NoLogError(f"{self.path}: {(error.strerror or str(error)).lower()}") from error
        except (ValueError, RuntimeError) as error:  # a NUL in it; links that lead in a circle
            raise NoLogError(f"{self.path!r}: is no path") from error
        if not real.is_file() and not real.is_dir():
            raise NoLogError(f"{self.path}: is no file")
        return f"{real}!{member}" if member else str(real), (about.st_mtime_ns, about.st_size, about.st_ino)


def _size(analysis: Analysis) -> int:
    """About how many bytes an analysis and its text take."""
    text = analysis.text
    data = len(text.data) if isinstance(text.data, bytes) else 0
    return (
        data
        + text.starts.nbytes
        + analysis.scanned.found.nbytes
        + analysis.sections.nbytes
        + OBJECT * len(analysis.blocks)
    )
