"""The command line: a thin loop over `operations`, and the commands that start or show something.

Exit codes: 0 fine, 1 a log failed (`triage`, and what is piped into `logsieve` alone), 2 a path or an argument is
wrong, 70 a defect, 130 interrupted. `run` has those of its command, 127 where there is none, and 126 where it cannot
be run.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from logsieve import __version__, archive, options
from logsieve.cli import about, access, evaluate, operations, packs, run
from logsieve.cli.shared import USAGE, complain, reader_left, settings, trace
from logsieve.operations import FILTER, OPERATIONS

__all__ = ["cli", "main"]

DEFECT, INTERRUPTED = 70, 130

EXAMPLES = """\b
Examples:
  logsieve triage build.log                 the root cause, the other findings, where the rest went
  logsieve reduce --budget 2000 build.log   the lines that explain it, for a person or a model
  logsieve search "no space left" build.log lines that say about that, best first
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
        complain(_one_line(error))
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        return reader_left()
    except Exception:  # noqa: BLE001  # exit code 1 says that a log failed; a defect of LogSieve must not say that
        trace()
        return DEFECT
    return result if isinstance(result, int) else 0


def _one_line(error: click.ClickException) -> str:
    """`COMMAND: what is wrong`, without click's usage text."""
    context = getattr(error, "ctx", None)
    command = context.command_path.partition(" ")[2] if context else ""
    message = " ".join(error.format_message().split())
    return f"{command}: {message}" if command else message


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
            return reader_left()


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
        return operations.done(FILTER, [archive.STDIN], (), "text", **given)
    for name in given:
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(f"put --{name} behind the command: logsieve {ctx.invoked_subcommand} --{name} ...")
    return 0


for _operation in OPERATIONS:
    cli.add_command(operations.command(_operation))
cli.add_command(run.run)


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
    serve(roots, folders, settings())


cli.add_command(access.keys)
cli.add_command(access.consent)


@cli.command("nvim-path")
def nvim_path() -> None:
    """Print the folder to add to Neovim's runtimepath."""
    click.echo(Path(__file__).parents[1] / "nvim")


cli.add_command(packs.packs)
cli.add_command(about.about)
cli.add_command(evaluate.evaluate)
