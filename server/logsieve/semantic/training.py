"""How the weights of the shipped model come from labelled logs: the same ones from the same logs, with numpy alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from logsieve.semantic.context import Columns, features
from logsieve.semantic.ngrams import BITS, ngrams
from logsieve.semantic.scorer import Network, Scorer, times

__all__ = ["Example", "trained"]

SEED = 7
FOLDS = 3  # the networks learn from what weights of other folds say: what a line says is no news to those it taught
MOST_RELEVANT, MOST_OTHER = 200, 300  # lines of a log that are learnt from: a long one is no more of a witness
EPOCHS, BATCH, RATE, DECAY = 4, 4096, 0.1, 1e-5  # of the weights (Adagrad: Duchi et al., 2011)
HIDDEN, ROUNDS, STEP, SHRINK = 24, 12, 3e-3, 1e-4  # of the networks (Adam: Kingma and Ba, 2014)
UNSURE = 0.1  # share of the relevant lines that may lie below what is hard to tell
CLIP = 0.9995  # quantile of the weights' sizes that is the largest a byte holds

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Example:
    """A log to learn from, or some lines without a log (`columns` is None).

    `relevant` are the lines to find, `other` those that are none: bool of shape [lines]; what is neither says nothing.
    Of a `group` all logs are in one fold. `weight` is how much the log counts.
    """

    group: str
    messages: list[bytes]
    columns: Columns | None
    relevant: NDArray[np.bool_]
    other: NDArray[np.bool_]
    weight: float = 1.0


def trained(examples: Sequence[Example]) -> Scorer:
    """The model of some examples."""
    logs = [example for example in examples if example.columns is not None]
    said: dict[int, Floats] = {}
    for fold in range(FOLDS):
        part = _weights([example for example in examples if _fold(example.group) != fold])
        said |= {id(log): part.said(log.messages) for log in logs if _fold(log.group) == fold}
    networks, limits = [], []
    for packs in (False, True):
        found = {id(log): features(said[id(log)], log.messages, log.columns, packs) for log in logs if log.columns}
        networks.append(_network(logs, found))
        limits.append(_limits(logs, [networks[-1](found[id(log)]) for log in logs]))
    whole = _weights(examples)
    (alone, _), (beside, unsure) = limits
    return Scorer(whole.weights, whole.unit, whole.bias, networks[0], networks[1], (alone, beside), unsure)


def _fold(group: str) -> int:
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) % FOLDS


def _chosen(example: Example, random: np.random.Generator) -> list[tuple[NDArray[np.int64], float, float]]:
    """Lines of an example, whether they are relevant, and what each of them counts."""
    chosen = []
    for column, relevant, most in ((example.relevant, 1.0, MOST_RELEVANT), (example.other, 0.0, MOST_OTHER)):
        lines = np.flatnonzero(column)
        if len(lines) > most:
            lines = np.sort(random.choice(lines, most, replace=False))
        if len(lines):
            chosen.append((lines, relevant, example.weight / len(lines) ** 0.5))
    return chosen


def _weights(examples: Sequence[Example]) -> Scorer:
    """A scorer that has weights and no networks: logistic regression over n-grams."""
    random = np.random.Generator(np.random.PCG64(SEED))
    chosen = [(e, *each) for e in examples for each in _chosen(e, random)]
    messages = [e.messages[n] for e, lines, _, _ in chosen for n in lines.tolist()]
    sizes = [len(lines) for _, lines, _, _ in chosen]
    truth = np.repeat(np.array([relevant for _, _, relevant, _ in chosen], np.float32), sizes)
    counts = np.repeat(np.array([count for *_, count in chosen], np.float32), sizes)
    counts /= counts.mean()
    order = random.permutation(len(messages))
    weights, squares = np.zeros(1 << BITS, np.float32), np.full(1 << BITS, 1e-6, np.float32)
    bias, square = 0.0, 1e-6
    for _ in range(EPOCHS):
        for at in range(0, len(order), BATCH):
            batch = order[at : at + BATCH]
            buckets, line = ngrams([messages[n] for n in batch.tolist()])
            scale = 1 / np.sqrt(np.maximum(1, np.bincount(line, minlength=len(batch))))
            odds = np.bincount(line, weights[buckets], len(batch)) * scale + bias
            slope = (1 / (1 + np.exp(-odds)) - truth[batch]) * counts[batch] / len(batch)
            change = np.bincount(buckets, (slope * scale)[line], 1 << BITS).astype(np.float32)
            at_all = np.flatnonzero(change)
            change = change[at_all] + DECAY * weights[at_all]
            squares[at_all] += change * change
            weights[at_all] -= RATE * change / np.sqrt(squares[at_all])
            square += float(slope.sum()) ** 2
            bias -= RATE * float(slope.sum()) / square**0.5
    unit = float(np.quantile(np.abs(weights[weights != 0]), CLIP)) / 127 if weights.any() else 1.0
    small = np.clip(np.rint(weights / unit), -127, 127).astype(np.int8)
    none = Network(*(np.zeros(0, np.float32) for _ in range(6)))
    return Scorer(small, unit, bias, none, none, (0.0, 0.0), (0.0, 0.0))


def _network(logs: Sequence[Example], found: dict[int, Floats]) -> Network:
    random = np.random.Generator(np.random.PCG64(SEED))
    chosen = [(log, *each) for log in logs for each in _chosen(log, random)]
    rows = np.concatenate([found[id(log)][lines] for log, lines, _, _ in chosen])
    truth = np.concatenate([np.full(len(lines), relevant, np.float32) for _, lines, relevant, _ in chosen])
    counts = np.concatenate([np.full(len(lines), count, np.float32) for _, lines, _, count in chosen])
    counts /= counts.mean()
    mean, spread = rows.mean(0), rows.std(0) + np.float32(1e-3)
    width = rows.shape[1]
    inner = (random.standard_normal((width, HIDDEN)) / width**0.5).astype(np.float32)
    outer = (random.standard_normal(HIDDEN) / HIDDEN**0.5).astype(np.float32)
    shift, bias = np.zeros(HIDDEN, np.float32), np.zeros(1, np.float32)
    network = Network(mean, spread, inner, shift, outer, bias)
    parts = (inner, shift, outer, bias)
    first, second = ([np.zeros_like(part) for part in parts] for _ in range(2))
    plain = np.clip((rows - mean) / spread, -5, 5)
    steps = ROUNDS * -(-len(rows) // 1024)
    step = 0
    for _ in range(ROUNDS):
        order = random.permutation(len(rows))
        for at in range(0, len(rows), 1024):
            step += 1
            batch = order[at : at + 1024]
            x = plain[batch]
            hidden = np.tanh(times(x, inner) + shift)
            odds = times(hidden, outer) + bias
            slope = ((1 / (1 + np.exp(-odds)) - truth[batch]) * counts[batch] / len(batch)).astype(np.float32)
            back = slope[:, None] * outer * (1 - hidden * hidden)
            changes = (times(x.T, back), back.sum(0), times(hidden.T, slope), slope.sum(keepdims=True))
            for part, change, m, v in zip(parts, changes, first, second, strict=True):
                m += 0.1 * (change - m)
                v += 0.001 * (change * change - v)
                size = np.sqrt(v / (1 - 0.999**step)) + 1e-8
                part -= STEP * (1 - step / (steps + 1)) * (m / (1 - 0.9**step) / size + SHRINK * part)
    return network


def _limits(logs: Sequence[Example], odds: Sequence[Floats]) -> tuple[float, tuple[float, float]]:
    """From which log odds on a line is relevant: where F1 is best, each log counted alike. And between which of them it
    is hard to tell: a tenth of the relevant ones lie below the first, as many of all others above the second.
    """
    kept = [(log, o) for log, o in zip(logs, odds, strict=True) if log.relevant.any()]
    good = np.concatenate([o[log.relevant] for log, o in kept])
    bad = np.concatenate([o[log.other] for log, o in kept])
    tried = np.quantile(np.concatenate([good, bad]), np.linspace(0.5, 0.999, 200)).tolist()
    limit = max(tried, key=lambda each: _f1(kept, each))
    few = min(1.0, len(good) / max(1, len(bad)))
    return limit, (float(np.quantile(good, UNSURE)), float(np.quantile(bad, 1 - UNSURE * few)))


def _f1(logs: Sequence[tuple[Example, Floats]], limit: float) -> float:
    """The mean of the logs' F1."""
    total = 0.0
    for log, odds in logs:
        hit, wrong = int((odds[log.relevant] >= limit).sum()), int((odds[log.other] >= limit).sum())
        total += 2 * hit / (int(log.relevant.sum()) + hit + wrong)
    return total / max(1, len(logs))
