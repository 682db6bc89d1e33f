"""Reads packs out of TOML files: the built-in ones, the user's, a workspace's. Bad ones become problems, never
exceptions.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from logsieve.model import Category, Level
from logsieve.packs import cache
from logsieve.packs.patterns import envelope_problem, problem_of
from logsieve.packs.schema import (
    BlockRule,
    EnvelopeRule,
    IgnoreRule,
    NoiseRule,
    OutcomeRule,
    Pack,
    PackSet,
    Problem,
    Rule,
    Sample,
    SectionRule,
)

__all__ = ["load", "read", "read_file", "user_folder"]

_TABLES: dict[str, tuple[str, type]] = {
    "rule": ("rules", Rule),
    "ignore": ("ignores", IgnoreRule),
    "noise": ("noise", NoiseRule),
    "outcome": ("outcomes", OutcomeRule),
    "section": ("sections", SectionRule),
    "envelope": ("envelopes", EnvelopeRule),
    "sample": ("samples", Sample),
}
_SAMPLE = re.compile(r"\s*\[\[\s*sample\s*\]\]")
_RULE_PATTERNS = frozenset({"pattern", "unless", "below", "echoes", "message", "chain", "forgiven", "end"})
_BLOCK_PATTERNS = frozenset({"start", "before", "through", "until", "keep", "again", "caret"})
_PATTERN_KEYS = _RULE_PATTERNS | _BLOCK_PATTERNS | {"since", "header", "header_sign"}


def user_folder() -> Path:
    """Where a user's own packs are kept."""
    from platformdirs import user_config_path

    return user_config_path("logsieve", appauthor=False) / "packs"


def load(folders: Iterable[Path | str] = (), disabled: Iterable[str] = ()) -> PackSet:
    """Built-in packs, then those of `folders` in order; a later pack replaces an earlier one of the same name."""
    packs = {pack.name: pack for pack in _builtin().packs}
    problems: list[Problem] = []
    for folder in map(Path, folders):
        for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            pack, found = read_file(path)
            problems += found
            if pack:
                packs[pack.name] = pack
    off = set(disabled)
    problems += [Problem("settings", 0, f"packs.disabled names no pack: {name}") for name in sorted(off - set(packs))]
    chosen = tuple(p for p in packs.values() if p.name not in off)
    return _builtin() if chosen == _builtin().packs and not problems else PackSet(chosen, tuple(problems))


@lru_cache(maxsize=1)
def _builtin() -> PackSet:
    """The built-in packs, from the cache where they have been read before: to read them takes ten times as long."""
    here = Path(__file__).parent
    paths = sorted(here.joinpath("data").glob("*.toml"))
    texts = [path.read_bytes() for path in paths]
    code = [*here.glob("*.py"), *here.parent.glob("model.py")]
    key = cache.key("packs", code, [*(path.name.encode() for path in paths), *texts])
    blob = cache.get(key)
    if blob is None:
        found = _read_builtin(paths, texts)
        cache.put(key, pickle.dumps(found, pickle.HIGHEST_PROTOCOL))
        return PackSet(found)
    return PackSet(pickle.loads(blob))  # noqa: S301 (from the user's own cache, as this code's bytecode is)


def _read_builtin(paths: Sequence[Path], texts: Sequence[bytes]) -> tuple[Pack, ...]:
    found = []
    for path, text in zip(paths, texts, strict=True):
        # The patterns of built-in packs are checked by the tests, not at every start.
        pack, problems = read(text.decode(), path.name, trusted=True)
        if pack is None:
            raise ValueError(f"broken built-in pack: {problems[0]}")
        found.append(pack)
    return tuple(found)


def read_file(path: Path) -> tuple[Pack | None, list[Problem]]:
    """As `read`, of a file."""
    try:
        return read(path.read_text("utf-8"), str(path))
    except UnicodeDecodeError as error:
        why = f"byte {error.start + 1} is no UTF-8"
    except OSError as error:
        why = (error.strerror or str(error)).lower()
    return None, [Problem(str(path), 0, f"cannot be read: {why}")]


def read(text: str, origin: str, *, trusted: bool = False) -> tuple[Pack | None, list[Problem]]:
    """One pack out of TOML text. None where anything is wrong with it: half a pack would mislead."""
    import tomllib

    try:
        given = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is the first; so is a number of too many digits
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        place = re.search(r"at line (\d+), ", why)
        if place:  # the problem names the line itself
            why = why.replace(place[0], "")
        return None, [Problem(origin, int(place[1]) if place else 0, f"not valid TOML: {why}")]
    reader = _Reader(text, origin, trusted)
    pack = reader.pack(given)
    return (None if reader.problems else pack), reader.problems


@lru_cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


class _Reader:
    """Turns one TOML document into a Pack and collects what is wrong on the way."""

    def __init__(self, text: str, origin: str, trusted: bool) -> None:
        self.lines = text.split("\n")
        self.origin = origin
        self.trusted = trusted
        self.problems: list[Problem] = []

    def pack(self, given: Mapping[str, Any]) -> Pack | None:
        values: dict[str, Any] = {"origin": self.origin, "built_in": self.trusted}
        for key in ("name", "title", "url"):
            if key in given and not isinstance(given[key], str):
                self.problem(f"{key} must be text", key)
            values[key] = given.get(key, "")
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", str(values["name"])):
            self.problem("name is missing or not made of lower-case letters, digits and hyphens", "name")
        values["title"] = values["title"] or values["name"]
        if "category" in given:
            values["category"] = self.value(Category, given["category"], "category")
        for key in given:
            if key not in _TABLES and key not in ("name", "title", "url", "category"):
                self.problem(f"no such key: {key}; known are name, title, url, category, {', '.join(_TABLES)}", key)
        for key, (attribute, kind) in _TABLES.items():
            tables = given.get(key, [])
            if not isinstance(tables, list) or not all(isinstance(t, Mapping) for t in tables):
                self.problem(f"write [[{key}]], once for each", key)
                continue
            values[attribute] = tuple(self.table(kind, t, f"[[{key}]] {i + 1}") for i, t in enumerate(tables))
        if not given.get("sample"):
            self.problem("a pack needs at least one [[sample]]", "name")
        if self.problems:
            return None
        places = [i + 1 for i, line in enumerate(self.lines) if _SAMPLE.match(line)]
        if len(places) == len(values["samples"]):  # else a line of a sample's text looks like a header: none is sure
            values["samples"] = tuple(replace(s, at=at) for s, at in zip(values["samples"], places, strict=True))
        pack = Pack(**values)
        ids = [rule.id for rule in pack.rules]
        for twice in sorted({i for i in ids if ids.count(i) > 1}):
            self.problem(f"two rules are called {twice}", twice)
        return pack

    def table(self, kind: type, given: Mapping[str, Any], where: str) -> Any:
        hints = _hints(kind)
        known = {f.name: f for f in fields(kind) if f.metadata.get("given", True)}
        values: dict[str, Any] = {}
        for key, value in given.items():
            if key not in known:
                self.problem(f"{where}: no such key: {key}; known are {', '.join(known)}", key)
                continue
            values[key] = self.value(hints[key], value, f"{where} {key}")
            if key in _PATTERN_KEYS and isinstance(value, str) and value and not self.trusted:
                why = envelope_problem(value) if kind is EnvelopeRule else problem_of(value)
                if why:
                    self.problem(f"{where} {key}: {why}: {value}", value)
        for name, spec in known.items():
            if name not in values and spec.default is MISSING and spec.default_factory is MISSING:
                self.problem(f"{where}: {name} is missing", "")
                return None
        if kind is Rule and bool(given.get("pattern")) == bool(given.get("at_level")):
            self.problem(f"{where}: write either pattern or at_level", str(given.get("id", "")))
        return None if self.problems else kind(**values)

    def value(self, hint: Any, value: Any, where: str) -> Any:
        """`value` as the type `hint` says; a problem where it does not fit."""
        hint = next((h for h in get_args(hint) if h is not type(None)), hint) if type(None) in get_args(hint) else hint
        if hint is BlockRule and isinstance(value, Mapping):
            return self.table(BlockRule, value, where)
        if hint is Level and isinstance(value, str) and value.upper() in Level.__members__:
            return Level.of(value)
        if hint is Category and value in tuple(Category):
            return Category(value)
        if get_args(hint) and value in get_args(hint):
            return value
        if (
            get_origin(hint) is tuple
            and isinstance(value, list)
            and len(value) == 2
            and all(isinstance(v, int) for v in value)
        ):
            return tuple(value)
        if hint in (str, int, bool, float) and (type(value) is hint or (hint is float and type(value) is int)):
            return value
        choices = (
            list(Category)
            if hint is Category
            else [m.lower() for m in Level.__members__]
            if hint is Level
            else get_args(hint)
        )
        expected = f"one of {', '.join(map(str, choices))}" if choices else getattr(hint, "__name__", str(hint))
        self.problem(f"{where}: expected {expected}, got {value!r}", str(value))
        return None

    def problem(self, reason: str, near: str) -> None:
        """Note a problem at the first line that gives the key `near`, else at the first that holds it."""
        first = near.split("\n", maxsplit=1)[0]
        key = re.compile(rf"[ \t]*{re.escape(first)}[ \t]*=")
        keys = (i + 1 for i, text in enumerate(self.lines) if first and key.match(text))
        held = (i + 1 for i, text in enumerate(self.lines) if first and first in text)
        line = next(keys, next(held, 0))
        self.problems.append(Problem(self.origin, line, reason))
