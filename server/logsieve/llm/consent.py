"""Consent: which endpoints the user agreed to send excerpts to, and from which workspace. Kept in the user's data
folder, private to them.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

__all__ = ["Consent", "Granted"]


class Granted(NamedTuple):
    """One thing the user agreed to. `workspace` is a folder; empty for logs that belong to none. `code` is whether they
    saw that code of the workspace goes along with what is sent of a log.
    """

    endpoint: str
    workspace: str
    code: bool = False


class Consent:
    """What is remembered. A file that is missing, unreadable or damaged means that nothing was agreed to."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or _default_path()

    def granted(self, endpoint: str, workspace: str, code: bool = False) -> bool:
        """Whether the user agreed to this before. Another path, port or scheme is another endpoint; who agreed to send
        of logs alone is asked again where `code` goes along.
        """
        wide = _entry(endpoint, workspace)._replace(code=True)
        return bool(self._read() & ({wide} if code else {wide, wide._replace(code=False)}))

    def all(self) -> list[Granted]:
        """Everything that was agreed to."""
        return sorted(self._read())

    def grant(self, endpoint: str, workspace: str, code: bool = False) -> None:
        """Remember it. Raises OSError where the data folder cannot be written."""
        entry = _entry(endpoint, workspace)
        if not self.granted(endpoint, workspace, code):
            self._write((self._read() - {entry}) | {entry._replace(code=code)})

    def revoke(self, endpoint: str, workspace: str | None = None) -> int:
        """Forget the endpoint, in all workspaces unless one is named; how many entries that were.

        Raises OSError where the data folder cannot be written.
        """
        known, name = self._read(), _entry(endpoint, workspace or "")
        gone = {g for g in known if g.endpoint == name.endpoint and workspace in (None, g.workspace)}
        if gone:
            self._write(known - gone)
        return len(gone)

    def _read(self) -> frozenset[Granted]:
        try:
            stored = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError):
            return frozenset()
        entries = stored.get("granted") if isinstance(stored, dict) else None
        told = [
            (entry.get("endpoint"), entry.get("workspace"), entry.get("code") is True)
            for entry in (entries if isinstance(entries, list) else ())
            if isinstance(entry, dict)
        ]
        return frozenset(Granted(e, w, c) for e, w, c in told if isinstance(e, str) and e and isinstance(w, str))

    def _write(self, granted: Iterable[Granted]) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes the file private from the start; replacing it is atomic, so that no reader sees half of it.
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".consent-")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"granted": [g._asdict() for g in sorted(granted)]}, file, indent=2)
            temporary.replace(self.path)
        finally:
            temporary.unlink(missing_ok=True)


def _entry(endpoint: str, workspace: str) -> Granted:
    return Granted(endpoint.strip().rstrip("/"), workspace)


def _default_path() -> Path:
    from platformdirs import user_data_path

    return user_data_path("logsieve", appauthor=False) / "consent.json"
