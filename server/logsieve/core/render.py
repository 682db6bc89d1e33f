"""Rendering: an excerpt as text for clipboard, reduced view, model and terminal. The only way out: it redacts.

Line numbers are 1-based here. What leaves holds no escape sequence, no control and no invisible character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from logsieve.core import redact
from logsieve.model import Excerpt, Gap, Piece
from logsieve.settings import Redact
from logsieve.text import LogText

__all__ = ["Log", "Rendered", "cut_text", "fence_for", "gap_text", "render", "tokens_of", "view", "visible"]

LONGEST_GAP = 80  # characters of what a gap says was left out
KEY_BYTES = 1 << 16  # of the log before a piece in which the begin of a private key is looked for
MARGIN = 4096  # characters around a cut in which a secret that crosses it is still seen whole
_TICKS = re.compile("`+")


class Log(Protocol):
    """What rendering needs of an analysis: the log's text, and what of it must not leave."""

    @property
    def text(self) -> LogText:
        """The log."""

    @property
    def redact(self) -> Redact:
        """The user's choice."""


class Redaction(NamedTuple):
    """One value that was replaced: what it was, its line in the log (0-based), what stands in its place."""

    kind: str
    line: int
    placeholder: str


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
    texts, redactions = _texts(excerpt, log, redactor or redact.Redactor(analysis.redact))
    rows: list[str] = []
    lines: list[int | None] = []
    parts: list[Piece | Gap] = [*excerpt.pieces, *excerpt.gaps]
    for part in sorted(parts, key=lambda p: p.start):
        if isinstance(part, Gap):
            rows.append(gap_text(part, width if numbers else None))
            lines.append(None)
            continue
        for number in range(part.start, part.end):
            text = texts[number]
            rows.append(f"{number + 1:>{width}} | {text}".rstrip() if numbers else text)
            lines.append(number)
    if markdown:
        fence = fence_for(rows)
        rows = [f"{fence}text", *rows, fence]
        lines = [None, *lines, None]
    text = "".join(f"{row}\n" for row in rows)
    return Rendered(text, tokens_of(text), redactions, tuple(lines))


def view(excerpt: Excerpt, analysis: Log, *, numbers: bool = True) -> Rendered:
    """The text of the reduced view, by default with line numbers; `lines` leads from each of its lines back to the log.

    It stays on the user's screen: secrets alone are replaced.
    """
    return render(excerpt, analysis, numbers=numbers, redactor=redact.Redactor(analysis.redact, leaving=False))


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


def _texts(excerpt: Excerpt, log: LogText, redactor: redact.Redactor) -> tuple[dict[int, str], tuple[Redaction, ...]]:
    """The lines of the excerpt by their numbers, redacted together: what one of them gives away is gone from all."""
    numbers: list[int] = []
    windows: list[str] = []
    keep: dict[int, tuple[int, int]] = {}
    around: dict[int, tuple[str, str]] = {}  # what stands for the ends of a line that was cut
    shown: set[int] = set()
    last = 0
    for piece in sorted(excerpt.pieces, key=lambda p: p.start):
        before = max(last, _key_start(piece.start, log)) if piece.start > last else piece.start
        for number in range(before, piece.end):
            text = log.clean(number)
            skipped = piece.repeated.get(number, 0)
            if number in piece.cut:
                start, end = piece.cut[number]
                head = cut_text(start) if start > skipped else ""
                around[number] = (head, cut_text(len(text) - end) if end < len(text) else "")
                first = max(skipped, start - MARGIN)
                keep[len(windows)] = (max(start, first) - first, end - first)
                text = text[: end + MARGIN]
                skipped = first
            windows.append(text[skipped:])
            numbers.append(number)
        shown |= {*range(piece.start, piece.end)}
        last = piece.end
    redacted = redactor.redact(windows, keep)
    texts = {number: visible(text) for number, text in zip(numbers, redacted.lines, strict=True)}
    texts |= {number: head + texts[number] + tail for number, (head, tail) in around.items()}
    found = (Redaction(kind, numbers[index], placeholder) for kind, index, placeholder in redacted.found)
    return texts, tuple(redaction for redaction in found if redaction.line in shown)


def _key_start(start: int, log: LogText) -> int:
    """The line from which redaction must look: where the private key begins that `start` lies in, else `start`."""
    first = max(0, start - redact.KEY_LINES, int(log.starts.searchsorted(log.starts[start] - KEY_BYTES)))
    data = log.raw_bytes(first, start)
    at = max(data.rfind(b"PRIVATE KEY"), data.rfind(b"Private-"))
    number = first + data.count(b"\n", 0, at) if at >= 0 else start
    return number if at >= 0 and redact.opens_key(log.clean(number)) else start
