"""Where logs come from: files, standard input, compressed files, and the members of zip archives such as GitHub's.

A path yields its logs one at a time, so that memory stays flat. What cannot be read is yielded as an InputProblem, not
raised: the other inputs are still done.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast

from logsieve.disk import BIG, Disk

if TYPE_CHECKING:
    import zipfile

    from logsieve.text import Data

__all__ = ["EMPTY", "MAX_BYTES", "MAX_RATIO", "STDIN", "InputProblem", "Log", "jobs", "read", "split"]

STDIN = "-"  # the path that means standard input
EMPTY = "is empty"  # the reason why what holds no text is no log

MAX_BYTES = 4 << 30  # of one input, unpacked: more than any CI service keeps of a log, less than a bomb expands to
MAX_RATIO = 1100  # unpacked to packed; deflate cannot exceed 1032, and what xz, bzip2 and zstd do beyond is no log
RATIO_FLOOR = 256 << 20  # unpacked bytes up to which any ratio is fine: a short log of one repeated line is no bomb
_STEP = 1 << 20  # unpacked bytes read at a time
_ZSTD_STEP = 1 << 12  # packed bytes fed at a time; zstd packs up to 32,000 to 1, and each step is unpacked in memory

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # with members, and without
_MEMBER = re.compile(r"\.(?:log|txt)$", re.IGNORECASE)
_JOB = re.compile(r"-?[0-9]+_([^/]+)\.txt")  # the whole log of a job in GitHub's archives; its steps are in a folder


@dataclass(frozen=True, slots=True)
class Log:
    """The bytes of one log, unpacked; those of a large file stay on disk.

    `path` as given; `archive.zip!member` inside an archive, which `read` takes too; `-` for stdin.
    """

    path: str
    data: Data


@dataclass(frozen=True, slots=True)
class InputProblem:
    """Why an input cannot be read, in one line."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path or repr('')}: {self.reason}"


class _RefusedError(Exception):
    """Ends the reading of one input; the message is the reason users see."""


def read(path: str) -> Iterator[Log | InputProblem]:
    """The logs of one path in order, each read when asked for: one for a file or `archive.zip!member`, one a member for
    a zip archive.
    """
    try:
        if path == STDIN:
            yield from _read(path, "", sys.stdin.buffer)
        elif not path:
            raise _RefusedError("is no path")
        elif Path(path).is_dir():
            raise _RefusedError(f"is a folder; name the logs inside, for example {Path(path, '*.log')}")
        else:
            name, member = split(path)
            with Path(name).open("rb") as file:
                yield from _read(name, member, file)
    except (OSError, ValueError, MemoryError, _RefusedError) as error:
        yield InputProblem(path, _reason(error))


def split(path: str) -> tuple[str, str]:
    """The file that a path names, and the member where it is `archive.zip!member`, else ""."""
    marks = () if os.path.lexists(path) else re.finditer("!", path)
    files = (path[: mark.start()] for mark in marks)
    file = next((file for file in files if Path(file).is_file()), path)
    return file, path[len(file) + 1 :]


def jobs(path: str) -> list[str]:
    """The names of the logs in a zip archive, in natural order; none where the file is no such archive.

    Of GitHub's archives, which have the log of each job and in folders those of its steps once more, only the former.
    """
    import zipfile

    try:
        with Path(path).open("rb") as file:
            if file.read(4) not in _ZIP:
                return []
            with zipfile.ZipFile(file) as archive:
                names = [member.filename for member in _logs(archive)]
    except (OSError, ValueError, zipfile.BadZipFile):
        return []
    whole = {match[1] for name in names if (match := _JOB.fullmatch(name))}
    return [name for name in names if "/" not in name or name.partition("/")[0] not in whole]


def _logs(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return sorted(filter(_is_log, archive.infolist()), key=lambda member: _natural(member.filename))


def _read(path: str, member: str, stream: IO[bytes]) -> Iterator[Log | InputProblem]:
    assert isinstance(stream, io.BufferedReader)  # both sources are; others cannot peek
    head = stream.peek(8)
    if head.startswith(_ZIP):
        yield from _zip(path, member, stream if stream.seekable() else io.BytesIO(_whole(_parts(stream))))
        return
    if member:
        raise _RefusedError("is no member: the file is no zip archive")
    for magic, kind, unpack in _PACKINGS:
        if head.startswith(magic):
            packed = _Counted(stream)
            yield _log(path, _unpacked(kind, unpack, packed))
            return
    if path != STDIN and os.fstat(stream.fileno()).st_size >= BIG and Path(path).is_file():
        yield _log(path, Disk(Path(path)))
    else:
        yield _log(path, _whole(_parts(stream)))


def plain(path: str) -> InputProblem | None:
    """Why a path is no plain file of text, such as can be read while it grows; None where it is one, or still empty."""
    from logsieve.text import looks_binary

    try:
        if path and Path(path).is_dir():
            raise _RefusedError("is a folder")
        if not Path(path).is_file():
            Path(path).stat()
            raise _RefusedError("is no plain file")
        with Path(path).open("rb") as file:
            head = file.read(_STEP)
    except (OSError, ValueError, _RefusedError) as error:
        return InputProblem(path, _reason(error))
    packings = (*_ZIP, *(magic for magic, _, _ in _PACKINGS))
    if head.startswith(packings):
        return InputProblem(path, "is packed")
    return InputProblem(path, "is binary, not a log") if looks_binary(head) else None


def _zip(path: str, only: str, file: IO[bytes]) -> Iterator[Log | InputProblem]:
    import zipfile
    import zlib

    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError) as error:
        raise _RefusedError(f"is not a whole zip archive: {_reason(error)}") from error
    with archive:
        members = _logs(archive)
        if not members:
            raise _RefusedError("holds no log: no member with text in it is named *.txt or *.log")
        if only:
            members = [member for member in members if member.filename == only]
            if not members:
                raise _RefusedError("is no log in the archive")
        for member in members:
            name = f"{path}!{member.filename}"
            try:
                yield _log(name, _member(archive, member))
            # What a damaged, encrypted or oddly packed member makes zipfile raise.
            except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, MemoryError) as error:
                yield InputProblem(name, f"cannot be unpacked: {_reason(error)}")
            except _RefusedError as error:
                yield InputProblem(name, _reason(error))


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.flag_bits & 1:
        raise _RefusedError("is encrypted; unpack the archive first")
    with archive.open(member) as stream:
        return _whole(_parts(stream), lambda: member.compress_size)


def _is_log(member: zipfile.ZipInfo) -> bool:
    """Whether a member is a log. Empty ones are steps that printed nothing: no logs, and nothing is wrong with them."""
    name = member.filename
    return member.file_size > 0 and not name.startswith("__MACOSX/") and bool(_MEMBER.search(name))


def _natural(name: str) -> list[tuple[int, str]]:
    """A sort key by which `2_build` comes before `10_test`."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"([0-9]+)", name)]


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class _Counted:
    """A stream that counts the bytes taken from it. It can only be read, and unpacking does no more."""

    def __init__(self, stream: _Readable) -> None:
        self._stream = stream
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        """As `read` of the stream."""
        data = self._stream.read(size)
        self.taken += len(data)
        return data


def _parts(stream: _Readable) -> Iterator[bytes]:
    return iter(lambda: stream.read(_STEP), b"")


def _gzip(packed: _Counted) -> Iterator[bytes]:
    import gzip

    return _parts(gzip.GzipFile(fileobj=cast("IO[bytes]", packed)))


def _bzip2(packed: _Counted) -> Iterator[bytes]:
    import bz2

    return _parts(bz2.BZ2File(cast("IO[bytes]", packed)))


def _xz(packed: _Counted) -> Iterator[bytes]:
    import lzma

    return _parts(lzma.LZMAFile(cast("IO[bytes]", packed)))


def _zstd(packed: _Counted) -> Iterator[bytes]:
    import zstandard

    frame = None
    rest = b""
    while data := rest or packed.read(_ZSTD_STEP):
        frame = frame or zstandard.ZstdDecompressor().decompressobj()
        yield frame.decompress(data)
        rest = frame.unused_data
        if frame.eof:
            frame = None
    if frame:
        raise EOFError("it ends in the middle")


_PACKINGS: tuple[tuple[bytes, str, Callable[[_Counted], Iterator[bytes]]], ...] = (
    (b"\x1f\x8b", "gzip", _gzip),
    (b"BZh", "bzip2", _bzip2),
    (b"\xfd7zXZ\x00", "xz", _xz),
    (b"\x28\xb5\x2f\xfd", "zstd", _zstd),
)


def _unpacked(kind: str, unpack: Callable[[_Counted], Iterator[bytes]], packed: _Counted) -> bytes:
    try:
        return _whole(unpack(packed), lambda: packed.taken)
    except (_RefusedError, MemoryError):
        raise
    except Exception as error:  # each library has its own kind for damaged data; they share no base class
        raise _RefusedError(f"is not a whole {kind} file: {_reason(error)}") from error


def _whole(parts: Iterable[bytes], packed: Callable[[], int] | None = None) -> bytes:
    """All parts as one; refused beyond MAX_BYTES, and beyond MAX_RATIO times the bytes of what it was packed in."""
    kept: list[bytes] = []
    total = 0
    for part in parts:
        total += len(part)
        if total > MAX_BYTES:
            raise _RefusedError(f"is larger than {MAX_BYTES >> 30} GiB" + (" unpacked" if packed else ""))
        if packed and total > RATIO_FLOOR and total > MAX_RATIO * packed():
            raise _RefusedError(f"unpacks to more than {MAX_RATIO:,} times its size, as no log does")
        kept.append(part)
    return b"".join(kept)


def _log(path: str, data: Data) -> Log | InputProblem:
    from logsieve.text import looks_binary

    if all(data[at : at + _STEP].isspace() for at in range(0, len(data), _STEP)):
        return InputProblem(path, EMPTY)
    if looks_binary(data[:_STEP]):
        return InputProblem(path, "is binary, not a log")
    return Log(path, data)


def _reason(error: BaseException) -> str:
    """An exception's message in one line, as it follows a path."""
    if isinstance(error, MemoryError):
        return "does not fit in memory"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return str(error).split("\n")[0] or type(error).__name__
