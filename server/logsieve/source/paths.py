"""Paths of any machine, as text."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["alike", "is_absolute", "joined", "steps"]


def is_absolute(path: str) -> bool:
    """Whether a path begins at a root, a drive or a share."""
    return path[:1] in ("/", "\\") or (path[1:2] == ":" and path[:1].isalpha())


def steps(path: str) -> list[str]:
    """The folders and the name of a path, `.` and `..` resolved as far as they can be, the drive without case."""
    found: list[str] = []
    for part in path.replace("\\", "/").split("/"):
        if part == ".." and found:
            found.pop()
        elif part not in ("", ".", ".."):
            found.append(part)
    if found and found[0][1:] == ":":
        found[0] = found[0].lower()
    return found


def joined(folder: str, path: str) -> str:
    """A path as seen from a folder."""
    return path if is_absolute(path) or not folder else f"{folder.rstrip('/')}/{path}"


def alike(a: Sequence[str], b: Sequence[str]) -> int:
    """How many parts at the end of two paths are alike."""
    count = 0
    for x, y in zip(reversed(a), reversed(b), strict=False):
        if x != y and x.casefold() != y.casefold():
            break
        count += 1
    return count
