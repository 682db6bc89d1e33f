"""The packs that the worker uses: those that come along and those of some folders, read anew where files change."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from logsieve import packs
from logsieve.settings import DEFAULTS
from logsieve.settings import Packs as Chosen

__all__ = ["Packs"]


class Packs:
    """As a user has chosen them; read when first asked for."""

    def __init__(self) -> None:
        self._chosen: tuple[Chosen, tuple[str, ...]] = (DEFAULTS.packs, ())
        self._known: packs.PackSet | None = None
        self._files: frozenset[tuple[str, int, int]] = frozenset()  # as they were when they were read

    def choose(self, chosen: Chosen, folders: tuple[str, ...]) -> None:
        """Use what the settings say, and the folders of a workspace that the user trusts."""
        if (chosen, folders) != self._chosen:
            self._chosen, self._known = (chosen, folders), None

    def known(self) -> packs.PackSet:
        """The packs."""
        if self._known is None:
            self._files = self._found()
            self._known = packs.load(self._folders(), self._chosen[0].disabled)
        return self._known

    def changed(self) -> bool:
        """Whether files of packs are others than when they were read; they will be read anew then."""
        if self._found() == self._files:
            return False
        self._known = None
        return True

    def _folders(self) -> list[Path]:
        settings, folders = self._chosen
        return [packs.user_folder(), *(Path(folder).expanduser() for folder in (*settings.folders, *folders))]

    def _found(self) -> frozenset[tuple[str, int, int]]:
        """The files, each with its time of change and its size."""
        found = set()
        for file in (file for folder in self._folders() for file in folder.glob("*.toml")):
            with suppress(OSError):  # gone in this moment
                about = file.stat()
                found.add((str(file), about.st_mtime_ns, about.st_size))
        return frozenset(found)
