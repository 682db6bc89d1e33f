"""The options that commands share, and what their values may be; what is wrong with a value is told in words."""

from __future__ import annotations

import re
from typing import Any

import click

from logsieve.parameters import Operation, Parameter, Share

__all__ = ["ANY_PATH", "Budget", "Whole", "color", "format_of", "of", "packs"]

# Has shells offer names of files; what cannot be read is told by `archive`, and the other paths are still done.
ANY_PATH = click.Path(readable=False, allow_dash=True)

FORMATS = {
    "text": "for people",
    "json": "one array",
    "jsonl": "one object a log and line",
    "csv": "a row a line of the log",
    "markdown": "a summary, as for $GITHUB_STEP_SUMMARY",
    "github": "annotations of a workflow's run",
    "sarif": "SARIF 2.1.0",
}


class _Lines(click.types.StringParamType):
    """Texts; those of an environment variable are its lines."""

    envvar_list_splitter = "\n"


class Whole(click.IntRange):
    """A whole number within a range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number. Fails on what is none, or out of range."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            reach = f"from {self.min:,} " + ("on" if self.max is None else f"to {self.max:,}")
            self.fail(f"expected a whole number {reach}{self.else_}, got {value!r}", param, ctx)

    else_ = ""


class Budget(Whole):
    """Tokens, or a share of the log's."""

    else_ = ", or a share of the log such as 10%"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The tokens, or their Share. Fails on what is neither."""
        if isinstance(value, Share):
            return value
        if share := re.fullmatch(r"(\d{1,3}(?:\.\d{1,3})?)[ ]?%", str(value).strip()):
            if not 0 < float(share[1]) <= 100:
                self.fail(f"expected a share of the log from 0.001% to 100%, got {value!r}", param, ctx)
            assert self.min is not None
            assert self.max is not None
            return Share(float(share[1]), int(self.min), int(self.max))
        return super().convert(value, param, ctx)


def of(parameter: Parameter) -> click.Parameter:
    """The option for a parameter of an operation; an argument where it must be given."""
    if parameter.required:
        return click.Argument([parameter.name], metavar=parameter.name.upper(), type=parameter.type)
    kind: click.ParamType[Any] | type
    more = ""
    if parameter.choices:
        kind = click.Choice(parameter.choices)
    elif parameter.name == "budget":
        kind, more = Budget(parameter.minimum, parameter.maximum), " Or a share of the log: 10%."
    elif parameter.type is int:
        kind = Whole(parameter.minimum, parameter.maximum)
    elif parameter.type is float:
        kind = click.FloatRange(parameter.minimum, parameter.maximum)
    elif isinstance(parameter.default, tuple):
        kind = _Lines()
    else:
        kind = parameter.type
    return click.Option(
        ["--" + parameter.name.replace("_", "-"), parameter.name],
        type=kind,
        is_flag=parameter.type is bool,
        multiple=isinstance(parameter.default, tuple),
        default=parameter.default,
        show_default=parameter.default not in (None, "", False, (), 0),
        metavar="TOKENS|SHARE%" if more else None,
        help=parameter.help + more,
    )


def format_of(operation: Operation) -> click.Option:
    """--format, with what the operation offers."""
    return click.Option(
        ["--format", "format_"],
        type=click.Choice(operation.formats),
        default=operation.formats[0],
        show_default=True,
        help="; ".join(f"{name}: {FORMATS[name]}" for name in operation.formats) + ".",
    )


def color() -> click.Option:
    """--color. Without it the environment decides: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE; then what stdout is."""
    return click.Option(
        ["--color"],
        type=click.Choice(("auto", "always", "never")),
        default="auto",
        show_default=True,
        help="Colours: auto is for terminals, unless NO_COLOR or FORCE_COLOR is set.",
    )


def packs() -> click.Option:
    """--packs."""
    return click.Option(
        ["--packs", "folders"],
        multiple=True,
        metavar="DIR",
        type=click.Path(exists=True, file_okay=False),
        help="A further folder with packs; may be given several times.",
    )
