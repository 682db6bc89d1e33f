"""What is measured: how well scores tell relevant lines from others, and what may be removed by them."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Judged", "auc", "best_limit", "by_group", "chosen", "kept", "removed", "told"]

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]

TRIED = np.linspace(0.3, 0.999, 60)  # quantiles of the scores that may be a limit


class Judged(NamedTuple):
    """Lines of a log of a group: whether they are relevant, a score of each, and how many lines each stands for."""

    group: str
    truth: Bools
    scores: Floats
    weights: Floats


def auc(truth: Bools, scores: Floats, weights: Floats) -> float:
    """The chance that a relevant line has a higher score than another one; equal ones count half."""
    order = np.argsort(scores, kind="stable")
    _, ties = np.unique(scores[order], return_inverse=True)
    good = np.bincount(ties, np.where(truth, weights, 0)[order])
    bad = np.bincount(ties, np.where(truth, 0, weights)[order])
    below = np.cumsum(bad) - bad
    return float((good * (below + bad / 2)).sum() / (good.sum() * bad.sum()))


def chosen(truth: Bools, taken: Bools, weights: Floats) -> dict[str, float]:
    """Accuracy, precision, recall and F1 of the lines taken for relevant."""
    hit, wrong = float(weights[truth & taken].sum()), float(weights[~truth & taken].sum())
    missed, total = float(weights[truth & ~taken].sum()), float(weights.sum())
    return {
        "accuracy": (total - wrong - missed) / total,
        "precision": hit / (hit + wrong) if hit else 0.0,
        "recall": hit / (hit + missed),
        "f1": 2 * hit / (2 * hit + wrong + missed),
    }


def kept(scores: Floats, sizes: NDArray[np.int64], share: float) -> Bools:
    """The lines of the highest scores that hold at most a share of all bytes; of equal ones the first."""
    order = np.argsort(-scores, kind="stable")
    room = np.cumsum(sizes[order]) <= share * sizes.sum()
    lines = np.zeros(len(scores), bool)
    lines[order[room]] = True
    return lines


def removed(truth: Bools, scores: Floats, sizes: NDArray[np.int64], recall: float) -> dict[str, float]:
    """The share of lines and of bytes that may go, those of the lowest scores first, while a share of the relevant ones
    stays.
    """
    order = np.argsort(-scores, kind="stable")
    need = max(1, int(np.ceil(recall * truth.sum() - 1e-9)))
    last = int(np.flatnonzero(np.cumsum(truth[order]) >= need)[0]) + 1
    return {"lines": 1 - last / len(truth), "tokens": 1 - float(sizes[order[:last]].sum() / sizes.sum())}


def by_group(rows: Iterable[tuple[str, Mapping[str, float]]]) -> dict[str, float]:
    """The mean of each figure over the groups, of a group over its logs: those of one repository are one witness."""
    groups: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for group, row in rows:
        for key, value in row.items():
            groups[key][group].append(value)
    return {key: statistics.mean(statistics.mean(v) for v in each.values()) for key, each in groups.items()}


def best_limit(logs: Sequence[Judged], figure: str) -> float:
    """The score above which lines are to be taken for relevant, for the best mean of a figure."""
    tried = np.unique(np.quantile(np.concatenate([log.scores for log in logs]), TRIED)).tolist()

    def mean(limit: float) -> float:
        return by_group((g, {figure: chosen(truth, s > limit, w)[figure]}) for g, truth, s, w in logs)[figure]

    return float(max(tried, key=mean))


def told(logs: Sequence[Judged], limit: float, exact: float) -> dict[str, float]:
    """The mean figures where lines above a limit are taken for relevant; `best accuracy` is that above another one.
    `all lines` and `all lines, best` are the two accuracies over the lines of all logs together.
    """
    rows = []
    for group, truth, scores, weights in logs:
        row = chosen(truth, scores > limit, weights) | ({} if truth.all() else {"auc": auc(truth, scores, weights)})
        rows.append((group, row | {"best accuracy": chosen(truth, scores > exact, weights)["accuracy"]}))
    truth, scores, weights = (np.concatenate(column) for column in list(zip(*logs, strict=True))[1:])
    together = {
        name: chosen(truth, scores > above, weights)["accuracy"]
        for name, above in (("all lines", limit), ("all lines, best", exact))
    }
    return by_group(rows) | together
