"""What a model may read of the log beyond the excerpt: a few tools, with answers bounded, redacted and fenced."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from logsieve.llm.provider import Call, Tool

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.core.excerpts import Shown
    from logsieve.core.redact import Redactor

__all__ = ["LEAST", "NO_MORE", "TOOLS", "Looked", "look"]

MOST_CALLS = 8  # of one explanation: an engineer who needs more than that reads the log
MOST = 1000  # tokens of one answer
LEAST = 100  # tokens: with fewer left there is nothing more to be had
ENDING = 40  # last lines of a section that are shown
LONGEST = 80  # characters of what a model searched for that the user is shown
NO_MORE = "No more of the log can be had. Answer with what you have."


def _tool(name: str, description: str, **parameters: str) -> Tool:
    kinds = {key: {"type": "string" if key == "text" else "integer", "description": h} for key, h in parameters.items()}
    return Tool(name, description, {"type": "object", "properties": kinds, "required": list(parameters)})


TOOLS = (
    _tool("lines", "Lines of the whole log, where the excerpt leaves out what you need.", a="First.", b="Last."),
    _tool("search", "Lines of the whole log that hold a text, in either case.", text="What to look for."),
    _tool("finding", "A finding of the list above, whole.", i="Its number."),
    _tool("section", "Beginning and end of a step or stage of the run.", line="A line in it."),
)


@dataclass(frozen=True, slots=True)
class Looked:
    """`text` is what the model gets; `told` what of the log that is, for the user; empty where it is nothing."""

    text: str
    told: str


class _RefusedError(Exception):
    """What was asked for makes no sense; the message says what would."""


def look(analysis: Analysis, redactor: Redactor, calls: Iterable[Call], tokens: int) -> tuple[Looked, ...]:
    """What the model gets for each of its calls, in their order, no more than so many tokens together.

    Pure: all calls of an explanation are given each time, so that placeholders and what is left are the same again.
    """
    return tuple(_answers(analysis, redactor, calls, tokens))


def _answers(analysis: Analysis, redactor: Redactor, calls: Iterable[Call], tokens: int) -> Iterator[Looked]:
    from logsieve.core.render import tokens_of

    for number, call in enumerate(calls):
        if number >= MOST_CALLS or tokens < LEAST:
            yield Looked(NO_MORE, "")
            continue
        try:
            what, shown = _find(analysis, redactor, call, min(MOST, tokens))
        except _RefusedError as refused:
            answer = Looked(str(refused), "")
        else:
            lines = sorted({line for part in shown for line in part.rendered.lines if line is not None})
            told = f"{what}: {_runs(lines)}" if lines else f"{what}: nothing"
            answer = Looked(_fenced(shown) if lines else "Nothing.", told)
        tokens -= tokens_of(answer.text)
        yield answer


def _find(analysis: Analysis, redactor: Redactor, call: Call, budget: int) -> tuple[str, Sequence[Shown]]:
    from logsieve.core import excerpts
    from logsieve.core.render import visible

    count = len(analysis.text)
    given = _arguments(call)
    match call.name, given:
        case "lines", {"a": int(a), "b": int(b)}:
            if not 1 <= a <= min(b, count):
                raise _RefusedError(f"No lines {a} to {b}: the log has {count:,}.")
            return "lines", [excerpts.lines(analysis, a - 1, min(b, count), budget, redactor)]
        case "search", {"text": str(text)}:
            try:
                looked_for = excerpts.Look(text)
            except ValueError as error:
                raise _RefusedError(f"{error}.") from None
            found = excerpts.search(analysis, looked_for, 0, 1, budget, redactor=redactor)
            return f"search {visible(text)[:LONGEST]!r}", [found.shown]
        case "finding", {"i": int(i)}:
            if not 1 <= i <= len(analysis.findings):
                raise _RefusedError(f"No finding {i}: there are {len(analysis.findings)}.")
            return f"finding {i}", [excerpts.reduced(analysis, budget, i - 1, redactor=redactor)]
        case "section", {"line": int(line)}:
            if not 1 <= line <= count or (index := analysis.section_at(line - 1)) < 0:
                raise _RefusedError(f"No section holds line {line}.")
            section = analysis.sections[index]
            last = max(section.start, section.end - ENDING)
            parts = [
                excerpts.lines(analysis, last, section.end, budget if last == section.start else budget // 2, redactor)
            ]
            if last > section.start:
                parts.insert(0, excerpts.lines(analysis, section.start, last, budget // 2, redactor))
            return "section", parts
    wanted = {tool.name: ", ".join(tool.parameters["properties"]) for tool in TOOLS}
    if call.name in wanted:
        raise _RefusedError(f"{call.name} takes {wanted[call.name]}.")
    raise _RefusedError(f"No such tool. There are {', '.join(wanted)}.")


def _arguments(call: Call) -> dict[str, Any]:
    """The arguments; numbers that come as text or as 12.0 are numbers, as some models write them."""
    try:
        given = json.loads(call.arguments or "{}")
    except ValueError:
        return {}
    out: dict[str, Any] = {}
    for key, value in given.items() if isinstance(given, dict) else ():
        number = str(value).removesuffix(".0")
        is_number = key != "text" and number.isascii() and number.isdecimal() and len(number) < 10
        out[key] = int(number) if is_number else value
    return out


def _fenced(shown: Sequence[Shown]) -> str:
    from logsieve.core.render import fence_for
    from logsieve.llm.prompt import fenced

    rows = "".join(part.rendered.text for part in shown).removesuffix("\n").split("\n")
    return fenced(rows, fence_for(rows))


def _runs(lines: Sequence[int]) -> str:
    """`L3, L10-L40`."""
    breaks = [0, *(n for n, (a, b) in enumerate(pairwise(lines), 1) if b != a + 1), len(lines)]
    runs = [(lines[a] + 1, lines[b - 1] + 1) for a, b in pairwise(breaks)]
    return ", ".join(f"L{first}" if first == last else f"L{first}-L{last}" for first, last in runs)
