"""The table of what LogSieve can do with a log. The command line and the MCP server are loops over it.

Each operation is a pure function of an Analysis that returns plain data, fit for JSON. Lines are 1-based and inclusive
here: this is where LogSieve's own counting ends and its readers' begins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from logsieve.parameters import Operation, Parameter, option, setting
from logsieve.settings import DEFAULTS, Llm

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.llm.explain import Prepared
    from logsieve.llm.provider import Call
    from logsieve.llm.reading import Looked
    from logsieve.model import Finding, Piece

__all__ = ["FILTER", "OPERATIONS", "RUN"]


def triage(analysis: Analysis, path: str) -> dict[str, Any]:
    """The verdict and the findings, best first."""
    told = ((f.title, f.message, *f.why, *(at.path for at in f.locations)) for f in analysis.findings)
    safe = _safe(analysis, chain.from_iterable(told))
    return {
        "path": path,
        "verdict": str(analysis.verdict),
        "findings": [_finding(finding, safe) for finding in analysis.findings],
    }


def _finding(finding: Finding, safe: Mapping[str, str]) -> dict[str, Any]:
    return {
        "line": finding.start + 1,
        "end_line": finding.end,
        "severity": finding.severity.word,
        "category": str(finding.category),
        "rule": finding.rule,
        "title": safe[finding.title],
        "message": safe[finding.message],
        "locations": [{"path": safe[at.path], "line": at.line, "column": at.column} for at in finding.locations],
        "count": finding.count,
        "why": [safe[why] for why in finding.why],
    }


def reduce(analysis: Analysis, path: str, budget: int, numbers: bool) -> dict[str, Any]:
    """The reduced log: the lines kept, their text, its size, what was left out, and what was redacted."""
    from logsieve.core.excerpts import reduced

    shown = reduced(analysis, budget, numbers=numbers)
    return {
        "path": path,
        "lines": _runs(shown.excerpt.pieces),
        "text": shown.rendered.text,
        "tokens": shown.rendered.tokens,
        "omitted": [
            {"start": gap.start + 1, "end": gap.end, "lines": gap.end - gap.start, "what": gap.what}
            for gap in shown.excerpt.gaps
        ],
        "redacted": [
            {"line": found.line + 1, "kind": found.kind, "placeholder": found.placeholder}
            for found in shown.rendered.redactions
        ],
    }


def sieve(analysis: Analysis, path: str, budget: int) -> dict[str, Any]:
    """What `triage` answers, and of a run that failed the reduced log."""
    answer = triage(analysis, path)
    return answer | reduce(analysis, path, budget, numbers=True) if answer["verdict"] == "failed" else answer


def _runs(pieces: Iterable[Piece]) -> list[list[int]]:
    """First and last line of each run of lines; pieces that touch are one run."""
    runs: list[list[int]] = []
    for piece in pieces:
        if runs and runs[-1][1] == piece.start:
            runs[-1][1] = piece.end
        else:
            runs.append([piece.start + 1, piece.end])
    return runs


def templates(analysis: Analysis, path: str) -> dict[str, Any]:
    """The kinds of lines: their templates in the order in which they first occur, and which of them each line is."""
    from logsieve.core import templates as core

    kinds: dict[int, int] = {}  # shape -> index into `firsts`
    firsts: list[str] = []
    of_line: list[int] = []
    for line, shape in enumerate(analysis.shapes.tolist()):
        if shape not in kinds:
            kinds[shape] = len(firsts)
            firsts.append(analysis.line(line).message)
        of_line.append(kinds[shape])
    told = core.templates(firsts)
    texts = {text: number for number, text in enumerate(dict.fromkeys(told))}
    lines = [texts[told[kind]] for kind in of_line]
    counts = Counter(lines)
    return {
        "path": path,
        "templates": [
            {"id": f"E{i + 1}", "template": text, "count": counts[i]}
            for i, text in enumerate(_safe(analysis, texts).values())
        ],
        "lines": [f"E{i + 1}" for i in lines],
    }


def sections(analysis: Analysis, path: str) -> dict[str, Any]:
    """The runner's own units (steps, groups, stages) in order, with how each ended."""
    safe = _safe(analysis, (section.title for section in analysis.sections))
    return {
        "path": path,
        "sections": [
            {
                "title": safe[section.title],
                "kind": section.kind,
                "line": section.start + 1,
                "end_line": section.end,
                "outcome": str(section.outcome),
                "exit_code": section.exit_code,
                "seconds": section.seconds,
                "parent": section.parent if section.parent >= 0 else None,
            }
            for section in analysis.sections
        ],
    }


def explain(
    analysis: Analysis,
    path: str,
    *,
    finding: int | None,
    workspace: str,
    approve: Callable[[Prepared], bool],
    on_chunk: Callable[[str], None],
    note: Callable[[str], None],
    **llm: Any,
) -> dict[str, Any]:
    """Ask a model about the failure, or about one finding (1-based), and check its answer against the log.

    `workspace` is the folder whose functions go along, where the failure went through them. `llm` are the settings of
    that name. `approve` is shown what would be sent, and decides. `on_chunk` gets the answer as it comes, `note` what
    else happens.
    """
    import asyncio

    from logsieve.codebase import Codebase
    from logsieve.llm.errors import LlmError
    from logsieve.llm.explain import looked, prepare, run, smaller
    from logsieve.llm.verify import Code, verify

    settings = replace(DEFAULTS, llm=Llm(**{key: llm[option(key)] for key in LLM}))
    answer: dict[str, Any] = {"path": path, "endpoint": settings.llm.endpoint, "model": settings.llm.model}
    answer |= {"payload": "", "tokens": 0, "text": "", "verified": 0, "unverified": 0, "further": [], "error": None}
    if finding and finding > len(analysis.findings):
        return answer | {"error": f"there is no finding {finding}; the log has {len(analysis.findings)}"}
    index = finding - 1 if finding else None
    code = Codebase((workspace,))
    if settings.llm.source:
        code.index()
    source = code.functions(analysis, index, settings.llm.source)
    prepared = prepare(analysis, settings, index, source)
    answer |= {"payload": prepared.payload, "tokens": prepared.tokens}
    if not approve(prepared):
        return answer
    if prepared.problem:
        return answer | {"error": prepared.problem}

    async def look(calls: Sequence[Call]) -> Sequence[Looked]:
        return looked(analysis, settings, index, prepared.payload, calls, source)

    async def less(times: int, tools: bool) -> str | None:
        return smaller(analysis, settings, index, prepared.payload, times, tools, source)

    try:
        text, further = asyncio.run(run(prepared.payload, settings, on_chunk, note=note, look=look, less=less))
    except LlmError as error:
        text, further = error.partial, error.further
        answer["error"] = str(error)
    checked = verify(text, analysis, code=[Code(p.path, "", p.first, p.lines) for p in prepared.source])
    answer |= {"text": checked.text, "verified": checked.verified, "unverified": checked.unverified}
    return answer | {"further": list(further)}


def search(
    analysis: Analysis, path: str, text: str, most: int, meaning: bool, model: str, lines: int, seconds: int
) -> dict[str, Any]:
    """The lines that say about what a text says, best first. What only a secret says does not count.

    By `meaning` too, at most so many `lines` and for so many `seconds`, where what that takes is installed.
    """
    from logsieve.search import Search
    from logsieve.semantic.meaning import MeaningError, nearness

    found = Search(analysis, text, most, lambda messages: _safe(analysis, messages), lines if meaning else 0)
    near, error = [], None
    if meaning:
        try:
            near = nearness(text, found.texts, model, seconds)
        except MeaningError as problem:
            error = str(problem)
    return {
        "path": path,
        "text": text,
        "hits": [
            {"line": hit.line + 1, "text": hit.text, "score": round(hit.score, 3), "count": hit.count}
            for hit in found.hits(near)
        ],
        "error": error,
    }


def _safe(analysis: Analysis, texts: Iterable[str]) -> dict[str, str]:
    """Pieces of log text as they may leave: without secrets and without what a terminal would obey.

    They are looked at together and each once, so that a value has one number and is gone from all of them.
    """
    from logsieve.core.redact import Redactor
    from logsieve.core.render import visible

    distinct = tuple(dict.fromkeys(texts))
    return dict(zip(distinct, map(visible, Redactor(analysis.redact).texts(distinct)), strict=True))


LLM = [field.name for field in fields(Llm)]

_TRIAGE = Operation(
    "triage",
    "Name the root cause of a failed run, the other findings, and where the rest of the log went.",
    "path, verdict (failed, passed or unknown) and findings, best first: line, end_line, severity, category, rule, "
    "title, message, locations, count, why",
    triage,
    formats=("text", "json", "jsonl", "markdown", "github", "sarif"),
)

OPERATIONS: tuple[Operation, ...] = (
    _TRIAGE,
    Operation(
        "reduce",
        "Print the reduced log: the lines that explain the failure, within a budget of tokens.",
        "path, lines (first and last of each run that was kept), text, tokens, omitted: start, end, lines, what, and "
        "redacted: line, kind, placeholder",
        reduce,
        (
            setting(DEFAULTS.reduce, "budget"),
            Parameter("numbers", bool, False, "Put its number before each line of the text."),
        ),
    ),
    Operation(
        "sections",
        "Print the outline: steps, groups and stages with how each ended.",
        "path and sections: title, kind, line, end_line, outcome, exit_code, seconds, parent (an index)",
        sections,
    ),
    Operation(
        "templates",
        "Group the lines of a log by their template, the line without its variables.",
        "path, templates (id, template, count) and lines: the id of each line's template",
        templates,
        formats=("text", "json", "jsonl", "csv"),
    ),
    Operation(
        "search",
        "Find the lines that say about what a text says: a few words, or a line of another log.",
        "path, text, hits, best first: line, text, score (1: all that was asked for), count (lines that differ in "
        "numbers alone), and error (why meaning had no part, or null)",
        search,
        (
            Parameter("text", str, None, "What to look for: words in any order, spelt about right.", required=True),
            Parameter("most", int, 20, "Most lines that are shown.", minimum=1, maximum=1000),
            Parameter(
                "meaning", bool, False, "Also lines that mean the same in other words; needs the extra semantic."
            ),
            *(setting(DEFAULTS.semantic, key) for key in ("model", "lines", "seconds")),
        ),
    ),
    Operation(
        "explain",
        "Ask a language model to explain the failure; shows first what would be sent where.",
        "path, endpoint, model, payload (the body of the request), tokens (its size), text (the answer), verified and "
        "unverified (how many of its claims the log bears out, or does not), further (what else of the log was sent, "
        "because the model asked for it), error (or null)",
        explain,
        (
            Parameter(
                "finding", int, None, "Explain the finding of this number; triage lists them, 1 first.", minimum=1
            ),
            Parameter("workspace", str, ".", "Folder with the code that the log is about."),
            *(setting(DEFAULTS.llm, key) for key in LLM),
        ),
    ),
)

# What the command line does with what is piped into it without a word from the user, and after a command's output.
FILTER = Operation(
    "filter",
    "Pass a run's output through: of one that passed a few lines, of one that failed the reduced log.",
    f"{_TRIAGE.answer}; of a failed run also what reduce answers",
    sieve,
    (setting(DEFAULTS.reduce, "budget"),),
    formats=("text",),
)
RUN = replace(_TRIAGE, name="run", summary="Run a command, and triage what it printed.")
