"""The evaluation: every figure of the report, from labelled logs of repositories that the model has not seen."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from logsieve import packs
from logsieve.core import relevance
from logsieve.core.analysis import Analysis, analyse
from logsieve.core.fitting import LIMITS, Limits
from logsieve.core.reduce import reduce
from logsieve.core.render import render
from logsieve.evaluation.data import Labelled, held, labelled
from logsieve.evaluation.judges import JUDGES, Case, Embedder, Learner, embedder, tf_idf
from logsieve.evaluation.measures import auc, by_group, chosen, kept, removed
from logsieve.model import Category, Level
from logsieve.packs import PackSet
from logsieve.semantic.scorer import Scorer, loaded
from logsieve.text import LogText

__all__ = ["evaluate"]

Note = Callable[[str], None]
Figures = dict[str, Any]

RECALLS = (0.8, 0.9, 0.95, 1.0)
SHARES = (0.2, 0.4, 0.6, 0.8, 0.9, 0.95)
BUDGETS = (4000, 1000)
FITS = 3  # of so many quarters of a budget a label must fit to count as one that can be kept whole, at 4 bytes a token
LONG = 12  # characters from which an equal line elsewhere says the same
TOOLS = 20  # tools that are taken out one at a time
EMBEDDED = 24  # logs whose lines are embedded, and
LINES = 500  # the most lines of such a log
KNOWN = ("generic", "shell", "make")  # packs that stay where all tools are taken out, with those of runners


def evaluate(root: Path, note: Note, *, tools: int = TOOLS) -> Figures:
    """All figures, of the labelled logs below a folder; `note` is told what is going on."""
    started = time.monotonic()
    scorer, known = loaded(), packs.load()
    note("reading labelled logs")
    logs = {log.path: log for log in labelled(root) if log.source in ("logchunks", "cidiff", "logdx")}.values()
    cases = [_case(log, known) for log in logs]
    unseen = [case for case in cases if case.log.source != "logdx" and held(case.log.group) and case.relevant.any()]
    seen = [case for case in cases if case.log.source != "logdx" and not held(case.log.group)]
    note(f"{len(unseen)} logs of repositories that the model has not seen")
    figures: Figures = {"logs": len(cases), "unseen": len(unseen), "lines": {}, "removal": {}}
    figures["repositories"] = len({case.log.group for case in unseen})
    for name, judge in JUDGES.items():
        scores = {id(case): judge(scorer, case) for case in unseen}
        if name not in ("rare lines", "random"):
            figures["lines"][name] = by_group((case.log.group, _told(case, scores[id(case)])) for case in unseen)
        figures["removal"][name] = {
            str(recall): by_group((case.log.group, _gone(case, scores[id(case)], recall)) for case in unseen)
            for recall in RECALLS
        }
    figures["cascade"] = _cascade(scorer, unseen)
    figures["speed"] = _speed(scorer, unseen)
    figures["signals"] = _signals(scorer, [case for case in cases if case.log.source == "logdx"])
    embed = _others(figures, seen, unseen, note)
    if embed:
        note("comparing what full and reduced logs mean")
        figures["cosine"] = _cosine(scorer, unseen, embed)
    figures["tools"] = _tools(cases, known, tools, note)
    figures["seconds"] = round(time.monotonic() - started)
    return figures


def _case(log: Labelled, known: PackSet) -> Case:
    data = log.path.read_bytes()
    analysis = analyse(LogText.from_bytes(data), known)
    count = len(analysis.text)
    messages = relevance.messages(analysis, 0, count)
    said = np.array([bool(message.strip()) for message in messages], bool)
    relevant, other = log.columns(data, count)
    return Case(log, analysis, messages, relevance.columns(analysis, 0, count), relevant & said, other & said)


def _told(case: Case, scores: Any) -> dict[str, float]:
    truth, own = case.relevant[case.asked], scores[case.asked]
    return _judged(truth, own, np.ones(len(truth)))


def _judged(truth: Any, scores: Any, weights: Any) -> dict[str, float]:
    more = {} if truth.all() else {"auc": auc(truth, scores, weights)}
    return chosen(truth, scores > 0, weights) | more


def _gone(case: Case, scores: Any, recall: float) -> dict[str, float]:
    return removed(case.relevant[case.asked], scores[case.asked], case.sizes[case.asked], recall)


def _others(figures: Figures, seen: Sequence[Case], unseen: Sequence[Case], note: Note) -> Embedder | None:
    """What others do, judged by a sample of each log in which each line stands for several: to embed all takes long."""
    embed = None
    try:
        note("TF-IDF and logistic regression")
        figures["lines"]["TF-IDF + LR"] = _sampled(Learner(tf_idf(), seen), unseen)
        embed = embedder()
        note("MiniLM and logistic regression: some minutes")
        figures["lines"]["MiniLM + LR"] = _sampled(Learner(embed, seen), unseen)
    except ImportError as error:
        note(f"left out, for want of {error.name}")
    return embed


def _sampled(learner: Learner, cases: Sequence[Case]) -> dict[str, float]:
    rows = []
    for case in cases:
        lines, weights = case.sample
        truth, odds = case.relevant[lines], learner(case, lines)
        rows.append((case.log.group, _judged(truth, odds, weights)))
    return by_group(rows)


def _cascade(scorer: Scorer, cases: Sequence[Case]) -> Figures:
    """How many lines are hard to tell for the shipped model, and how often it is right on these and on the others."""
    rows = []
    for case in cases:
        odds = JUDGES["model and packs"](scorer, case)[case.asked]
        low, high = sorted(limit - scorer.relevant[1] for limit in scorer.unsure)
        unsure, right = (odds >= low) & (odds <= high), (odds > 0) == case.relevant[case.asked]
        row = {"unsure": float(unsure.mean()), "right where sure": float(right[~unsure].mean())}
        rows.append(
            (case.log.group, row | ({"right where unsure": float(right[unsure].mean())} if unsure.any() else {}))
        )
    return by_group(rows)


def _speed(scorer: Scorer, cases: Sequence[Case]) -> float:
    """Distinct lines a second of this process's own time, by themselves."""
    lines = list(dict.fromkeys(message for case in cases for message in case.messages))[:50_000]
    scorer.said(lines[:1000])
    started = time.process_time()
    scorer.said(lines)
    return len(lines) / (time.process_time() - started)


def _signals(scorer: Scorer, cases: Sequence[Case]) -> Figures:
    """The share of LogDx's required signals that is there after a removal by score, and in the reduced log."""
    rows: dict[str, list[float]] = {}
    for case in cases:
        scores = JUDGES["model and packs"](scorer, case)
        for share in SHARES:
            lines = kept(scores, case.sizes, 1 - share)
            text = "\n".join(case.analysis.text.clean(n) for n in np.flatnonzero(lines).tolist())
            rows.setdefault(f"{share:.0%} removed", []).append(_signalled(case, lines, text))
        for budget in BUDGETS:
            excerpt = reduce(case.analysis, budget)
            lines = np.zeros(len(case.messages), bool)
            for piece in excerpt.pieces:
                lines[piece.start : piece.end] = True
            rows.setdefault(f"reduce, {budget} tokens", []).append(
                _signalled(case, lines, render(excerpt, case.analysis).text)
            )
    return {name: float(np.mean(values)) for name, values in rows.items()}


def _signalled(case: Case, lines: Any, text: str) -> float:
    kept_ = [
        (bool(where) and all(lines[a:b].all() for a, b in where)) or any(said in text for said in texts)
        for texts, where in case.log.signals
    ]
    return float(np.mean(kept_)) if kept_ else 1.0


def _cosine(scorer: Scorer, cases: Sequence[Case], embed: Embedder) -> Figures:
    """The cosine of a log's meaning, the mean of its lines' embeddings, with that of what a removal leaves of it."""
    once = {case.log.group: case for case in cases if len(case.asked) > 50}
    more = [case for case in cases if len(case.asked) > 50 and case is not once[case.log.group]]
    some = sorted([*once.values(), *more][:EMBEDDED], key=lambda case: case.log.path)
    rows: dict[str, dict[str, list[tuple[str, dict[str, float]]]]] = {}
    for case in some:
        lines = case.asked[-LINES:]
        vectors = embed([case.messages[n].decode("utf-8", "replace").strip() for n in lines.tolist()])
        sizes = case.sizes[lines]
        whole = vectors.mean(0)
        for name in ("model and packs", "rare lines", "random"):
            scores = JUDGES[name](scorer, case)[lines]
            for share in SHARES:
                part = vectors[kept(scores, sizes, 1 - share)]
                mean = part.mean(0) if len(part) else np.zeros_like(whole)
                cosine = float(whole @ mean / max(1e-9, np.linalg.norm(whole) * np.linalg.norm(mean)))
                rows.setdefault(name, {}).setdefault(str(share), []).append((case.log.group, {"cosine": cosine}))
    return {name: {share: by_group(each)["cosine"] for share, each in of.items()} for name, of in rows.items()}


def _tools(cases: Sequence[Case], known: PackSet, tools: int, note: Note) -> Figures:
    """How much of the label the reduced log holds, where a tool's pack is taken out: with the model and without."""
    failing = [case for case in cases if case.log.source != "logdx" and case.relevant.any()]
    basic = PackSet(tuple(p for p in known.packs if p.name in KNOWN or p.category is Category.INFRA))
    owners = {id(case): _owner(case) for case in failing}
    counts = Counter(owner for owner in owners.values() if owner and owner not in {p.name for p in basic.packs})
    chosen_ = [name for name, _ in counts.most_common(tools)]
    figures: Figures = {"all packs": _reductions((case, case.analysis) for case in failing)}
    note(f"without {len(known.packs) - len(basic.packs)} packs of tools")
    figures["only runners, shell, make and generic"] = _reductions(_again(failing, basic))
    rows: list[tuple[Case, Analysis]] = []
    for name in chosen_:
        note(f"without the pack {name}: {counts[name]} logs")
        rest = PackSet(tuple(p for p in known.packs if p.name != name))
        rows += _again([case for case in failing if owners[id(case)] == name], rest)
    if rows:
        figures["without the pack of the failing tool"] = _reductions(rows)
        figures["tools"] = chosen_
    return figures


def _again(cases: Sequence[Case], known: PackSet) -> list[tuple[Case, Analysis]]:
    return [(case, analyse(case.analysis.text, known)) for case in cases]


def _owner(case: Case) -> str:
    """The pack of the best finding on a labelled line."""
    for finding in case.analysis.findings:
        if finding.severity is Level.ERROR and case.relevant[finding.start : finding.end].any():
            return finding.rule.partition("/")[0]
    return ""


def _reductions(rows: Iterable[tuple[Case, Analysis]]) -> Figures:
    figures: Figures = {}
    rows = list(rows)
    for name, limits in (("with", LIMITS), ("without", replace(LIMITS, likely=0))):
        for budget in BUDGETS:
            told = [(case, _held_of(case, analysis, budget, limits)) for case, analysis in rows]
            figures[f"{name}, {budget}"] = {
                "every": by_group((case.log.group, row) for case, row in told),
                "unseen": by_group((case.log.group, row) for case, row in told if held(case.log.group)),
            }
    return figures | {"logs": len(rows)}


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
