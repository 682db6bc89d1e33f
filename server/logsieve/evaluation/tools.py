"""Tools that neither packs nor the model know: how much of a label the reduced log holds where they are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from logsieve.core import relevance
from logsieve.core.analysis import Analysis, analyse
from logsieve.core.fitting import LIMITS, Limits
from logsieve.core.reduce import reduce
from logsieve.core.render import render
from logsieve.evaluation.data import held
from logsieve.evaluation.examples import of_log, of_packs
from logsieve.evaluation.judges import Case
from logsieve.evaluation.left import BUDGETS
from logsieve.evaluation.measures import by_group
from logsieve.model import Category, Finding, Level
from logsieve.packs import PackSet
from logsieve.semantic.scorer import Scorer
from logsieve.semantic.training import trained

__all__ = ["left_out"]

Figures = dict[str, Any]

FITS = 3  # of so many quarters of a budget a label must fit to count as one that can be kept whole, at 4 bytes a token
LONG = 12  # characters from which an equal line elsewhere says the same
NEAR = 2  # lines beside a label that are at it, too
WEAK = 60  # score of a first finding below which the model might know better,
STRONG = 2.0  # if it is that sure (log odds);
PLACE = 8  # lines before and after its best one that are its finding then
WORTH = 5  # points that a log odd is worth where it helps to rank
MODELS = 3  # models that are trained without tools, each without a third of them: one a tool takes too long


def left_out(cases: Sequence[Case], known: PackSet, tools: int, note: Callable[[str], None]) -> Figures:
    """How much of the label the reduced log holds, with the model and without: of the logs of so many tools, those with
    most logs, each without its pack, and judged by a model that has learnt nothing from its logs, its pack's samples,
    nor any other log of their repositories.
    """
    basic = PackSet(tuple(p for p in known.packs if p.name in relevance.GENERAL or p.category is Category.INFRA))
    failing = [case for case in cases if case.relevant.any()]
    real = [case for case in failing if case.log.source != "fixtures"]
    figures: Figures = {"all packs": _reductions((case, case.log.group, case.analysis) for case in real)}
    note(f"without {len(known.packs) - len(basic.packs)} packs of tools")
    again = [(case, case.log.group, analyse(case.analysis.text, basic)) for case in real]
    figures["only runners, shell, make and generic"] = _reductions(again)
    owners = {id(case): _owner(case) for case in failing}
    counts = Counter(owner for owner in owners.values() if owner and owner not in {p.name for p in basic.packs})
    names = [name for name, _ in counts.most_common(tools)]
    rows: list[tuple[Case, str, Analysis]] = []
    for part in (names[n::MODELS] for n in range(MODELS)):
        if not part:
            continue
        note(f"without {', '.join(part)}")
        those = [case for case in failing if owners[id(case)] in part]
        scorer = _trained(cases, {case.log.group for case in those}, set(part))
        rests = {name: PackSet(tuple(p for p in known.packs if p.name != name)) for name in part}
        for case in those:
            analysis = analyse(case.analysis.text, rests[owners[id(case)]])
            vars(analysis)["likely"] = relevance.likely(analysis, scorer)  # what it would ask the shipped one
            rows.append((case, owners[id(case)], analysis))
    if rows:
        figures["without the pack of the failing tool"] = _reductions(rows)
        figures["without it, logs of others only"] = _reductions(row for row in rows if row[0].log.source != "fixtures")
        figures["tools"] = names
    return figures


def _trained(cases: Sequence[Case], groups: set[str], tools: set[str]) -> Scorer:
    learnt = [
        of_log(case.analysis, case.log, case.log.path.read_bytes())
        for case in cases
        if case.log.group not in groups and (case.log.source == "fixtures" or not held(case.log.group))
    ]
    return trained([*learnt, *(e for e in of_packs() if e.group.removeprefix("pack ") not in tools)])


def _owner(case: Case) -> str:
    """The pack of the best finding on a labelled line."""
    for finding in case.analysis.findings:
        if finding.severity is Level.ERROR and case.relevant[finding.start : finding.end].any():
            return finding.rule.partition("/")[0]
    return ""


def _reductions(rows: Iterable[tuple[Case, str, Analysis]]) -> Figures:
    """The mean over groups, each row's second."""
    figures: Figures = {}
    rows = list(rows)
    for name, limits in (("with", LIMITS), ("without", replace(LIMITS, likely=0))):
        for budget in BUDGETS:
            told = by_group((group, _held_of(case, analysis, budget, limits)) for case, group, analysis in rows)
            figures[f"{name}, {budget}"] = told
    first = by_group((group, _first(case, analysis)) for case, group, analysis in rows)
    return figures | {"first": first, "logs": len(rows)}


def _first(case: Case, analysis: Analysis) -> dict[str, float]:
    """Whether the first finding is at the label: as packs rank, as they would with the model's help, and if its
    likeliest place were a finding and stood first where theirs is weak.
    """
    found = [f for f in analysis.findings if f.severity is Level.ERROR]
    likely = analysis.likely

    def helped(finding: Finding) -> float:
        odds = [each.odds for each in likely if each.start <= finding.anchor < each.end]
        return finding.score + WORTH * max(odds, default=0.0)

    ranked = sorted(found, key=helped, reverse=True)
    first, best = ([(f.start, f.end) for f in some[:1]] for some in (found, ranked))
    place = first
    if found and found[0].score < WEAK and likely and likely[0].odds > STRONG:
        each = likely[0]
        place = [(max(each.start, each.line - PLACE), min(each.end, each.line + PLACE))]
    wanted = np.flatnonzero(case.relevant)
    said = {line for n in wanted.tolist() if len(line := analysis.text.clean(n).strip()) > LONG}
    near = {n + d for n in wanted.tolist() for d in range(-NEAR, NEAR + 1)}

    def hit(lines: list[tuple[int, int]]) -> float:
        return float(
            any(n in near or analysis.text.clean(n).strip() in said for start, end in lines for n in range(start, end))
        )

    return {"packs": hit(first), "ranked with it": hit(best), "its place first": hit(place)}


def _held_of(case: Case, analysis: Analysis, budget: int, limits: Limits) -> dict[str, float]:
    """Whether some, every, and which share of the labelled lines are in the reduced log; the latter where they fit."""
    excerpt = reduce(analysis, budget, limits=limits)
    lines = {n for piece in excerpt.pieces for n in range(piece.start, piece.end)}
    text = render(excerpt, analysis).text
    wanted = np.flatnonzero(case.relevant).tolist()
    said = [analysis.text.clean(n).strip() for n in wanted]
    hit = [n in lines or (len(line) > LONG and line in text) for n, line in zip(wanted, said, strict=True)]
    row = {"any": float(any(hit))}
    if sum(len(line.encode()) + 1 for line in said) <= FITS * budget:
        row |= {"whole": float(all(hit)), "kept": float(np.mean(hit))}
    return row
