"""The command that says what is installed: for reports of defects, and for editors that check it."""

from __future__ import annotations

import platform
from importlib.util import find_spec

import click

from logsieve import __version__

__all__ = ["EXTRAS", "about"]

# What an extra of pyproject.toml brings, and what for.
EXTRAS = {
    "anthropic": ("anthropic", "Anthropic's own API"),
    "keyring": ("keyring", "API keys in the system's keyring"),
    "mcp": ("mcp", "the MCP server"),
    "semantic": ("sentence_transformers", "search by meaning"),
}


@click.command(short_help="Say which version this is, and which extras it has.")
def about() -> None:
    """Say which version this is, where your own packs are, and which extras it has."""
    from logsieve.packs import user_folder

    click.echo(
        f"logsieve {__version__}, Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    )
    click.echo(f"packs: {user_folder()}")
    for extra, (module, purpose) in EXTRAS.items():
        missing = f"missing: pip install '<path to the LogSieve checkout>[{extra}]'"
        click.echo(f"{extra} ({purpose}): {'installed' if find_spec(module) else missing}")
