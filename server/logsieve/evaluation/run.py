"""The evaluation: every figure of the report, from labelled logs of repositories that the model has not seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from logsieve import packs
from logsieve.core import relevance
from logsieve.core.analysis import analyse
from logsieve.evaluation.data import Labelled, held, labelled
from logsieve.evaluation.judges import JUDGES, RANKS, Case, Learner, embedder, tf_idf
from logsieve.evaluation.left import categories, cosine, signals
from logsieve.evaluation.measures import Judged, best_limit, by_group, removed, told
from logsieve.evaluation.tools import left_out
from logsieve.packs import PackSet
from logsieve.semantic.scorer import Scorer, loaded
from logsieve.text import LogText

__all__ = ["evaluate"]

Note = Callable[[str], None]
Figures = dict[str, Any]

RECALLS = (0.8, 0.9, 0.95, 1.0)
TOOLS = 20  # tools that are taken out one at a time
LEARNT = ("model, in context", "model and packs")  # whose limit, 0, was found in training, on what they had not seen
SURE = 70  # score of a finding from which packs are sure
PARTS: dict[str, Callable[[Case], bool]] = {
    "LogChunks": lambda case: case.log.source == "logchunks",
    "CiDiff": lambda case: case.log.source == "cidiff",
    "at most half of a log labelled": lambda case: bool(case.relevant[case.asked].mean() <= 0.5),
}


def evaluate(folders: Sequence[Path], note: Note, *, tools: int = TOOLS) -> Figures:
    """All figures, of the labelled logs below some folders; `note` is told what is going on."""
    started = time.monotonic()
    scorer, known = loaded(), packs.load()
    note("reading labelled logs")
    logs = {log.path: log for folder in folders for log in labelled(folder) if log.source != "passing"}.values()
    cases = [_case(log, known) for log in logs]
    real = [case for case in cases if case.log.source in ("logchunks", "cidiff") and case.relevant.any()]
    unseen = [case for case in real if held(case.log.group)]
    seen = [case for case in real if not held(case.log.group)]
    note(f"{len(unseen)} logs of repositories that the model has not seen")
    figures: Figures = {"logs": len(cases), "unseen": len(unseen), "lines": {}, "parts": {}, "removal": {}}
    figures["repositories"] = len({case.log.group for case in unseen})
    for name, judge in JUDGES.items():
        scores = [judge(scorer, case) for case in unseen]
        if name not in RANKS:
            learnt = [_judged(case, judge(scorer, case)) for case in seen]
            here = [_judged(case, own) for case, own in zip(unseen, scores, strict=True)]
            _tell(figures, name, unseen, here, learnt, limit=0.0 if name in LEARNT else None)
        if name != "nothing is relevant":
            gone = {
                recall: [_gone(case, own, recall) for case, own in zip(unseen, scores, strict=True)]
                for recall in RECALLS
            }
            figures["removal"][name] = {str(recall): by_group(rows) for recall, rows in gone.items()}
    figures["speed"] = _speed(scorer, unseen)
    figures["signals"] = signals(scorer, [case for case in cases if case.log.source == "logdx"])
    note("comparing what is found in full and in reduced logs")
    figures["categories"] = categories(scorer, unseen, known)
    embed = embedded = None
    try:
        note("TF-IDF and logistic regression")
        _other(figures, "TF-IDF + LR", Learner(tf_idf(), seen), unseen)
        embed = embedder()
        note("MiniLM and logistic regression: some minutes")
        embedded = _other(figures, "MiniLM + LR", Learner(embed, seen), unseen)
    except ImportError as error:
        note(f"left out, for want of {error.name}")
    figures["tiers"] = _tiers(scorer, unseen, embedded)
    if embed:
        note("comparing what full and reduced logs mean")
        figures["cosine"] = cosine(scorer, unseen, embed)
    figures["tools"] = left_out([case for case in cases if case.log.source != "logdx"], known, tools, note)
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


def _judged(case: Case, scores: Any) -> Judged:
    return Judged(case.log.group, case.relevant[case.asked], scores[case.asked], np.ones(len(case.asked)))


def _gone(case: Case, scores: Any, recall: float) -> tuple[str, dict[str, float]]:
    return case.log.group, removed(case.relevant[case.asked], scores[case.asked], case.sizes[case.asked], recall)


def _tell(
    figures: Figures,
    name: str,
    cases: Sequence[Case],
    here: Sequence[Judged],
    learnt: Sequence[Judged],
    limit: float | None,
) -> None:
    """How well a judge tells lines apart; its limits are those that are best on the logs that it learnt from."""
    limits = best_limit(learnt, "f1") if limit is None else limit, best_limit(learnt, "accuracy")
    figures["lines"][name] = told(here, *limits)
    for part, belongs in PARTS.items():
        some = [judged for case, judged in zip(cases, here, strict=True) if belongs(case)]
        if some:
            figures["parts"].setdefault(part, {})[name] = told(some, *limits)


def _other(figures: Figures, name: str, learner: Learner, unseen: Sequence[Case]) -> list[Judged]:
    """What others do, judged by a sample of each log in which each line stands for several: to embed all takes long."""
    here = [learner.judged(case, *case.sample) for case in unseen]
    _tell(figures, name, unseen, here, learner.learnt, limit=None)
    limit = best_limit(learner.learnt, "f1")
    return [judged._replace(scores=judged.scores - limit) for judged in here]


def _tiers(scorer: Scorer, cases: Sequence[Case], embedded: Sequence[Judged] | None) -> Figures:
    """Which share of the lines each tier judges, and how often it is right: packs where they are sure, the shipped one
    where it is, and of what is left the shipped model and one of sentence-transformers. Over the samples of the logs.
    """
    rows: dict[str, list[tuple[str, dict[str, float]]]] = {}
    low, high = (limit - scorer.relevant[1] for limit in scorer.unsure)
    for number, case in enumerate(cases):
        lines, weights = case.sample
        truth, odds = case.relevant[lines], JUDGES["model and packs"](scorer, case)[lines]
        packs_ = case.columns.findings[lines] >= SURE
        unsure = (odds >= low) & (odds <= high) & ~packs_
        tiers = {
            "packs, where they are sure": (packs_, packs_),
            "the shipped model, where it is sure": (~packs_ & ~unsure, odds > 0),
            "the shipped model, of the rest": (unsure, odds > 0),
        }
        if embedded:
            tiers["MiniLM + LR, of the rest"] = (unsure, embedded[number].scores > 0)
        for name, (those, taken) in tiers.items():
            row = {"share": float(weights[those].sum() / weights.sum())}
            if those.any():
                row["right"] = float(weights[those & (taken == truth)].sum() / weights[those].sum())
            rows.setdefault(name, []).append((case.log.group, row))
    return {name: by_group(of) for name, of in rows.items()}


def _speed(scorer: Scorer, cases: Iterable[Case]) -> float:
    """Distinct lines a second of this process's own time, by themselves."""
    lines = list(dict.fromkeys(message for case in cases for message in case.messages))[:50_000]
    scorer.said(lines[:1000])
    started = time.process_time()
    scorer.said(lines)
    return len(lines) / (time.process_time() - started)
