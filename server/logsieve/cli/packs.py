"""The command that lists packs, or checks them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from logsieve.cli.shared import USAGE, WORKSPACE_PACKS, complain, load

__all__ = ["packs"]


@click.command(short_help="List the packs in use, or check packs before they are used.")
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

    loaded = load(())
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
            complain(str(problem))
            code = USAGE
    return code


def _pack_files(paths: Sequence[str]) -> Iterator[Path]:
    for path in map(Path, paths):
        found = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        if not found:
            raise click.UsageError(f"{path} holds no pack (*.toml)")
        yield from found
