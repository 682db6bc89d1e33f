"""The texts that the worker knows, open documents and files, and what has been found in them, within a budget."""

from __future__ import annotations

import os
import stat
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

from logsieve import archive
from logsieve.disk import BIG, Disk
from logsieve.lsp.archives import place
from logsieve.lsp.buffer import Buffer
from logsieve.lsp.convert import Coordinates
from logsieve.lsp.messages import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from logsieve.core.analysis import Analysis
    from logsieve.text import Data, LogText

FILES_KEPT = 4  # files that are not open: a reduced view and its original, and a little more
SMALL = 64 << 20  # bytes of files up to which more of them are kept: the jobs of a run
MEMORY = 1 << 30  # bytes that analyses may take; those used longest ago are dropped, and made again when asked for
OBJECT = 600  # bytes of a block and its finding


@dataclass(slots=True)
class Document:
    """A text and what has been found in it so far; `analysis` is computed when first asked for.

    `earlier` is the last analysis of an earlier text, of which the first `unchanged` bytes are the same, and
    `earlier_at` its coordinates.
    """

    language: str | None  # None for a file that is not open
    buffer: Buffer | None
    packed: bool = False  # an editor cannot show it as it is
    data: Data | None = None  # of a file, until its lines are counted
    log: LogText | None = None  # of the text as it is now
    analysis: Analysis | None = None
    coordinates: Coordinates | None = None
    earlier: Analysis | None = None
    earlier_at: Coordinates | None = None
    unchanged: int = 0
    used: int = 0
    looked: bool = False  # whether a first look has been taken, and what it is good for
    first: tuple[Analysis, Coordinates] | None = None

    @property
    def size(self) -> int:
        """The bytes of the text as it is now."""
        if self.buffer is not None:
            return len(self.buffer)
        return len(self.text().data if self.data is None else self.data)

    def text(self, look: Callable[[], object] = lambda: None) -> LogText:
        """The text as it is now. `look` is called now and then while lines are counted, and may raise."""
        if self.log is None:
            from logsieve.text import LogText

            if self.buffer is None:
                assert self.data is not None
                self.log = LogText.from_bytes(self.data, look)
                self.data = None
            elif self.earlier:
                self.log = self.earlier.text.changed(self.buffer.data(), self.unchanged, look)
            else:
                self.log = LogText(self.buffer.data(), look=look)
        return self.log

    def change(self, first: int) -> None:
        """The text has changed from a byte on."""
        if self.analysis:
            self.earlier, self.earlier_at, self.unchanged = self.analysis, self.coordinates, first
        self.unchanged = min(self.unchanged, first)
        self.log = self.analysis = self.coordinates = None

    def forget(self) -> None:
        """Give back the memory of what can be worked out again."""
        self.analysis = self.coordinates = self.earlier = self.earlier_at = self.first = None
        self.looked = False
        if self.buffer:
            self.log = None


class Store:
    """The open documents by their URI, and the files that were asked about last."""

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        self.files: OrderedDict[str, tuple[tuple[int, int, int], Document]] = OrderedDict()
        self._uses = count()

    def at(self, uri: str) -> Document:
        """The open document, or the file on disk as it is now. Raises RefusedError where there is no text to be had."""
        document = self.documents.get(uri) or self._file(uri)
        document.used = next(self._uses)
        return document

    def known(self, uri: str) -> Document | None:
        """A file that was asked about before and has not changed since."""
        if (known := self.files.get(uri)) and (found := place(uri)):
            with suppress(OSError):
                return known[1] if _stamp(Path(found[0]).stat()) == known[0] else None
        return None

    def _file(self, uri: str) -> Document:
        found = place(uri)
        if found is None:
            raise RefusedError(f"neither an open document nor a file: {uri}")
        file, member = found
        path = f"{file}!{member}" if member else file
        try:
            about = Path(file).stat()
            if not stat.S_ISREG(about.st_mode):  # a pipe or a device may never end
                raise RefusedError(f"{path} is not a file")
            stamp = _stamp(about)
            known = self.files.get(uri)
            if known and known[0] == stamp:
                self.files.move_to_end(uri)
                return known[1]
            document = Document(None, None, *_read(path, bool(member), about.st_size))
        except OSError as error:
            raise RefusedError(f"cannot read {path}: {error.strerror or error}") from error
        if known:
            document.earlier = known[1].analysis or known[1].earlier
        self.files[uri] = stamp, document
        self.files.move_to_end(uri)
        while len(self.files) > FILES_KEPT and sum(kept.size for _, kept in self.files.values()) > SMALL:
            self.files.popitem(last=False)
        return document

    def forget(self, but: Document) -> None:
        """Drop the analyses used longest ago until the rest fits into MEMORY."""
        documents = [*self.documents.values(), *(document for _, document in self.files.values())]
        room = MEMORY - _size(but)
        for document in sorted(documents, key=lambda document: -document.used):
            if document is not but:
                room -= _size(document)
                if room < 0:
                    document.forget()


def _read(path: str, packed: bool, size: int) -> tuple[bool, Data]:
    """Whether a file is packed, and its bytes. Raises OSError and RefusedError."""
    from logsieve.text import looks_binary

    if not packed:
        data = Disk(Path(path)) if size >= BIG else Path(path).read_bytes()
        if not looks_binary(data[:8192]):
            return False, data
    first, *more = islice(archive.read(path), 2)
    if isinstance(first, archive.InputProblem):
        raise RefusedError(str(first))
    if more:
        raise RefusedError(f"{path} holds several logs: name one, such as {first.path}")
    return True, first.data


def _stamp(about: os.stat_result) -> tuple[int, int, int]:
    """What a file is known by."""
    return about.st_ino, about.st_mtime_ns, about.st_size


def _size(document: Document) -> int:
    """About how many bytes an analysis takes."""
    known = document.analysis or document.earlier
    return known.scanned.found.nbytes + known.sections.nbytes + OBJECT * len(known.blocks) if known else 0
