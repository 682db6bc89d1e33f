"""What operations are made of: their parameters, those out of settings and a budget that depends on the log too."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.settings import Llm, Reduce, Semantic

__all__ = ["Operation", "Parameter", "Share", "TooMuchError", "option", "setting"]

Value = int | float | str | bool | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation: its type, its default (None: may be left out) and what values it takes.

    A default that is a tuple: it may be given several times.
    """

    name: str
    type: type[int | float | str | bool]
    default: Value
    help: str
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """What LogSieve can do. `function(analysis, path, **parameters)` gives one object a log, `answer` its keys."""

    name: str
    summary: str
    answer: str
    function: Callable[..., dict[str, Any]]
    parameters: tuple[Parameter, ...] = ()
    formats: tuple[str, ...] = ("text", "json", "jsonl")


class TooMuchError(ValueError):
    """A share of a log that is more than a budget may be."""


@dataclass(frozen=True, slots=True)
class Share:
    """A budget that depends on the log: so many percent of its tokens, within the limits of a budget."""

    percent: float
    least: int
    most: int

    def of(self, analysis: Analysis) -> int:
        """The budget in tokens, at least the least. Raises TooMuchError where it is more than the most."""
        tokens = int(len(analysis.text.data) / 4 * self.percent / 100)
        if tokens > self.most:
            raise TooMuchError(f"{self.percent:g}% of it are {tokens:,} tokens; a budget is {self.most:,} at most")
        return max(self.least, tokens)


def setting(section: Reduce | Llm | Semantic, key: str) -> Parameter:
    """A setting as a parameter: one help, one range, one choice of values."""
    about = next(f.metadata for f in fields(section) if f.name == key)
    default, hint = getattr(section, key), _hints(type(section))[key]  # type: ignore[arg-type]
    return Parameter(
        option(key),
        str if isinstance(default, tuple) else type(default),
        default,
        about["help"],
        choices=get_args(hint) if get_origin(hint) is Literal else (),
        minimum=about["minimum"],
        maximum=about["maximum"],
    )


@cache
def _hints(section: type) -> dict[str, Any]:
    return get_type_hints(section)


def option(key: str) -> str:
    """A setting's name as that of a parameter: key_variable."""
    return re.sub("([A-Z])", r"_\1", key).lower()
