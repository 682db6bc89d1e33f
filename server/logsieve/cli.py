"""The command line: a thin loop over `operations`, and the commands that start or show something.

Exit codes: 0 fine, 1 a log failed (`triage`, and what is piped into `logsieve` alone), 2 a path or an argument is
wrong, 70 a defect, 130 interrupted. `run` has those of its command, 127 where there is none, and 126 where it cannot
be run.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from logsieve import __version__, archive, options
from logsieve.operations import FILTER, OPERATIONS, RUN, Operation
from logsieve.output import Output, write

if TYPE_CHECKING:
    from logsieve import child
    from logsieve.core.analysis import Analysis
    from logsieve.llm.explain import Prepared
    from logsieve.packs import PackSet
    from logsieve.settings import Settings
    from logsieve.text import LogText

__all__ = ["cli", "main"]

FAILED, USAGE, DEFECT, INTERRUPTED = 1, 2, 70, 130
WORKSPACE_PACKS = Path(".logsieve", "packs")  # relative to the folder the command runs in

EXAMPLES = """\b
Examples:
  logsieve triage build.log                 the root cause, the other findings, where the rest went
  logsieve reduce --budget 2000 build.log   the lines that explain it, for a person or a model
  logsieve run -- make test                 run it, and triage what it printed; its exit code
  make test 2>&1 | logsieve                 a few lines if it passed, else the reduced log
  gh run view --log-failed | logsieve triage -
  logsieve triage --format jsonl logs.zip   GitHub's log archive: one JSON object a log
  logsieve triage --follow build.log        the same, renewed while the build writes it

\b
Exit codes: 0 fine; 1 a log failed (triage, and logsieve alone in a pipe: with `set -o pipefail` the pipeline's is 1
too, or the command's where no failure was found); 2 a path or an argument is wrong; 130 interrupted. That of run is
its command's, 127 where there is no such command, 126 where it cannot be run.
Shell completion: eval "$(_LOGSIEVE_COMPLETE=bash_source logsieve)", likewise zsh_source and fish_source.
"""


def main() -> int:
    """Run the command line on sys.argv; the exit code."""
    try:
        result = cli.main(prog_name="logsieve", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        _complain(_one_line(error))
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except Exception:  # noqa: BLE001  # exit code 1 says that a log failed; a defect of LogSieve must not say that
        _trace()
        return DEFECT
    return result if isinstance(result, int) else 0


def _trace() -> None:
    import traceback

    traceback.print_exc()


def _tell() -> None:
    """Let people know what keeps them waiting."""
    import logging

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("logsieve: %(message)s"))
    ours = logging.getLogger("logsieve")
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)


def _reader_left() -> int:
    """The exit code where the reader of stdout (`head`) has enough; what Python still flushes at exit goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _one_line(error: click.ClickException) -> str:
    """`COMMAND: what is wrong`, without click's usage text."""
    context = getattr(error, "ctx", None)
    command = context.command_path.partition(" ")[2] if context else ""
    message = " ".join(error.format_message().split())
    return f"{command}: {message}" if command else message


def _complain(message: str) -> None:
    from logsieve.terminal import sanitised

    click.echo(f"logsieve: {sanitised(message)}", err=True)


# Options may come from the environment: LOGSIEVE_EXPLAIN_ENDPOINT, LOGSIEVE_REDUCE_BUDGET, ...
CONTEXT = {"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "LOGSIEVE"}


class _Root(click.Group):
    """The group of all commands, in the order in which they are of use."""

    def list_commands(self, _: click.Context) -> list[str]:
        """As defined, not by the alphabet."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """A closed pipe is no failure; click would make it one."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            return _reader_left()


@click.group(
    cls=_Root,
    context_settings=CONTEXT,
    epilog=EXAMPLES,
    invoke_without_command=True,
    params=[*map(options.of, FILTER.parameters), options.color()],
)
@click.version_option(__version__, "--version", message="logsieve %(version)s")
@click.pass_context
def cli(ctx: click.Context, /, **given: Any) -> int:
    """Find the root cause in failing CI and build logs.

    Without a command: pass what is piped in through, a run that passed in a few lines, one that failed as the reduced
    log with its root cause. The options are for this.
    """
    if ctx.invoked_subcommand is None:
        if sys.stdin is None or sys.stdin.isatty():
            raise click.exceptions.NoArgsIsHelpError(ctx)
        return _run(FILTER, [archive.STDIN], (), "text", **given)
    for name in given:
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(f"put --{name} behind the command: logsieve {ctx.invoked_subcommand} --{name} ...")
    return 0


# Operations: one command each


def _command(operation: Operation) -> click.Command:
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
        callback=partial(RUNS.get(operation.name, _run), operation),
        help=text,
        short_help=operation.summary,
    )


def _run(
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
    from logsieve.terminal import Progress, coloured, width

    exit_zero = parameters.pop("exit_zero", False)
    if format_ == "text" and "numbers" in parameters:
        parameters["numbers"] = True  # people want to find the lines again; a program has them in `lines`
    job = many.Job(operation, parameters, _load(folders), format_, width(), _settings(), coloured(color))
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
                    _complain("nothing was piped in")
                    continue
                _complain(str(done))
                code = USAGE
                continue
            output.add(done.body)
            if done.error and format_ == "text":
                _complain(f"{done.path}: {_as_options(done.error)}")
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
    """`_run`, or the same for one log that grows, until an interrupt."""
    if not follow:
        return _run(operation, paths, folders, format_, color, exit_zero=exit_zero)
    if len(paths) > 1:
        raise click.UsageError("--follow takes one log")
    if format_ not in ("text", "jsonl"):
        raise click.UsageError(f"--follow goes with text or jsonl: {format_} is of a log that has ended")
    if problem := archive.plain(paths[0]):
        _complain(f"{problem}; --follow takes a plain file")
        return USAGE
    verdict = _follow(paths[0], _load(folders), _settings(), format_, color)
    return FAILED if verdict == "failed" and not exit_zero else 0


def _follow(path: str, packs: PackSet, settings: Settings, format_: str, color: str) -> str:
    """Show what a log says whenever it has changed, until an interrupt; its last verdict."""
    from logsieve import parallel
    from logsieve.core.analysis import analyse
    from logsieve.follow import states
    from logsieve.live import face
    from logsieve.terminal import Progress, coloured

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
    """`_run`, with a person or `--yes` to approve of what is sent, and the answer printed while it comes."""
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

    faces: dict[str, Any] = {"approve": approve, "on_chunk": on_chunk, "note": _complain}
    return _run(operation, format_=format_, alone=True, **faces, **parameters)


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
    if consent.granted(prepared.endpoint, workspace):
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError(f"nothing was sent to {prepared.endpoint}: agree once on a terminal, or give --yes")
    click.echo(sanitised(prepared.payload), err=True)
    where = f"{prepared.endpoint} ({prepared.model})"
    click.echo(prepared.terms, err=True)
    if not click.confirm(f"Send this to {where}, now and from this folder later?", err=True):
        return False
    consent.grant(prepared.endpoint, workspace)
    return True


def _load(folders: Sequence[str]) -> PackSet:
    """The built-in packs, the user's, the workspace's, those of `--packs`; what is wrong with them goes to stderr."""
    from logsieve import packs

    if sys.stderr.isatty():
        _tell()
    loaded = packs.load([packs.user_folder(), WORKSPACE_PACKS, *folders])
    for problem in loaded.problems:
        _complain(f"warning: {problem}")
    return loaded


def _settings() -> Settings:
    """The user's own. Where they cannot be used nothing is done: what must not leave may be named there."""
    from logsieve import own

    try:
        return own.settings()
    except own.OwnError as error:
        raise click.UsageError(str(error)) from error


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

for _operation in OPERATIONS:
    cli.add_command(_command(_operation))


# The other commands


@cli.command(
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
            _complain(f"{command[0]}: {reason}")
            return code
        try:
            _told(ended, log or "output", Path(kept.name), format_, color, folders, file)
        except BrokenPipeError:
            _reader_left()
        except Exception:  # noqa: BLE001  # whatever becomes of the triage, the exit code is the command's
            _trace()
        if ended.problem:
            _complain(f"the log is not whole: {ended.problem}")
        elif log:
            _complain(f"the log is in {log}")
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
    from logsieve.terminal import Progress, coloured, width
    from logsieve.text import looks_binary

    data = Disk(kept)
    if looks_binary(data[: 1 << 20]):
        _complain(f"{name}: is binary, not a log")
        return
    outcome = Verdict.FAILED if ended.code else Verdict.PASSED, ended.how
    job = many.Job(RUN, {}, _load(folders), format_, width(), _settings(), coloured(color), outcome)
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


@cli.command()
@click.option(
    "--tcp", "port", type=options.Whole(0, 65535), metavar="PORT", help="Listen on 127.0.0.1 instead of stdio."
)
def lsp(port: int | None) -> None:
    """Start the language server that editors talk to."""
    from logsieve.lsp.server import main as serve

    serve(port)


@cli.command(short_help="Start the MCP server that agents talk to.", params=[options.packs()])
@click.argument("roots", metavar="[FOLDER...]", nargs=-1, type=click.Path(exists=True, file_okay=False))
def mcp(roots: Sequence[str], folders: Sequence[str]) -> None:
    """Start the MCP server that agents talk to, over stdin and stdout.

    It reads logs in the roots that the agent gives. Where it gives none, it reads those in FOLDER, or in the folder
    that it is started in.
    """
    try:
        from logsieve.mcp_server import main as serve
    except ModuleNotFoundError as error:
        if error.name != "mcp":
            raise
        raise click.UsageError("needs more: pip install '<path to the LogSieve checkout>[mcp]'") from error
    serve(roots, folders, _settings())


@cli.group(short_help="Keep API keys in the system's keyring.")
def keys() -> None:
    """Keep API keys in the system's keyring, where `explain` looks for them when the environment has none.

    NAME is that of --key-variable, such as OPENAI_API_KEY.
    """


@keys.command("set", short_help="Ask for a key and keep it.")
@click.argument("name")
def set_key(name: str) -> None:
    """Ask for the key, without showing it, and keep it under NAME; from a pipe it is read."""
    key = click.prompt("Key", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    _with_keyring("store", name, key.strip())
    _complain(f"kept {name}")


@keys.command("delete", short_help="Forget a key.")
@click.argument("name")
def delete_key(name: str) -> None:
    """Forget the key of this NAME."""
    _complain(f"deleted {name}" if _with_keyring("delete", name) else f"there was no {name}")


def _with_keyring(function: str, *arguments: str) -> Any:
    from logsieve.llm import errors
    from logsieve.llm import keys as keyring

    try:
        return getattr(keyring, function)(*arguments)
    except errors.NotConfiguredError as error:
        raise click.UsageError(str(error)) from error


@cli.command(short_help="List the endpoints that explain may send to, or take one back.")
@click.option(
    "--revoke",
    "endpoints",
    multiple=True,
    metavar="URL",
    help="Ask again before this endpoint; may be given several times.",
)
def consent(endpoints: Sequence[str]) -> int:
    """List the endpoints that `explain` sends to without asking again, each with its folder, or take one back."""
    from logsieve.llm.consent import Consent
    from logsieve.terminal import sanitised

    agreed = Consent()
    code = 0
    for endpoint in endpoints:
        if not agreed.revoke(endpoint):
            _complain(f"{endpoint} was not agreed to")
            code = USAGE
    for granted in () if endpoints else agreed.all():
        click.echo(sanitised(f"{granted.endpoint}  {granted.workspace or '(logs outside of any folder)'}"))
    return code


@cli.command("nvim-path")
def nvim_path() -> None:
    """Print the folder to add to Neovim's runtimepath."""
    click.echo(Path(__file__).parent / "nvim")


@cli.command(short_help="List the packs in use, or check packs before they are used.")
@click.option(
    "--check", is_flag=True, help="Check the packs of PATH instead: their grammar, and what their samples claim."
)
@click.argument("paths", metavar="[PATH...]", nargs=-1, type=click.Path(exists=True))
def packs(check: bool, paths: Sequence[str]) -> int:
    """List the packs in use and where each comes from, or check packs before they are used.

    Exits with 2 when a pack is bad. PATH is a pack (.toml) or a folder of packs.
    """
    if check != bool(paths):
        raise click.UsageError(
            "name the packs to check: logsieve packs --check PATH..." if check else "PATH needs --check"
        )
    return _check_packs(paths) if check else _list_packs()


def _list_packs() -> int:
    from logsieve import packs

    loaded = _load(())
    built_in = {pack.name: pack for pack in packs.load().packs}
    width = max(len(pack.name) for pack in loaded.packs)
    for pack in loaded.packs:
        origin = "built in" if built_in.get(pack.name) is pack else pack.origin
        if built_in.get(pack.name, pack) is not pack:
            origin += ", replaces the built-in pack"
        rules, samples = _column(len(pack.rules), "rule"), _column(len(pack.samples), "sample")
        click.echo(f"{pack.name:{width}}  {rules}  {samples}  {origin}")
    click.echo(f"\nYour own: {packs.user_folder()}, and {WORKSPACE_PACKS} of the folder you are in")
    return USAGE if loaded.problems else 0


def _column(count: int, noun: str) -> str:
    """As `counted`, the numbers below each other and the nouns too."""
    return f"{count:3} {noun if count == 1 else noun + 's':{len(noun) + 1}}"


def _check_packs(paths: Sequence[str]) -> int:
    from logsieve import packs
    from logsieve.core import samples
    from logsieve.packs.load import read_file
    from logsieve.terminal import counted

    read = [(file, *read_file(file)) for file in _pack_files(paths)]
    every = {pack.name: pack for pack in packs.load([packs.user_folder(), WORKSPACE_PACKS]).packs}
    every |= {pack.name: pack for _, pack, _ in read if pack}  # all in one set: preparing its patterns takes seconds
    together = packs.PackSet(tuple(every.values()))
    code = 0
    for file, pack, problems in read:
        if pack:
            twice = every[pack.name] is not pack  # another file given is a pack of this name too
            problems = samples.check(
                pack, packs.PackSet((*(every | {pack.name: pack}).values(),)) if twice else together
            )
            if not problems:
                holds = f"{counted(len(pack.rules), 'rule')}, {counted(len(pack.samples), 'sample')}"
                click.echo(f"{file}: fine, {holds}")
        for problem in problems:
            _complain(str(problem))
            code = USAGE
    return code


def _pack_files(paths: Sequence[str]) -> Iterator[Path]:
    for path in map(Path, paths):
        found = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        if not found:
            raise click.UsageError(f"{path} holds no pack (*.toml)")
        yield from found
