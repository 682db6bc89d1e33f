"""A file's bytes, read where they are asked for: a log of any size takes no memory, and one that is cut short while it
is read ends one analysis, not the process, as a mapped file would.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["BIG", "ChangedError", "Disk"]

BIG = 16 << 20  # bytes of a plain file from which it is read where it is needed, not whole
BLOCK = 1 << 14  # bytes read at a time where less is asked for: lines are asked for here and there
KEPT = 256  # blocks
EDGE = 1 << 16  # bytes at the start and the end by which a text is known again


class ChangedError(OSError):
    """The file is not what it was when its size was taken, or its lines were counted."""


class Disk:
    """The first `size` bytes of a file, sliced as bytes are; in another process after pickling too.

    The file is open as long as this lives: where another one takes its place, this one is still read. Raises OSError
    where the file cannot be opened, ChangedError where it has become shorter, or is another one for the next process.
    """

    __slots__ = ("_blocks", "_file", "_size", "edges", "file")

    def __init__(self, path: Path, size: int | None = None, node: int | None = None) -> None:
        self._file = path.open("rb", buffering=0)
        about = os.fstat(self._file.fileno())
        self._size = about.st_size if size is None else size
        self.file = path, about.st_ino
        self._blocks: dict[int, bytes] = {}
        if (node is not None and node != about.st_ino) or about.st_size < self._size:
            raise ChangedError(f"{path} has changed")
        self.edges = self._edges_now()

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def __reduce__(self) -> tuple[type[Disk], tuple[Path, int, int]]:
        path, node = self.file
        return Disk, (path, self._size, node)

    def grown(self, earlier: object) -> bool:
        """Whether this is a file taken up earlier that has been written on since, by its first and last bytes then."""
        if not isinstance(earlier, Disk) or earlier.file != self.file or len(earlier) > len(self):
            return False
        size = len(earlier)
        # What the earlier one would read now is this file too.
        return earlier.edges == (self[: min(size, EDGE)], self[max(0, size - EDGE) : size])

    def is_there(self) -> bool:
        """Whether no other text was put in the place of this, by its first and last bytes."""
        try:
            return self._edges_now() == self.edges
        except ChangedError:
            return False

    def _edges_now(self) -> tuple[bytes, bytes]:
        size = self._size
        return self._read(0, min(size, EDGE)), self._read(max(0, size - EDGE), size)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, key: slice) -> bytes:
        start, end, _ = key.indices(self._size)
        if end - start > BLOCK:
            return self._read(start, end)
        parts = []
        while start < end:
            number, at = divmod(start, BLOCK)
            part = self._block(number)[at : at + end - start]
            parts.append(part)
            start += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _block(self, number: int) -> bytes:
        if (block := self._blocks.get(number)) is None:
            if len(self._blocks) >= KEPT:
                self._blocks.pop(next(iter(self._blocks)))
            start = number * BLOCK
            block = self._blocks[number] = self._read(start, min(start + BLOCK, self._size))
        return block

    def _read(self, start: int, end: int) -> bytes:
        self._file.seek(start)
        parts = []
        while start < end:
            part = self._file.read(end - start)
            if not part:
                raise ChangedError(f"{self.file[0]} has become shorter")
            parts.append(part)
            start += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)
