"""The commands about what `explain` may use: keys, and the endpoints that were agreed to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from logsieve.cli.shared import USAGE, complain

__all__ = ["consent", "keys"]


@click.group(short_help="Keep API keys in the system's keyring.")
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
    complain(f"kept {name}")


@keys.command("delete", short_help="Forget a key.")
@click.argument("name")
def delete_key(name: str) -> None:
    """Forget the key of this NAME."""
    complain(f"deleted {name}" if _with_keyring("delete", name) else f"there was no {name}")


def _with_keyring(function: str, *arguments: str) -> Any:
    from logsieve.llm import errors
    from logsieve.llm import keys as keyring

    try:
        return getattr(keyring, function)(*arguments)
    except errors.NotConfiguredError as error:
        raise click.UsageError(str(error)) from error


@click.command(short_help="List the endpoints that explain may send to, or take one back.")
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
            complain(f"{endpoint} was not agreed to")
            code = USAGE
    for granted in () if endpoints else agreed.all():
        what = "  (code of the folder too)" if granted.code else ""
        click.echo(sanitised(f"{granted.endpoint}  {granted.workspace or '(logs outside of any folder)'}{what}"))
    return code
