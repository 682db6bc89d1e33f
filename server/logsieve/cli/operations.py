"""The commands of the operations: each does its own on logs, one after the other, and prints what comes of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from logsieve import archive, options
from logsieve.cli.shared import FAILED, USAGE, complain, load, settings
from logsieve.operations import FILTER
from logsieve.output import Output, write
from logsieve.parameters import Operation

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.llm.explain import Prepared
    from logsieve.packs import PackSet
    from logsieve.settings import Settings
    from logsieve.text import LogText

__all__ = ["EXTRA", "command", "done"]


def command(operation: Operation) -> click.Command:
    """The command of an operation: its parameters, and those that all of them share."""
    params: list[click.Parameter] = [*map(options.of, operation.parameters), *EXTRA.get(operation.name, ())]
    params += [options.format_of(operation), options.color(), options.packs()]
    params.append(click.Argument(["paths"], metavar="PATH...", nargs=-1, required=True, type=options.ANY_PATH))
    text = (
        f"{operation.summary}\n\nPATH is a log, a compressed log (.gz .xz .bz2 .zst), a .zip of logs, or - for stdin."
    )
    text += f"\n\nJSON: {operation.answer}. Lines are 1-based and inclusive."
    return click.Command(
        operation.name,
        params=params,
        callback=partial(RUNS.get(operation.name, done), operation),
        help=text,
        short_help=operation.summary,
    )


def done(
    operation: Operation,
    paths: Sequence[str],
    folders: Sequence[str],
    format_: str,
    color: str,
    *,
    alone: bool = False,
    **parameters: Any,
) -> int:
    """Do the operation on each log and print what comes of it, in the order of the paths; the exit code.

    `alone`: one log after the other, in this process.
    """
    from logsieve import many
    from logsieve.progress import Progress
    from logsieve.terminal import coloured, width

    exit_zero = parameters.pop("exit_zero", False)
    if format_ == "text" and "numbers" in parameters:
        parameters["numbers"] = True  # people want to find the lines again; a program has them in `lines`
    job = many.Job(operation, parameters, load(folders), format_, width(), settings(), coloured(color))
    output = Output(format_)
    code = 0

    def here(log: archive.Log) -> many.Done | archive.InputProblem:
        with Progress(log.path) as progress:
            return job(log, progress)

    logs = chain.from_iterable(map(archive.read, paths))
    with closing(many.run(job, logs, here, alone=alone)) as results:
        for done in results:
            if isinstance(done, archive.InputProblem):
                if operation is FILTER and done.reason == archive.EMPTY:  # a command that prints nothing is fine
                    complain("nothing was piped in")
                    continue
                complain(str(done))
                code = USAGE
                continue
            output.add(done.body)
            if done.error and format_ == "text":
                complain(f"{done.path}: {_as_options(done.error)}")
            if done.failed and not exit_zero:
                code = max(code, FAILED)
    output.close()
    return code


def _triage(
    operation: Operation,
    paths: Sequence[str],
    folders: Sequence[str],
    format_: str,
    color: str,
    *,
    follow: bool,
    exit_zero: bool,
) -> int:
    """`done`, or the same for one log that grows, until an interrupt."""
    if not follow:
        return done(operation, paths, folders, format_, color, exit_zero=exit_zero)
    if len(paths) > 1:
        raise click.UsageError("--follow takes one log")
    if format_ not in ("text", "jsonl"):
        raise click.UsageError(f"--follow goes with text or jsonl: {format_} is of a log that has ended")
    if problem := archive.plain(paths[0]):
        complain(f"{problem}; --follow takes a plain file")
        return USAGE
    verdict = _follow(paths[0], load(folders), settings(), format_, color)
    return FAILED if verdict == "failed" and not exit_zero else 0


def _follow(path: str, packs: PackSet, settings: Settings, format_: str, color: str) -> str:
    """Show what a log says whenever it has changed, until an interrupt; its last verdict."""
    from logsieve import parallel
    from logsieve.core.analysis import analyse
    from logsieve.follow import states
    from logsieve.live import face
    from logsieve.progress import Progress
    from logsieve.terminal import coloured

    def analysed(text: LogText, earlier: Analysis | None) -> Analysis:
        if earlier:
            return analyse(text, packs, settings, earlier=earlier, scanning=parallel.scan)
        with Progress(path) as progress:
            return analyse(text, packs, settings, progress, scanning=parallel.scan)

    verdict = ""
    with suppress(KeyboardInterrupt), face(path, format_, coloured(color)) as shown:
        for state in states(path, analysed, shown.wait):
            verdict = str(state.analysis.verdict)
            shown.show(state)
    if not verdict:
        raise KeyboardInterrupt
    return verdict


def _explain(operation: Operation, *, dry_run: bool, yes: bool, format_: str, **parameters: Any) -> int:
    """`done`, with a person or `--yes` to approve of what is sent, and the answer printed while it comes."""
    from logsieve.terminal import sanitised

    text = format_ == "text"

    def approve(prepared: Prepared) -> bool:
        if dry_run:
            if text:
                write(prepared.payload + "\n")
            return False
        return bool(prepared.problem) or yes or _consents(prepared)

    def on_chunk(chunk: str) -> None:
        if text:
            write(sanitised(chunk))
            sys.stdout.flush()

    faces: dict[str, Any] = {"approve": approve, "on_chunk": on_chunk, "note": complain}
    return done(operation, format_=format_, alone=True, **faces, **parameters)


def _as_options(message: str) -> str:
    """The message with the names of settings, as editors know them, replaced by those of options."""
    return re.sub(r"logsieve\.llm\.(\w+)", lambda m: "--" + re.sub("([A-Z])", r"-\1", m[1]).lower(), message)


def _consents(prepared: Prepared) -> bool:
    """Whether the user agreed to this endpoint before in this folder, or does now that they see the payload.

    A yes is remembered.
    """
    from logsieve.llm.consent import Consent
    from logsieve.terminal import sanitised

    consent, workspace = Consent(), str(Path.cwd())
    if consent.granted(prepared.endpoint, workspace, prepared.code):
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError(f"nothing was sent to {prepared.endpoint}: agree once on a terminal, or give --yes")
    click.echo(sanitised(prepared.payload), err=True)
    where = f"{prepared.endpoint} ({prepared.model})"
    click.echo(prepared.terms, err=True)
    if not click.confirm(f"Send this to {where}, now and from this folder later?", err=True):
        return False
    consent.grant(prepared.endpoint, workspace, prepared.code)
    return True


# Options of the command line alone, and the operations that need more of a face than printing.
EXTRA = {
    "triage": [
        click.Option(["--follow", "-f"], is_flag=True, help="Go on with a log that grows, until Ctrl-C."),
        click.Option(["--exit-zero"], is_flag=True, help="Exit with 0 even when a log failed."),
    ],
    "explain": [
        click.Option(["--dry-run"], is_flag=True, help="Print the exact payload; send nothing."),
        click.Option(["--yes"], is_flag=True, help="Send without asking, this time."),
    ],
}
RUNS: dict[str, Callable[..., int]] = {"triage": _triage, "explain": _explain}
