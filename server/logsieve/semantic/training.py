"""How the weights of the shipped model come from labelled logs: the same ones from the same logs, with numpy alone."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from logsieve.semantic.context import Columns, features
from logsieve.semantic.ngrams import BITS, ngrams
from logsieve.semantic.scorer import FAR, Network, Scorer, times
from logsieve.semantic.second import PROBE, Second, name_of, text_of

__all__ = ["Example", "trained", "trained_twice"]

SEED = 7
FOLDS = 3  # the networks learn from what weights of other folds say: what a line says is no news to those it taught
MOST_RELEVANT, MOST_OTHER = 200, 600  # lines of a log that are learnt from: a long one is no more of a witness
EPOCHS, BATCH, RATE, DECAY = 4, 4096, 0.1, 1e-5  # of the weights (Adagrad: Duchi et al., 2011)
HIDDEN, ROUNDS, STEP, SHRINK = 24, 40, 3e-3, 1e-4  # of the networks (Adam: Kingma and Ba, 2014)
UNSURE = 0.1  # share of the relevant lines that may lie below what is hard to tell
MOST_UNSURE, STEPS, HOLD = 3, 8, 1.0  # lines of a log that a second opinion is learnt from; of its regression
CLIP = 0.9995  # quantile of the weights' sizes that is the largest a byte holds

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Example:
    """A log to learn from, or some lines without a log (`columns` is None).

    `relevant` are the lines to find, `other` those that are none, bool of shape [lines]; what is neither says nothing.
    The `doubtful` are others for a network that knows what packs found, and say nothing to all else. Of a `group` all
    logs are in one fold. `weight` is how much the log counts, `beside` how much it does for that network.
    """

    group: str
    messages: list[bytes]
    columns: Columns | None
    relevant: NDArray[np.bool_]
    other: NDArray[np.bool_]
    doubtful: NDArray[np.bool_]
    weight: float = 1.0
    beside: float = 1.0

    def chosen(self, random: np.random.Generator, packs: bool) -> Iterator[tuple[NDArray[np.int64], float, float]]:
        """Lines to learn from, whether they are relevant, and what each of them counts."""
        others = self.other | self.doubtful if packs else self.other
        for column, relevant, most in ((self.relevant, 1.0, MOST_RELEVANT), (others, 0.0, MOST_OTHER)):
            lines = np.flatnonzero(column)
            if len(lines) > most:
                lines = np.sort(random.choice(lines, most, replace=False))
            if len(lines):
                yield lines, relevant, (self.beside if packs else self.weight) / len(lines) ** 0.5


def trained(examples: Sequence[Example]) -> Scorer:
    """The model of some examples."""
    return _learnt(examples)[0]


def trained_twice(examples: Sequence[Example], embed: Callable[[Sequence[str]], Floats]) -> tuple[Scorer, Second]:
    """The same, and the layer for a second opinion over what `embed` takes texts to mean: float32 of shape
    [texts, dimensions].
    """
    scorer, odds, limits = _learnt(examples)
    return scorer, _second(scorer, odds, limits, embed)


def _learnt(examples: Sequence[Example]) -> tuple[Scorer, list[tuple[Example, Floats]], tuple[float, float]]:
    """The model; what it says of each log if it has not learnt from its fold; and between which of these log odds it is
    hard to tell. The latter two by text and context alone.
    """
    logs = [example for example in examples if example.columns is not None]
    said: dict[int, Floats] = {}
    for fold in range(FOLDS):
        part = _weights([example for example in examples if _fold(example.group) != fold])
        said |= {id(log): part.said(log.messages) for log in logs if _fold(log.group) == fold}
    networks, limits, odds = [], [], []
    for packs in (False, True):
        found = {id(log): features(said[id(log)], log.messages, log.columns, packs) for log in logs if log.columns}
        plain = _lines(logs, found, packs)
        mean, spread = plain.rows.mean(0), plain.rows.std(0) + np.float32(1e-3)
        parts = [
            _network(_lines([e for e in logs if _fold(e.group) != f], found, packs), mean, spread) for f in range(FOLDS)
        ]
        networks.append(_together(parts))
        odds.append([parts[_fold(log.group)](found[id(log)]) for log in logs])
        limits.append(_limits(logs, odds[-1], packs))
    whole = _weights(examples)
    (alone, between), (beside, unsure) = limits
    scorer = Scorer(whole.weights, whole.unit, whole.bias, networks[0], networks[1], (alone, beside), unsure)
    low, high = sorted(limit - alone for limit in between)
    return scorer, [(log, each - np.float32(alone)) for log, each in zip(logs, odds[0], strict=True)], (low, high)


def _second(
    scorer: Scorer,
    logs: Sequence[tuple[Example, Floats]],
    unsure: tuple[float, float],
    embed: Callable[[Sequence[str]], Floats],
) -> Second:
    """Logistic regression over meanings and the first opinion, of lines that are hard to tell (Newton's method)."""
    random = np.random.Generator(np.random.PCG64(SEED))
    texts, first, truth, counts, folds = [], [], [], [], []
    for log, odds in logs:
        between = (odds >= unsure[0]) & (odds <= unsure[1]) & log.relevant.any()
        for column, relevant in ((log.relevant, 1.0), (log.other, 0.0)):
            every = np.flatnonzero(column & between)
            some = np.sort(random.choice(every, min(len(every), MOST_UNSURE), replace=False))
            texts += [text_of(log.messages[line]) for line in some.tolist()]
            first.append(odds[some])
            truth.append(np.full(len(some), relevant))
            share = len(every) / max(1, len(some)) / max(1, int((between & (log.relevant | log.other)).sum()))
            counts.append(np.full(len(some), log.weight * share))
            folds.append(np.full(len(some), _fold(log.group)))
    distinct, place = np.unique(np.array(texts, object), return_inverse=True)
    meanings = embed([PROBE, *distinct.tolist()])
    rows = np.column_stack([meanings[1:][place], np.concatenate(first), np.ones(len(texts))]).astype(np.float64)
    wanted, weight, fold = np.concatenate(truth), np.concatenate(counts), np.concatenate(folds)
    said = np.zeros(len(rows))
    for each in range(FOLDS):
        here = fold == each
        said[here] = rows[here] @ _regression(rows[~here], wanted[~here], weight[~here])
    tried = np.quantile(said, np.linspace(0.02, 0.98, 97)).tolist()
    good = weight * wanted
    limit = max(tried, key=lambda each: float(good[said > each].sum() / (good.sum() + weight[said > each].sum())))  # F1
    *weights, bias = _regression(rows, wanted, weight).tolist()
    return Second(np.array(weights, np.float32), bias - limit, unsure, meanings[0], name_of(scorer))


def _regression(rows: Any, truth: Any, counts: Any) -> Any:
    """The weights of logistic regression: float64 of shape [features]."""
    found = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(rows @ found, -30, 30)))
        slope = rows.T @ (counts * (truth - chance)) - HOLD * found
        bend = (rows * (counts * chance * (1 - chance))[:, None]).T @ rows + HOLD * np.eye(rows.shape[1])
        found += np.linalg.solve(bend, slope)
    return found


def _fold(group: str) -> int:
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) % FOLDS


def _weights(examples: Sequence[Example]) -> Scorer:
    """A scorer that has weights and no networks: logistic regression over n-grams."""
    random = np.random.Generator(np.random.PCG64(SEED))
    chosen = [(e, *each) for e in examples for each in e.chosen(random, packs=False)]
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


class _Lines(NamedTuple):
    """Lines to learn from: float32 of shapes [lines, features], [lines] and [lines]."""

    rows: Floats
    truth: Floats
    counts: Floats


def _lines(logs: Sequence[Example], found: dict[int, Floats], packs: bool) -> _Lines:
    random = np.random.Generator(np.random.PCG64(SEED))
    chosen = [(log, *each) for log in logs for each in log.chosen(random, packs)]
    sizes = [len(lines) for _, lines, _, _ in chosen]
    counts = np.repeat(np.array([count for *_, count in chosen], np.float32), sizes)
    return _Lines(
        np.concatenate([found[id(log)][lines] for log, lines, _, _ in chosen]),
        np.repeat(np.array([relevant for _, _, relevant, _ in chosen], np.float32), sizes),
        counts / counts.mean(),
    )


def _network(lines: _Lines, mean: Floats, spread: Floats) -> Network:
    random = np.random.Generator(np.random.PCG64(SEED))
    rows, truth, counts = lines
    width = rows.shape[1]
    inner = (random.standard_normal((width, HIDDEN)) / width**0.5).astype(np.float32)
    outer = (random.standard_normal(HIDDEN) / HIDDEN**0.5).astype(np.float32)
    shift, bias = np.zeros(HIDDEN, np.float32), np.zeros(1, np.float32)
    network = Network(mean, spread, inner, shift, outer, bias)
    parts = (inner, shift, outer, bias)
    first, second = ([np.zeros_like(part) for part in parts] for _ in range(2))
    plain = np.clip((rows - mean) / spread, -FAR, FAR)
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


def _together(networks: Sequence[Network]) -> Network:
    """One network that says the mean of what several say."""
    first = networks[0]
    return Network(
        first.mean,
        first.spread,
        np.concatenate([n.inner for n in networks], 1),
        np.concatenate([n.shift for n in networks]),
        np.concatenate([n.outer for n in networks]) * np.float32(1 / len(networks)),
        np.array([n.bias[0] for n in networks], np.float32).mean(keepdims=True),
    )


def _limits(logs: Sequence[Example], odds: Sequence[Floats], packs: bool) -> tuple[float, tuple[float, float]]:
    """From which log odds on a line is relevant: where F1 is best, by log and group. And between which of them it is
    hard to tell: a tenth of the relevant ones lie below the first, as many of all others above the second.
    """
    kept = [
        (log, o, log.other | log.doubtful if packs else log.other)
        for log, o in zip(logs, odds, strict=True)
        if log.relevant.any()
    ]
    sizes = Counter(log.group for log, *_ in kept)
    parts = [
        ((log.beside if packs else log.weight) / sizes[log.group], o[log.relevant], o[other]) for log, o, other in kept
    ]
    said = np.concatenate([found for _, *both in parts for found in both])
    tried = np.quantile(said, np.linspace(0.5, 0.999, 200)).tolist()
    limit = max(tried, key=lambda each: sum(weight * _f1(good, bad, each) for weight, good, bad in parts))
    few = np.average([min(1.0, len(good) / max(1, len(bad))) for _, good, bad in parts], weights=[w for w, *_ in parts])
    low = _quantile([(weight, good) for weight, good, _ in parts], UNSURE)
    return limit, (low, _quantile([(weight, bad) for weight, _, bad in parts], 1 - UNSURE * float(few)))


def _quantile(parts: Sequence[tuple[float, Floats]], share: float) -> float:
    """A quantile of the odds of several logs, of which each counts as much as it says, however many lines it has."""
    odds = np.concatenate([part for _, part in parts])
    counts = np.concatenate([np.full(len(part), weight / max(1, len(part))) for weight, part in parts])
    order = np.argsort(odds, kind="stable")
    reached = np.cumsum(counts[order])
    return float(odds[order[np.searchsorted(reached, share * reached[-1])]])


def _f1(good: Floats, bad: Floats, limit: float) -> float:
    """The F1 of the lines of some log odds, of what they should be."""
    hit, wrong = int((good >= limit).sum()), int((bad >= limit).sum())
    return 2 * hit / (len(good) + hit + wrong)
