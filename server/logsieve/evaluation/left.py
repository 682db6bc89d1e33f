"""What a removal leaves of a log: its signals, its meaning, and what is found in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from logsieve.core.analysis import Analysis, analyse
from logsieve.core.reduce import reduce
from logsieve.core.render import render
from logsieve.evaluation.judges import JUDGES, Case, Embedder
from logsieve.evaluation.measures import by_group, kept
from logsieve.packs import PackSet
from logsieve.semantic.scorer import Scorer
from logsieve.text import LogText

__all__ = ["BUDGETS", "categories", "cosine", "signals"]

Figures = dict[str, Any]

SHARES = (0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)  # of the tokens, that are removed
FOUND_AT = (0.4, 0.8)  # those after which what is left is analysed again
BUDGETS = (4000, 1000)
# Who says what goes; the last two as the paper has them.
REMOVALS = ("packs, then model", "and the rest evenly", "model and packs", "rare lines", "random")
EMBEDDED = 14  # logs whose lines are embedded, and
LINES = 400  # the most lines of such a log
SAME = 0.93  # cosine that the paper's removal of 40 % leaves


def signals(scorer: Scorer, cases: Sequence[Case]) -> Figures:
    """The share of LogDx's required signals that is there after a removal by score, and in the reduced log."""
    rows: dict[str, list[float]] = {}
    for case in cases:
        scores = JUDGES["and the rest evenly"](scorer, case)
        for share in SHARES:
            lines = kept(scores, case.sizes, 1 - share)
            rows.setdefault(f"{share:.0%} removed", []).append(_signalled(case, lines, _text(case, lines)))
        for budget in BUDGETS:
            excerpt = reduce(case.analysis, budget)
            lines = np.zeros(len(case.messages), bool)
            for piece in excerpt.pieces:
                lines[piece.start : piece.end] = True
            rows.setdefault(f"reduce, {budget} tokens", []).append(
                _signalled(case, lines, render(excerpt, case.analysis).text)
            )
    return {name: float(np.mean(values)) for name, values in rows.items()}


def _text(case: Case, lines: Any) -> str:
    return "\n".join(case.analysis.text.clean(n) for n in np.flatnonzero(lines).tolist())


def _signalled(case: Case, lines: Any, text: str) -> float:
    there = [
        (bool(where) and all(lines[a:b].all() for a, b in where)) or any(said in text for said in texts)
        for texts, where in case.log.signals
    ]
    return float(np.mean(there)) if there else 1.0


def categories(scorer: Scorer, cases: Sequence[Case], known: PackSet) -> Figures:
    """The share of logs of which the first finding has the same category, and rule, in what a removal leaves."""
    rows: dict[str, list[tuple[str, dict[str, float]]]] = {}
    for case in cases:
        if not case.analysis.findings:
            continue
        for name in REMOVALS:
            scores = JUDGES[name](scorer, case)
            for share in FOUND_AT:
                text = _text(case, kept(scores, case.sizes, 1 - share))
                rows.setdefault(f"{name}, {share:.0%} removed", []).append(_agrees(case, text, known))
        for budget in BUDGETS:
            pieces = reduce(case.analysis, budget).pieces
            lines = np.zeros(len(case.messages), bool)
            for piece in pieces:
                lines[piece.start : piece.end] = True
            rows.setdefault(f"reduce, {budget} tokens", []).append(_agrees(case, _text(case, lines), known))
    return {name: by_group(of) for name, of in rows.items()}


def _agrees(case: Case, text: str, known: PackSet) -> tuple[str, dict[str, float]]:
    def first(analysis: Analysis) -> tuple[object, object]:
        finding = next(iter(analysis.findings), None)
        return (finding.category, finding.rule) if finding else (None, None)

    full, left = first(case.analysis), first(analyse(LogText.from_bytes(text.encode()), known))
    return case.log.group, {"category": float(full[0] == left[0]), "rule": float(full == left)}


def cosine(scorer: Scorer, cases: Sequence[Case], embed: Embedder) -> Figures:
    """The cosine of a log's meaning, the mean of its lines' embeddings, with that of what a removal leaves of it; and
    the largest removal (between two that were tried by a straight line) that leaves SAME.
    """
    once = {case.log.group: case for case in cases if len(case.asked) > 50}
    more = [case for case in cases if len(case.asked) > 50 and case is not once[case.log.group]]
    some = sorted([*once.values(), *more][:EMBEDDED], key=lambda case: case.log.path)
    rows: dict[str, dict[str, list[tuple[str, dict[str, float]]]]] = {}
    for case in some:
        lines = case.asked[-LINES:]
        vectors = embed([case.messages[n].decode("utf-8", "replace").strip() for n in lines.tolist()])
        sizes = case.sizes[lines]
        whole = vectors.mean(0)
        for name in REMOVALS:
            scores = JUDGES[name](scorer, case)[lines]
            for share in SHARES:
                part = vectors[kept(scores, sizes, 1 - share)]
                mean = part.mean(0) if len(part) else np.zeros_like(whole)
                near = float(whole @ mean / max(1e-9, np.linalg.norm(whole) * np.linalg.norm(mean)))
                rows.setdefault(name, {}).setdefault(str(share), []).append((case.log.group, {"cosine": near}))
    means = {name: {share: by_group(each)["cosine"] for share, each in of.items()} for name, of in rows.items()}
    return {"logs": len(some), "shares": means, "same": {name: _same(list(of.values())) for name, of in means.items()}}


def _same(cosines: Sequence[float]) -> float:
    shares, means = [0.0, *SHARES], [1.0, *cosines]
    for n in range(1, len(means)):
        if means[n] < SAME:
            return shares[n - 1] + (shares[n] - shares[n - 1]) * (means[n - 1] - SAME) / (means[n - 1] - means[n])
    return shares[-1]
