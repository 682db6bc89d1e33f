"""Logs in zip archives by their URI: that of the archive, `!/` (quoted, as VS Code does) and the name of the member."""

from __future__ import annotations

import os
from urllib.parse import quote

from logsieve import archive
from logsieve.lsp.convert import path_of

__all__ = ["logs", "place"]


def place(uri: str) -> tuple[str, str] | None:
    """The file that a URI names on this machine, and the member of it, else ""; None as `path_of`."""
    path = path_of(uri)
    if path is None:
        return None
    file, member = archive.split(path)
    return file, member.removeprefix(os.sep).replace(os.sep, "/")


def logs(uri: str) -> list[str]:
    """The URIs of the logs in an archive; none for any other file. Reads its directory only."""
    file, member = place(uri) or ("", "")
    return [f"{uri}%21/{quote(name)}" for name in archive.jobs(file)] if file and not member else []
