"""What the command line does with each of its logs, and with many of them in several processes at the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from logsieve.archive import InputProblem, Log
from logsieve.disk import ChangedError
from logsieve.model import Verdict
from logsieve.output import body
from logsieve.packs import PackSet
from logsieve.parameters import Operation, Share, TooMuchError
from logsieve.settings import DEFAULTS, Settings

if TYPE_CHECKING:
    from concurrent.futures import Future

    from logsieve.core.analysis import Analysis

__all__ = ["Done", "Job", "run"]

FEW = 3 << 20  # bytes of logs that are done before other processes are asked: to start them takes as long
LEAST = 1 << 14  # bytes that a log counts at least: what each costs whatever its size
GROUP = 16  # logs given to a process at a time, or fewer of GROUP_BYTES: to give them costs as much as a small log
GROUP_BYTES = 1 << 19
LARGE = 24 << 20  # bytes of a log that is done by itself: its scan takes several processes
AHEAD = 2  # groups a process that are read, being done, or done but not printed yet,
ROOM = 64 << 20  # and bytes of all these logs
MOST = 8  # processes: each takes some 100 MB

Logs = Iterable[Log | InputProblem]


class Done(NamedTuple):
    """What came of one log: what is to be printed, what is to be complained of, and whether the log failed."""

    path: str
    body: Any  # as `output.body` has it
    error: str
    failed: bool


@dataclass(frozen=True)
class Job:
    """An operation with all that it takes to do it to a log; plain data, so that it can be done elsewhere."""

    operation: Operation
    parameters: Mapping[str, Any]
    packs: PackSet
    format_: str
    width: int  # columns that text is cut to
    settings: Settings = DEFAULTS
    coloured: bool = False
    outcome: tuple[Verdict, str] | None = None  # how the run ended, where that is known, and why

    def __call__(self, log: Log, progress: Callable[[float], None] | None = None) -> Done | InputProblem:
        """Analyse a log and do the operation. `progress` is called with the share done, 0 to 1."""
        try:
            analysis = self.analysed(log, progress)
            if progress:
                progress(1)  # an operation may have something to say, or to ask
            return self.of(log.path, analysis)
        except ChangedError:
            return InputProblem(log.path, "changed while it was read; run again")
        except TooMuchError as error:
            return InputProblem(log.path, str(error))

    def of(self, path: str, analysis: Analysis) -> Done:
        """Do the operation to an analysis."""
        given = {k: v.of(analysis) if isinstance(v, Share) else v for k, v in self.parameters.items()}
        answer = self.operation.function(analysis, path, **given)
        text = body(self.operation.name, self.format_, answer, analysis, self.width, self.coloured)
        error = answer.get("error") or ""
        return Done(path, text, error, bool(error) or answer.get("verdict") == "failed")

    def analysed(self, log: Log, progress: Callable[[float], None] | None = None) -> Analysis:
        """Analyse a log."""
        from logsieve.core.analysis import analyse
        from logsieve.text import LogText

        text = LogText.from_bytes(log.data)
        if len(log.data) < LARGE:
            return analyse(text, self.packs, self.settings, progress, outcome=self.outcome)
        from logsieve import parallel

        return analyse(text, self.packs, self.settings, progress, scanning=parallel.scan, outcome=self.outcome)


def run(
    job: Job, logs: Logs, here: Callable[[Log], Done | InputProblem], *, alone: bool = False
) -> Generator[Done | InputProblem]:
    """What comes of each log, in their order, as soon as it is ready; `here` does one in this process, which does all
    where it is to do it `alone`.

    Logs are taken only a little ahead of what has been given. A log's problem is passed on in its place. Where the
    caller stops, whatever is going on ends.
    """
    given = iter(logs)
    spent = 0
    for log in given:
        yield log if isinstance(log, InputProblem) else here(log)
        spent += 0 if _is_large(log) else _size([log])
        del log  # before the next one is read
        if spent >= FEW and not alone:
            from logsieve.workers import cores

            if cores() > 1:
                yield from _shared(job, given, here, min(cores(), MOST))
                return


def _shared(
    job: Job, given: Logs, here: Callable[[Log], Done | InputProblem], processes: int
) -> Iterator[Done | InputProblem]:
    """As `run`, in several processes."""
    from logsieve.workers import WorkerLostError, Workers

    workers = Workers(processes, _prepare, job)
    away: deque[tuple[list[Log | InputProblem], Future[list[Done | InputProblem]]]] = deque()

    def in_turn(logs: Logs) -> Iterator[Done | InputProblem]:
        return (log if isinstance(log, InputProblem) else here(log) for log in logs)

    def back() -> Iterator[Done | InputProblem]:
        group, future = away.popleft()
        try:
            yield from future.result()
        except WorkerLostError:
            yield from in_turn(group)

    try:
        for group in _groups(given):
            if _is_large(group[0]):
                while away:
                    yield from back()
                yield from in_turn(group)
                del group  # before the next one is read
                continue
            away.append((group, workers.submit(_do, group)))
            while away and (
                away[0][1].done() or len(away) > processes * AHEAD or sum(_size(g) for g, _ in away) > ROOM
            ):
                yield from back()
        while away:
            yield from back()
    finally:
        workers.close()


def _is_large(log: Log | InputProblem) -> bool:
    return isinstance(log, Log) and len(log.data) >= LARGE


def _size(logs: Logs) -> int:
    """Bytes that tell how long these logs take."""
    return sum(max(LEAST, len(log.data)) for log in logs if isinstance(log, Log))


def _groups(logs: Logs) -> Iterator[list[Log | InputProblem]]:
    """The logs in groups, each large one by itself."""
    group: list[Log | InputProblem] = []
    for log in logs:
        if _is_large(log) and group:
            yield group
            group = []
        group.append(log)
        del log
        if len(group) == GROUP or _size(group) >= GROUP_BYTES:
            yield group
            group = []
    if group:
        yield group


_jobs: list[Job] = []  # of a worker process: one


def _prepare(job: Job) -> None:
    _jobs.append(job)


def _do(group: list[Log | InputProblem]) -> list[Done | InputProblem]:
    return [log if isinstance(log, InputProblem) else _jobs[0](log) for log in group]
