"""Answers that take a model: another process runs it while the worker goes on, and gives the memory back by its end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from logsieve.semantic.meaning import BATCH, MeaningError, embed
from logsieve.settings import Semantic
from logsieve.workers import WorkerLostError, Workers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from logsieve.core.analysis import Analysis

__all__ = ["Better", "Elsewhere", "Later", "meanings"]

KEPT = 30.0  # seconds that a process without work is kept: to load its model takes some
DIED = "the process that compares meanings has died"


@dataclass(frozen=True, slots=True, eq=False)
class Later:
    """An answer to come: what `then` makes of `function(*arguments)`, called elsewhere, or another one of these.

    `share` is how much of the work is done (0 to 1), where the user is told.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    then: Callable[[Future[Any]], Any]
    share: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Better:
    """An answer, and the analysis that takes the place of `of`; where another one has done so, the answer is None."""

    of: Analysis
    analysis: Analysis
    value: Any


class Elsewhere:
    """The process, while there is work for it. `news` is called, by another thread, when some is done.

    Work for several asks is done in turns.
    """

    def __init__(self, news: Callable[[], None]) -> None:
        self._news = news
        self._workers: Workers | None = None
        self._under_way = 0
        self._done: deque[tuple[Any, Later, Future[Any]]] = deque()
        self._used = 0.0

    def put(self, whose: Any, later: Later) -> None:
        """Have some work done."""
        if self._workers is None:
            self._workers = Workers(1, time.monotonic)
        self._under_way += 1
        future = self._workers.submit(later.function, *later.arguments)
        future.add_done_callback(lambda done: self._finished(whose, later, done))

    def _finished(self, whose: Any, later: Later, future: Future[Any]) -> None:
        self._done.append((whose, later, future))
        self._news()

    @property
    def waiting(self) -> bool:
        """Whether some work is done."""
        return bool(self._done)

    def done(self) -> tuple[Any, Later, Future[Any]]:
        """The next work that is done, and whose it is."""
        self._under_way -= 1
        self._used = time.monotonic()
        return self._done.popleft()

    def rest(self) -> None:
        """End a process that has had no work for a while."""
        if self._workers and not self._under_way and time.monotonic() - self._used > KEPT:
            self._workers.close()
            self._workers = None


def meanings(
    texts: Sequence[str],
    semantic: Semantic,
    then: Callable[[NDArray[np.float32], str | None], Any],
    *,
    quiet: bool,
) -> Later:
    """The answer that `then` makes of the meanings of some texts: float32 of shape [texts, dimensions], of as many as
    there is time for (to load the model does not count), and what went wrong, if anything.
    """
    until = 0.0
    made: list[NDArray[np.float32]] = []

    def group() -> Later:
        at = sum(map(len, made))
        share = None if quiet else at / len(texts)
        return Later(embed, (texts[at : at + BATCH], semantic.model), take, share)

    def take(future: Future[Any]) -> Any:
        nonlocal until
        try:
            made.append(future.result())
        except (MeaningError, WorkerLostError) as error:
            return then(np.zeros((0, 0), np.float32), str(error) or DIED)
        until = until or time.monotonic() + semantic.seconds
        enough = sum(map(len, made)) >= len(texts) or time.monotonic() > until
        return then(np.concatenate(made), None) if enough else group()

    return group()
