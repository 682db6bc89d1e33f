"""Rendering: an excerpt as text for clipboard, reduced view, model and terminal. The only way out: it redacts.

Line numbers are 1-based here. What leaves holds no escape sequence, no control and no invisible character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from logsieve.core import redact
from logsieve.model import Excerpt, Gap, Piece
from logsieve.text import LogText

__all__ = ["Log", "Rendered", "cut_text", "fence_for", "gap_text", "render", "tokens_of", "view", "visible"]

LONGEST_GAP = 80  # characters of what a gap says was left out
MARGIN = 4096  # characters around a cut in which a secret that crosses it is still seen whole
_TICKS = re.compile("`+")


class Log(Protocol):
    """What rendering needs of an analysis: the log's text."""

    @property
    def text(self) -> LogText:
        """The log."""


class Redaction(NamedTuple):
    """One secret that was replaced: what it was, and its line in the log (0-based)."""

    kind: str
    line: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """`text`, its size in tokens, what was redacted, and per line of `text` the log's line (0-based) or None."""

    text: str
    tokens: int
    redactions: tuple[Redaction, ...]
    lines: tuple[int | None, ...]


def render(
    excerpt: Excerpt,
    analysis: Log,
    *,
    numbers: bool = False,
    markdown: bool = False,
    redactor: redact.Redactor | None = None,
) -> Rendered:
    """The excerpt as text: the log's own lines, gaps marked.

    `numbers` puts line numbers in front, `markdown` a fence around; a `redactor` shares its numbering of secrets with
    what else is said beside the excerpt.
    """
    log = analysis.text
    width = len(str(len(log)))
    redactor = redactor or redact.Redactor()
    rows: list[str] = []
    lines: list[int | None] = []
    redactions: list[Redaction] = []
    parts: list[Piece | Gap] = [*excerpt.pieces, *excerpt.gaps]
    for part in sorted(parts, key=lambda p: p.start):
        if isinstance(part, Gap):
            rows.append(gap_text(part, width if numbers else None))
            lines.append(None)
            continue
        texts, found = _piece(part, log, redactor)
        redactions += found
        for number, text in enumerate(texts, part.start):
            rows.append(f"{number + 1:>{width}} | {text}".rstrip() if numbers else text)
            lines.append(number)
    if markdown:
        fence = fence_for(rows)
        rows = [f"{fence}text", *rows, fence]
        lines = [None, *lines, None]
    text = "".join(f"{row}\n" for row in rows)
    return Rendered(text, tokens_of(text), tuple(redactions), tuple(lines))


def view(excerpt: Excerpt, analysis: Log) -> Rendered:
    """The text of the reduced view, with line numbers; `lines` leads from each of its lines back to the log."""
    return render(excerpt, analysis, numbers=True)


def gap_text(gap: Gap, width: int | None = None) -> str:
    """The line that stands for a gap; `width` is that of the line numbers beside it, None where there are none."""
    count = gap.end - gap.start
    lines = f"{count:,} line{'' if count == 1 else 's'}"
    what = f": {visible(gap.what)[:LONGEST_GAP]}" if gap.what else ""
    if width is None:
        return f"[... {lines} left out{what}]"
    return f"{'...':>{width}} | [{lines}{what}]"


def cut_text(count: int) -> str:
    """What stands for characters left out of a long line."""
    return f"[... {count:,} characters]"


def tokens_of(text: str) -> int:
    """Size in tokens: 4 bytes of UTF-8 each, rounded up."""
    return -(-len(text.encode("utf-8", "replace")) // 4)


def fence_for(rows: Sequence[str]) -> str:
    """A Markdown fence that no run of backticks in these lines can close."""
    longest = max((len(ticks) for row in rows for ticks in _TICKS.findall(row)), default=0)
    return "`" * max(3, longest + 1)


def visible(text: str) -> str:
    """The text with control and invisible characters (but tabs) shown as U+FFFD or `?`, never longer in bytes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _stand_in(c) for c in text)


def _stand_in(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    if character == "\t" or category in ("Co", "Cn"):  # icons of terminal fonts, and characters newer than this Python
        return character
    return "\ufffd" if ord(character) >= 0x800 else "?"


def _piece(piece: Piece, log: LogText, redactor: redact.Redactor) -> tuple[list[str], Iterator[Redaction]]:
    before = _key_start(piece.start, log)
    numbers = range(before, piece.end)
    windows: list[str] = []
    keep: dict[int, tuple[int, int]] = {}
    for index, number in enumerate(numbers):
        text = log.clean(number)
        skipped = piece.repeated.get(number, 0)
        if number in piece.cut:
            start, end = piece.cut[number]
            first = max(skipped, start - MARGIN)
            keep[index] = (max(start, first) - first, end - first)
            text = text[: end + MARGIN]
            skipped = first
        windows.append(text[skipped:])
    redacted = redactor.redact(windows, keep)
    texts = [visible(text) for text in redacted.lines[piece.start - before :]]
    for number, (start, end) in piece.cut.items():
        length = len(log.clean(number))
        head = cut_text(start) if start > piece.repeated.get(number, 0) else ""
        tail = cut_text(length - end) if end < length else ""
        texts[number - piece.start] = head + texts[number - piece.start] + tail
    found = (Redaction(kind, numbers[index]) for kind, index in redacted.found if numbers[index] >= piece.start)
    return texts, found


def _key_start(start: int, log: LogText) -> int:
    """The line from which redaction must look: where the private key begins that `start` lies in, else `start`."""
    first = max(0, start - redact.KEY_LINES)
    before = log.raw_bytes(first, start)
    if b"PRIVATE KEY" not in before and b"Private-" not in before:
        return start
    for number in range(start - 1, first - 1, -1):
        if b"PRIVATE KEY" in log.raw(number) or b"Private-" in log.raw(number):
            return number if redact.opens_key(log.clean(number)) else start
    return start
