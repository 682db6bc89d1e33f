"""Consent: which endpoints the user agreed to send excerpts to, kept in the user's data folder, private to them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

__all__ = ["Consent"]


class Consent:
    """The remembered endpoints. A file that is missing, unreadable or damaged means that nothing was agreed to."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or _default_path()

    def granted(self, endpoint: str) -> bool:
        """Whether the user agreed to this endpoint before. Another path, port or scheme is another endpoint."""
        return _name(endpoint) in self._read()

    def endpoints(self) -> list[str]:
        """Those that were agreed to."""
        return sorted(self._read())

    def grant(self, endpoint: str) -> None:
        """Remember the endpoint. Raises OSError where the data folder cannot be written."""
        self._write(self._read() | {_name(endpoint)})

    def revoke(self, endpoint: str) -> None:
        """Forget the endpoint. Raises OSError where the data folder cannot be written."""
        known = self._read()
        if _name(endpoint) in known:
            self._write(known - {_name(endpoint)})

    def _read(self) -> frozenset[str]:
        try:
            stored = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError):
            return frozenset()
        endpoints = stored.get("endpoints") if isinstance(stored, dict) else None
        if not isinstance(endpoints, list):
            return frozenset()
        return frozenset(e for e in endpoints if isinstance(e, str) and e)

    def _write(self, endpoints: Iterable[str]) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes the file private from the start; replacing it is atomic, so that no reader sees half of it.
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".consent-")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"endpoints": sorted(endpoints)}, file, indent=2)
            temporary.replace(self.path)
        finally:
            temporary.unlink(missing_ok=True)


def _name(endpoint: str) -> str:
    return endpoint.strip().rstrip("/")


def _default_path() -> Path:
    from platformdirs import user_data_path

    return user_data_path("logsieve", appauthor=False) / "consent.json"
