"""Scores LogSieve on the repository's own fixtures: `python tests/score_fixtures.py [--list] [FAMILY[/CASE] ...]`.

What expected.toml says: `verdict`; `[root]` line, contains, category of the line an experienced engineer would point
at; `[keep]` ranges that a reduced log of 4,000 tokens must hold; `[folded]` ranges that must lie in noise. Lines are
1-based and inclusive.

What is not held yet is listed in known_misses.txt, one `family/case aspect` a line: tests fail for what is not listed,
and for what is listed but held. floors.toml says of how many fixtures each aspect holds at least; these numbers only
rise. `--update` writes the list anew and raises the floors.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logsieve import packs
from logsieve.core.analysis import Analysis, analyse
from logsieve.core.reduce import reduce
from logsieve.core.render import render
from logsieve.model import Level
from logsieve.text import LogText

FIXTURES = Path(__file__).parents[1] / "fixtures"
KNOWN = Path(__file__).with_name("known_misses.txt")
FLOORS = Path(__file__).with_name("floors.toml")
BUDGET = 4000
HEAD = "# Of how many fixtures each aspect holds at least; only rises: `python tests/score_fixtures.py --update`\n"
ASPECTS = ("verdict", "hit@1", "hit@3", "category", "keep", "folded", "quiet", "budget")


@dataclass(frozen=True)
class Case:
    """One fixture: a real log, and what must come of it."""

    name: str
    log: bytes
    expected: dict[str, Any]

    def ranges(self, table: str) -> list[tuple[int, int]]:
        """The ranges of `[keep]` or `[folded]`."""
        return [(first, last) for first, last in self.expected.get(table, {}).get("lines", [])]


@dataclass(frozen=True)
class Score:
    """Per aspect that the case speaks of, what is wrong; empty where all is well."""

    case: Case
    wrong: dict[str, str]
    tokens: int


def cases(wanted: Sequence[str] = (), folder: Path = FIXTURES) -> list[Case]:
    """All fixtures, or those of the families and cases that are named."""
    found = []
    for path in sorted(folder.glob("*/*/expected.toml")):
        name = f"{path.parts[-3]}/{path.parts[-2]}"
        if not wanted or any(name == w or name.startswith(w.rstrip("/") + "/") for w in wanted):
            expected = tomllib.loads(path.read_text("utf-8"))
            found.append(Case(name, path.with_name("log.txt").read_bytes(), expected))
    return found


def known_misses() -> set[tuple[str, str]]:
    """(case, aspect) pairs that are known not to be held yet."""
    rows = KNOWN.read_text().split("\n") if KNOWN.exists() else []
    return {(name, aspect) for name, _, aspect in (row.partition(" ") for row in rows) if name}


def floors(text: str | None = None) -> dict[str, int]:
    """Of how many fixtures each aspect holds at least, by floors.toml or a text like it."""
    text = FLOORS.read_text() if text is None else text
    return {aspect: int(count) for aspect, count in tomllib.loads(text)["held"].items()}


def held(scores: Iterable[Score]) -> dict[str, int]:
    """Of how many fixtures each aspect holds."""
    wrong = [s.wrong for s in scores]
    return {aspect: sum(told.get(aspect) == "" for told in wrong) for aspect in ASPECTS}


def score(case: Case, all_packs: packs.PackSet) -> Score:
    """Hold the engine against one fixture."""
    analysis = analyse(LogText.from_bytes(case.log), all_packs)
    excerpt = reduce(analysis, BUDGET)
    tokens = render(excerpt, analysis).tokens
    wrong = {"verdict": _verdict(case, analysis)}
    if "root" in case.expected:
        wrong |= _root(case, analysis)
    if case.ranges("keep"):
        whole = {n for piece in excerpt.pieces for n in range(piece.start, piece.end) if n not in piece.cut}
        whole |= _shown(case, analysis, {n: cut for piece in excerpt.pieces for n, cut in piece.cut.items()})
        wrong["keep"] = _missing("left out of the reduced log", case.ranges("keep"), whole, analysis)
    if case.ranges("folded"):
        folded = {n for noise in analysis.noise for n in range(noise.start, noise.end)}
        wrong["folded"] = _missing("not folded", case.ranges("folded"), folded, analysis)
    if case.expected["verdict"] == "passed":
        alarms = [f for f in analysis.findings if f.severity >= Level.ERROR]
        told = "; ".join(f"{f.rule} on line {f.anchor + 1}: {f.title}" for f in alarms[:3])
        wrong["quiet"] = f"{len(alarms)} errors found in a run that passed: {told}" if alarms else ""
    wrong["budget"] = f"{tokens} tokens in a reduced log of {BUDGET}" if tokens > BUDGET else ""
    return Score(case, wrong, tokens)


def _verdict(case: Case, analysis: Analysis) -> str:
    want = case.expected["verdict"]
    return "" if analysis.verdict == want else f"{want} expected, got {analysis.verdict}: {analysis.verdict_why}"


def _root(case: Case, analysis: Analysis) -> dict[str, str]:
    root = case.expected["root"]
    line = root["line"] - 1
    first = [f for f in analysis.findings if f.severity >= Level.WARNING][:3]
    hits = [f.start <= line < f.end for f in first]
    told = "; ".join(f"{f.rule} on lines {f.start + 1}-{f.end}: {f.title}" for f in first) or "nothing"
    miss = f"line {root['line']} ({root['contains']!r}) expected first, got {told}"
    wrong = {"hit@1": "" if any(hits[:1]) else miss, "hit@3": "" if any(hits) else miss}
    if "category" in root:
        found = next((f for f, hit in zip(first, hits, strict=True) if hit), None)
        same = found is None or found.category == root["category"]
        wrong["category"] = (
            "" if same or found is None else f"{root['category']} expected, got {found.category} ({found.rule})"
        )
    return wrong


def _shown(case: Case, analysis: Analysis, cuts: dict[int, tuple[int, int]]) -> set[int]:
    """The root's line, where it alone is larger than the budget: its window must show what the root `contains`."""
    root = case.expected.get("root", {"line": 0})
    start, end = cuts.get(root["line"] - 1, (0, 0))
    text = analysis.line(root["line"] - 1).text if end else ""
    return {root["line"] - 1} if len(text) > 4 * BUDGET and root["contains"] in text[start:end] else set()


def _missing(what: str, ranges: Iterable[tuple[int, int]], there: set[int], analysis: Analysis) -> str:
    """The lines of the ranges that are not `there`; blank lines do not count."""
    wanted = [n for first, last in ranges for n in range(first - 1, last)]
    lost = [n for n in wanted if n not in there and analysis.line(n).message.strip()]
    if not lost:
        return ""
    return f"{len(lost)} of {len(wanted)} lines {what}, first line {lost[0] + 1}: {analysis.line(lost[0]).text[:100]!r}"


def table(scores: Sequence[Score], seconds: float) -> Iterator[str]:
    """The figures, an aspect a line."""
    size = sum(len(s.case.log) for s in scores)
    yield f"{len(scores)} fixtures, {size / 1e6:.1f} MB, {seconds:.1f} s"
    for aspect in ASPECTS:
        held = [not s.wrong[aspect] for s in scores if aspect in s.wrong]
        if held:
            yield f"  {aspect:9} {statistics.mean(held):7.1%}  {sum(held)} of {len(held)}"
    yield f"  tokens    {statistics.mean(s.tokens for s in scores):7.0f}  mean at a budget of {BUDGET}"


def main() -> int:
    """Print the table, and with --list what is wrong with each fixture. Exit code 0 whatever they say: tests judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wanted", nargs="*", metavar="FAMILY[/CASE]")
    parser.add_argument("--list", action="store_true", help="name what is wrong with each fixture")
    parser.add_argument("--update", action="store_true", help="write known_misses.txt anew")
    given = parser.parse_args()
    chosen = cases(given.wanted)
    if not chosen:
        print("no such fixture", file=sys.stderr)
        return 2
    all_packs = packs.load()
    start = time.perf_counter()
    scores = [score(case, all_packs) for case in chosen]
    seconds = time.perf_counter() - start
    if given.list:
        for one in scores:
            for aspect, problem in one.wrong.items():
                if problem:
                    print(f"{one.case.name}: {aspect}: {problem}")
    if given.update:
        if given.wanted:
            parser.error("--update is about all fixtures")
        KNOWN.write_text(
            "".join(f"{s.case.name} {aspect}\n" for s in scores for aspect, told in s.wrong.items() if told)
        )
        old = floors() if FLOORS.exists() else {}
        rows = (f'"{aspect}" = {max(count, old.get(aspect, 0))}\n' for aspect, count in held(scores).items())
        FLOORS.write_text(f"{HEAD}[held]\n{''.join(rows)}")
    print("\n".join(table(scores, seconds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
