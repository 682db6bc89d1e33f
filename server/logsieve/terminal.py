"""Text for people: what each operation's answer looks like on a terminal or in a pipe.

Log text never reaches a terminal unsanitised. Colours are for terminals, unless a user or NO_COLOR, FORCE_COLOR or
CLICOLOR_FORCE say otherwise.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from logsieve.model import Outcome, duration_text

if TYPE_CHECKING:
    from rich.text import Text

    from logsieve.core.analysis import Analysis
    from logsieve.model import Finding

__all__ = [
    "VIEWS",
    "Row",
    "coloured",
    "counted",
    "others",
    "rows",
    "sanitised",
    "styled",
    "text",
    "verdict",
    "width",
]

PIPE_WIDTH = 200  # columns of a line of the log where there is no terminal to ask
LEAST = 20  # columns that something of the log gets however narrow the terminal
BLOCK = 20  # lines of the root cause's block that are shown
SHORT, CONTEXT = 5, 2  # a block of fewer lines is shown with so many around it
NOTED, END = 5, 3  # of a run that did not fail: warnings, and lines up to the one that says how it ended
OTHERS = 20  # further findings that are listed
REASONS = 5  # reasons of noise, and sections, that are listed

# Controls but tab and line feed (C0, DEL, C1), line separators, and marks that reorder text.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

Span = tuple[str, str]  # text and rich style
Row = list[Span]

SEVERITY_STYLE = {"error": "bold red", "warning": "yellow", "info": "cyan"}
VERDICT_STYLE = {"failed": "bold red", "passed": "bold green", "unknown": "bold yellow"}


def sanitised(text: str) -> str:
    """The text with a replacement character for whatever a terminal would obey instead of show."""
    return _CONTROL.sub("\ufffd", text)


def counted(count: int, noun: str) -> str:
    """The count with its noun, "1 line" or "2,000 lines"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def width() -> int:
    """The columns that lines of a log are cut to: those of the terminal, if stdout is one."""
    return shutil.get_terminal_size((PIPE_WIDTH, 0)).columns if sys.stdout.isatty() else PIPE_WIDTH


def rows(operation: str, answer: dict[str, Any], analysis: Analysis, columns: int) -> list[Row]:
    """An operation's answer for people."""
    return list(VIEWS[operation](answer, analysis, columns))


def coloured(when: str = "auto", stream: TextIO | None = None) -> bool:
    """Whether a stream (None: stdout) gets colours: `when` is "always", "never", or "auto", for as the environment
    says, and where that says nothing, on terminals.
    """
    if when != "auto":
        return when == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return (stream or sys.stdout).isatty() and os.environ.get("TERM") != "dumb"


def text(rows: Iterable[Row], coloured: bool) -> str:
    """Rows as they are printed."""
    if not coloured:
        return "".join(sanitised("".join(text for text, _ in row)) + "\n" for row in rows)
    from rich.console import Console

    console = Console(
        file=io.StringIO(),
        force_terminal=True,
        no_color=False,
        color_system="standard",
        legacy_windows=False,
        highlight=False,
        soft_wrap=True,
        markup=False,
        emoji=False,
    )
    with console.capture() as shown:
        for row in rows:
            console.print(styled(row))
    return shown.get()


def styled(row: Row) -> Text:
    """A row as rich has it."""
    from rich.text import Text

    return Text.assemble(*((sanitised(text), style) for text, style in row))


def _triage(answer: dict[str, Any], analysis: Analysis, columns: int) -> Iterator[Row]:
    path, findings = answer["path"], answer["findings"]
    yield verdict(answer, analysis)
    shown = 0  # findings shown with their lines
    if findings and (findings[0]["severity"] == "error" or answer["verdict"] != "passed"):
        yield []
        yield from _root(path, findings[0], analysis, columns)
        shown = 1
    elif answer["verdict"] == "failed" and len(analysis.text):
        yield []
        yield [("No line of the log says why. Its end:", "")]
        yield from _excerpt(analysis, max(0, len(analysis.text) - BLOCK), len(analysis.text), -1, columns)
    if findings[shown:]:
        yield []
        yield [("Also" if shown else "Nothing failed. Noted on the way", "bold")]
        yield from others(path, findings[shown:], analysis.findings[shown:], columns)
    yield from _rest(analysis)


def _run(answer: dict[str, Any], analysis: Analysis, columns: int) -> Iterator[Row]:
    """What follows the output of a command: of one that failed what triage shows, else as little as can be."""
    if answer["verdict"] == "failed":
        yield from _triage(answer, analysis, columns)
    else:
        yield from _fine(answer, analysis, columns)


def _filter(answer: dict[str, Any], analysis: Analysis, columns: int) -> Iterator[Row]:
    """What stands for a command's output in a pipe. The root cause comes last, where people look first."""
    answer["path"] = "stdin"
    if answer["verdict"] != "failed":
        yield from _fine(answer, analysis, columns)
        end = analysis.ended + 1 if analysis.ended >= 0 else len(analysis.text)
        while end and not analysis.text.clean(end - 1).strip():
            end -= 1
        yield from _excerpt(analysis, max(0, end - END), end, -1, columns, 0)
        return
    yield from _reduce(answer, analysis, columns)
    yield []
    yield verdict(answer, analysis)
    if answer["findings"]:
        yield from _head(answer["path"], answer["findings"][0], analysis, columns)


def _fine(answer: dict[str, Any], analysis: Analysis, columns: int) -> Iterator[Row]:
    yield verdict(answer, analysis)
    warnings = [n for n, told in enumerate(answer["findings"]) if told["severity"] in ("error", "warning")]
    for n in warnings[:NOTED]:
        yield _line(answer["path"], answer["findings"][n], analysis.findings[n], columns)
    if warnings[NOTED:]:
        yield [(f"  and {counted(len(warnings) - NOTED, 'more warning')}", "dim")]


def verdict(answer: dict[str, Any], analysis: Analysis) -> Row:
    """How the run of a log ended, and why we think so."""
    return [
        (f"{answer['path']}: ", "bold"),
        (answer["verdict"], VERDICT_STYLE[answer["verdict"]]),
        (f" ({analysis.verdict_why}; {counted(len(analysis.text), 'line')})", ""),
    ]


def _root(path: str, finding: dict[str, Any], analysis: Analysis, columns: int) -> Iterator[Row]:
    first = analysis.findings[0]
    yield from _head(path, finding, analysis, columns)
    yield []
    yield from _excerpt(analysis, first.start, first.end, first.anchor, columns)
    yield []
    yield [(f"First because: {'; '.join(finding['why'])}", "dim")]


def _head(path: str, finding: dict[str, Any], analysis: Analysis, columns: int) -> Iterator[Row]:
    """The root cause in some words."""
    times = f", {finding['count']} times" if finding["count"] > 1 else ""
    yield [
        (f"{finding['severity']}", SEVERITY_STYLE.get(finding["severity"], "")),
        (f"  {path}:{analysis.findings[0].anchor + 1}", "bold"),
        (f"  {finding['category']}{times}", "dim"),
    ]
    yield [(_cut(finding["title"], 2 * columns), "bold")]
    for place in finding["locations"][:3]:
        numbers = "".join(f":{place[key]}" for key in ("line", "column") if place[key])
        yield [(f"in {place['path']}{numbers}", "cyan")]


def others(path: str, findings: list[dict[str, Any]], same: Sequence[Finding], columns: int) -> Iterator[Row]:
    """Findings, a line each; a word for those beyond OTHERS."""
    for shown, finding in zip(findings[:OTHERS], same, strict=False):
        yield _line(path, shown, finding, columns)
    if len(findings) > OTHERS:
        yield [(f"  and {len(findings) - OTHERS} more", "dim")]


def _line(path: str, shown: dict[str, Any], finding: Finding, columns: int) -> Row:
    """A finding on one line."""
    count = f"  ({shown['count']} times)" if shown["count"] > 1 else ""
    severity = shown["severity"]
    place = f"{path}:{finding.anchor + 1}"
    return [
        (f"  {severity:8}", SEVERITY_STYLE.get(severity, "")),
        (place, ""),
        (f"  {_cut(shown['title'], columns - 12 - len(place) - len(count))}", ""),
        (count, "dim"),
    ]


def _rest(analysis: Analysis) -> Iterator[Row]:
    """Where the rest of the log went."""
    reasons: Counter[str] = Counter()
    for noise in analysis.noise:
        reasons[noise.reason] += noise.end - noise.start
    passed: list[int] = analysis.sections.ended(Outcome.PASSED).nonzero()[0].tolist()  # there may be a million
    if not reasons and not passed:
        return
    yield []
    if reasons:
        parts = [f"{lines:,} {reason}" for reason, lines in reasons.most_common(REASONS)]
        yield [(f"{reasons.total():,} lines say nothing new: {_listed(parts, len(reasons))}", "dim")]
    if passed:
        titles = [analysis.sections.title(index) for index in passed[:REASONS]]
        yield [(f"{counted(len(passed), 'section')} passed: {_listed(titles, len(passed))}", "dim")]


def _listed(shown: list[str], count: int) -> str:
    """Reasons and titles hold commas themselves."""
    return "; ".join(shown) + (f"; and {count - len(shown)} more" if count > len(shown) else "")


def _excerpt(
    analysis: Analysis, start: int, end: int, anchor: int, columns: int, context: int = CONTEXT
) -> Iterator[Row]:
    """Lines start..end with their numbers; a long block keeps its head, the lines around its anchor, and its end, a
    short one has context.
    """
    from logsieve.core.excerpts import block
    from logsieve.core.render import render

    if end - start < SHORT:
        start, end = max(0, start - context), min(len(analysis.text), end + context)
    text = render(block(analysis, start, end, anchor, BLOCK, sys.maxsize), analysis, numbers=True).text
    for line in text.removesuffix("\n").split("\n"):
        number, bar, rest = line.partition(" | ")
        marked = number.strip() == str(anchor + 1)
        yield [(number + bar, "dim"), (_cut(rest, columns - len(number + bar)), "bold red" if marked else "")]


def _cut(text: str, room: int) -> str:
    """The text cut to so many columns, but some are left always; it says that it was cut."""
    room = max(room, LEAST)
    text = text.expandtabs(4)
    return text if len(text) <= room else text[: room - 1] + "…"


def _reduce(answer: dict[str, Any], _: Analysis, __: int) -> Iterator[Row]:
    for line in answer["text"].removesuffix("\n").split("\n"):
        number, bar, rest = line.partition(" | ")
        yield [(number + bar, "dim"), (rest, "" if number.strip().isdecimal() else "dim italic")]


def _sections(answer: dict[str, Any], _: Analysis, columns: int) -> Iterator[Row]:
    found = answer["sections"]
    yield [(f"{answer['path']}: ", "bold"), (counted(len(found), "section") if found else "no sections", "")]
    depth: list[int] = []
    for section in found:
        depth.append(0 if section["parent"] is None else depth[section["parent"]] + 1)
        code = f", exit code {section['exit_code']}" if section["exit_code"] is not None else ""
        took = f", {duration_text(section['seconds'])}".rstrip(", ")
        place = f"{section['line']}-{section['end_line']}"
        yield [
            (f"{place:>15}  {'  ' * depth[-1]}", "dim"),
            (_cut(section["title"], columns - 40 - 2 * depth[-1]), ""),
            (
                f"  {section['outcome']}{code}{took}",
                VERDICT_STYLE[section["outcome"]] if section["outcome"] != "unknown" else "dim",
            ),
        ]


def _templates(answer: dict[str, Any], _: Analysis, columns: int) -> Iterator[Row]:
    found = sorted(answer["templates"], key=lambda template: -template["count"])
    yield [
        (f"{answer['path']}: ", "bold"),
        (f"{counted(len(found), 'template')} in {counted(len(answer['lines']), 'line')}", ""),
    ]
    for template in found:
        yield [(f"{template['count']:>9,}  ", "dim"), (_cut(template["template"], columns - 11), "")]


def _search(answer: dict[str, Any], _: Analysis, columns: int) -> Iterator[Row]:
    hits = answer["hits"]
    yield [
        (f"{answer['path']}: ", "bold"),
        (f"{counted(len(hits), 'kind')} of lines" if hits else "no line says that", ""),
    ]
    for hit in hits:
        place = f"{hit['line']:>9,}  "
        count = f"  ({hit['count']:,} lines)" if hit["count"] > 1 else ""
        yield [
            (place, "dim"),
            (_cut(hit["text"], columns - len(place) - len(count)), "bold" if hit["score"] == 1 else ""),
            (count, "dim"),
        ]


def _explain(answer: dict[str, Any], _: Analysis, __: int) -> Iterator[Row]:
    """What follows the answer, which was printed as it came: what of it the log does not bear out."""
    total = answer["verified"] + answer["unverified"]
    if answer["text"]:
        yield []
        yield []
        yield [(f"{answer['verified']} of {total} references to the log hold.", "bold")]
        for line in answer["text"].split("\n") if answer["unverified"] else ():
            if " *(not " in line:  # how llm.verify marks what does not hold
                yield [(f"  {line}", "yellow")]
    if answer["further"]:
        yield []
        yield [("Sent as well, because the model asked for it:", "bold")]
        yield from ([(f"  {told}", "")] for told in answer["further"])


VIEWS = {
    "triage": _triage,
    "reduce": _reduce,
    "sections": _sections,
    "templates": _templates,
    "search": _search,
    "explain": _explain,
    "filter": _filter,
    "run": _run,
}
