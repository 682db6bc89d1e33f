"""What the front and the worker say to each other: frozen plain data."""

from __future__ import annotations

from dataclasses import dataclass
from pickle import PickleBuffer
from typing import Any

from logsieve.lsp.convert import Client, Span
from logsieve.lsp.views import Shown
from logsieve.settings import Settings

__all__ = [
    "Answer",
    "Ask",
    "Cancel",
    "Change",
    "Close",
    "Configure",
    "Dropped",
    "Edit",
    "Failed",
    "Files",
    "More",
    "Open",
    "Problems",
    "Progress",
    "RefusedError",
    "Reloaded",
]


@dataclass(frozen=True, slots=True)
class Configure:
    """The settings, the client's way of counting, the workspace's pack folders (of trusted workspaces only) and its
    folders, whose files logs may lead to.
    """

    settings: Settings
    client: Client
    folders: tuple[str, ...]
    roots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Open:
    """A document was opened with this text (UTF-8); a `quoted` one is as it stands in JSON, between the quotes."""

    uri: str
    language: str
    text: bytes | PickleBuffer
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class More:
    """The quoted text of a document that was opened goes on: it is read while the rest is on its way."""

    uri: str
    text: bytes | PickleBuffer


@dataclass(frozen=True, slots=True)
class Edit:
    """Edits to an open document, in order; without a span the text is the whole new one."""

    uri: str
    edits: tuple[tuple[Span | None, bytes], ...]


@dataclass(frozen=True, slots=True)
class Close:
    """A document was closed."""

    uri: str


@dataclass(frozen=True, slots=True)
class Files:
    """Files of the workspace were made or removed; without paths all are listed anew."""

    paths: tuple[str, ...] = ()


Change = Configure | Open | More | Edit | Close | Files


@dataclass(frozen=True, slots=True)
class Ask:
    """A question: `function` ("module:name") of (Analysis, Coordinates, *arguments). `unasked`: about logs only.

    `end`: about the end of a long text that has not been analysed yet; the answer is None where it is not such a one.
    `ready`: only where it is known already, or soon; the answer is None where a long text must be analysed first.
    `view`: positions are those of this view of the document.
    `code`: the function takes the workspace's Codebase too, behind the coordinates, and waits until its files are
    listed; with `ready` it does not wait, and may be given one without files.
    `watched`: the function takes a long time, and a callback behind the arguments that it tells its progress (0 to 1).
    """

    id: int
    uri: str
    function: str
    arguments: tuple[Any, ...]
    unasked: bool
    end: bool = False
    ready: bool = False
    view: Shown | None = None
    code: bool = False
    watched: bool = False


@dataclass(frozen=True, slots=True)
class Cancel:
    """The answer to an ask is not wanted any more."""

    id: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The value of an ask; None also where the document is no log and the ask was `unasked`."""

    id: int
    value: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """An ask ended with an error; an `expected` one is the user's to mend (a missing file), the others are ours."""

    id: int
    error: str
    expected: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """A cancelled ask is forgotten."""

    id: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an analysis is, 0 to 1, and the seconds it has taken; a fraction of None when it has ended."""

    uri: str
    fraction: float | None
    seconds: float = 0


@dataclass(frozen=True, slots=True)
class Problems:
    """What is wrong with packs and with patterns of the settings, one message each; empty when all is well."""

    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reloaded:
    """Files of packs have changed: what was known of all logs is worked out anew."""


class RefusedError(Exception):
    """What was asked for cannot be had; the message says why, to the user."""
