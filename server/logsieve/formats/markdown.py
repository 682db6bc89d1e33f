"""A summary in Markdown, as GitHub shows it for a job: what failed, its lines, and the reduced log folded away.

All that comes from a log stands in code, inline or fenced: nothing there is a link, an image, markup or a mention.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from logsieve.core.excerpts import block, reduced
from logsieve.core.render import render, visible

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.model import Excerpt

__all__ = ["Part", "Summary", "part"]

MOST = 1_000_000  # bytes; GitHub refuses summaries of more than 1 MiB, and other commands of the step may add to it
BRIEF = 200_000  # of these, for what is said of every log
OTHERS = 20  # further findings that are listed
BUDGET = 2000  # tokens of the reduced log
TITLE = 300  # characters
_TICKS = re.compile("`+")
_MARKS = re.compile(r"[\\`*_{}\[\]<>#!|~&@:]")


class Part(NamedTuple):
    """What is said of one log: in a few lines, and in detail."""

    brief: str
    rest: str


def part(answer: dict[str, Any], analysis: Analysis) -> Part:
    """What is said of one log."""
    findings, failed = answer["findings"], answer["verdict"] == "failed"
    name = "stdin" if answer["path"] == "-" else answer["path"]
    lines = [
        f"### {code(name)} {answer['verdict']}" if answer["verdict"] != "unknown" else f"### {code(name)}",
        "",
        f"{_plain(analysis.verdict_why)}; {_counted(len(analysis.text), 'line')}.",
        "",
    ]
    if not findings or not (failed or findings[0]["severity"] == "error"):
        warnings = sum(finding["severity"] == "warning" for finding in findings)
        rest = _folded(_counted(warnings, "warning"), _list(findings)) if warnings else []
        if failed:
            rest = ["No line of the log says why.", "", *_reduced(analysis)]
        return Part(_text(lines), _text(rest))
    first = findings[0]
    lines += [
        f"**{first['severity'].capitalize()}, line {analysis.findings[0].anchor + 1:,}:** {code(first['title'])}",
        "",
    ]
    rest = []
    for at in first["locations"][:3]:
        numbers = "".join(f":{at[key]}" for key in ("line", "column") if at[key])
        rest += [f"In {code(at['path'] + numbers)}", ""]
    rest += [*_fenced(analysis), ""]
    if findings[1:]:
        rest += _folded(_counted(len(findings) - 1, "more finding"), _list(findings[1:]))
    return Part(_text(lines), _text([*rest, *_reduced(analysis)]))


class Summary:
    """Puts logs together, as much of them as GitHub takes: a few lines of each before the details of any."""

    def __init__(self) -> None:
        self._brief = self._rest = self._left = self._short = 0

    def add(self, part: Part) -> str:
        """What is written of the next log."""
        size = len(part.brief.encode("utf-8", "replace"))
        if self._brief + size > BRIEF:
            self._left += 1
            return ""
        self._brief += size
        size = len(part.rest.encode("utf-8", "replace"))
        if self._rest + size > MOST - BRIEF - 1000:
            self._short += 1
            return part.brief
        self._rest += size
        return part.brief + part.rest

    def end(self) -> str:
        """What is written at the end: what had no room."""
        told = [
            f"{count:,} {what}"
            for count, what in ((self._short, "without details"), (self._left, "not shown"))
            if count
        ]
        return f"\n*Logs for which there was no room: {', '.join(told)}.*\n" if told else ""


def code(text: str) -> str:
    """The text as inline code, whatever it holds."""
    text = " ".join(visible(text).split())[:TITLE] or " "
    ticks = "`" * (1 + max((len(found) for found in _TICKS.findall(text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def _list(findings: list[dict[str, Any]]) -> list[str]:
    lines = [
        f"- {finding['severity']}, line {finding['line']:,}: {code(finding['title'])}"
        + (f" ({finding['count']:,} times)" if finding["count"] > 1 else "")
        for finding in findings[:OTHERS]
    ]
    return [*lines, f"- and {len(findings) - OTHERS:,} more"] if len(findings) > OTHERS else lines


def _fenced(analysis: Analysis) -> list[str]:
    """The lines of the root cause."""
    first = analysis.findings[0]
    shown = block(analysis, first.start, first.end, first.anchor, bare=True)
    return _lines(shown, analysis)


def _reduced(analysis: Analysis) -> list[str]:
    shown = reduced(analysis, BUDGET).excerpt
    kept = sum(piece.end - piece.start for piece in shown.pieces)
    return _folded(f"The reduced log: {kept:,} of {_counted(len(analysis.text), 'line')}", _lines(shown, analysis))


def _lines(shown: Excerpt, analysis: Analysis) -> list[str]:
    return render(shown, analysis, numbers=True, markdown=True).text.removesuffix("\n").split("\n")


def _folded(title: str, lines: list[str]) -> list[str]:
    """Lines that are shown when the title is clicked; the title is our own words."""
    return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>", ""]


def _plain(sentence: str) -> str:
    """A sentence as it is, with a capital letter: it may name a pack, which may come from anywhere."""
    return _MARKS.sub(r"\\\g<0>", visible(sentence[:1].upper() + sentence[1:]))


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
