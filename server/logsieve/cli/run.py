"""The command that runs another."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from logsieve import archive, options
from logsieve.cli.shared import complain, load, reader_left, settings, trace
from logsieve.operations import RUN
from logsieve.output import Output, write

if TYPE_CHECKING:
    from logsieve import child

__all__ = ["run"]


@click.command(
    short_help="Run a command, and triage what it printed.",
    context_settings={"allow_interspersed_args": False},
    params=[options.format_of(RUN), options.color(), options.packs()],
)
@click.option("--output", metavar="FILE", help="Write --format to FILE (Markdown: at its end); text is shown as well.")
@click.option("--log", metavar="FILE", help="Keep what the command prints in FILE.")
@click.argument("command", metavar="[--] COMMAND [ARGUMENT]...", nargs=-1, required=True, type=options.ANY_PATH)
def run(
    command: Sequence[str], format_: str, color: str, folders: Sequence[str], output: str | None, log: str | None
) -> int:
    """Run a command, show its output as it comes, and end with the triage of it.

    The exit code is the command's (128 and its number where a signal ended it; 127 where there is no such command, 126
    where it cannot be run), and it decides: a run that exited with 0 has passed, whatever was printed. Signals reach
    the command. What it prints to stderr comes with the rest, as with 2>&1.
    """
    from logsieve import child

    with ExitStack() as stack:
        file = stack.enter_context(_opened("--output", output, "ab")) if output else None
        kept = stack.enter_context(_opened("--log", log, "wb") if log else child.spool())
        try:
            ended = child.run(command, kept)
        except OSError as error:
            code, reason = child.why_not(command[0], error)
            complain(f"{command[0]}: {reason}")
            return code
        try:
            _told(ended, log or "output", Path(kept.name), format_, color, folders, file)
        except BrokenPipeError:
            reader_left()
        except Exception:  # noqa: BLE001  # whatever becomes of the triage, the exit code is the command's
            trace()
        if ended.problem:
            complain(f"the log is not whole: {ended.problem}")
        elif log:
            complain(f"the log is in {log}")
    return ended.code


def _opened(option: str, path: str, mode: str) -> IO[bytes]:
    try:
        return Path(path).open(mode)
    except OSError as error:
        raise click.UsageError(f"{option}: {path}: {error.strerror or error}") from error


def _told(
    ended: child.Ended, name: str, kept: Path, format_: str, color: str, folders: Sequence[str], file: IO[bytes] | None
) -> None:
    """Tell what came of a run: in the format, and in text too where that goes to a file."""
    from logsieve import many
    from logsieve.disk import Disk
    from logsieve.model import Verdict
    from logsieve.progress import Progress
    from logsieve.terminal import coloured, width
    from logsieve.text import looks_binary

    data = Disk(kept)
    if looks_binary(data[: 1 << 20]):
        complain(f"{name}: is binary, not a log")
        return
    outcome = Verdict.FAILED if ended.code else Verdict.PASSED, ended.how
    job = many.Job(RUN, {}, load(folders), format_, width(), settings(), coloured(color), outcome)
    with Progress(name) as progress:
        analysis = job.analysed(archive.Log(name, data), progress)
    for each, where in ((format_, file), ("text", None)) if file else ((format_, None),):
        if where and each != "markdown":  # summaries of several commands stand in one file
            where.truncate(0)
        if not where:  # a workflow command, for one, begins its line
            write(("\n" if len(data) and data[-1:] != b"\n" else "") + ("\n" if each == "text" else ""))
        out = Output(each, where)
        of = replace(job, format_=each, coloured=job.coloured and not where)
        out.add(of.of(name, analysis).body)
        out.close()
