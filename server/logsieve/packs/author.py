"""Writes packs: one rule made of one line of a log, with the line as its sample, for a person to review."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from logsieve.packs.patterns import compiled, problem_of

__all__ = ["KINDS", "Kind", "VagueError", "Written", "pattern_of", "write"]

Kind = Literal["not-an-error", "always-an-error", "hide"]
KINDS: tuple[Kind, ...] = get_args(Kind)

LONGEST = 300  # characters of a line that make its pattern; the rest of a longer one may be anything
MOST_PARTS = 30  # that vary: a pattern of more takes long to prepare
LEAST_LETTERS = 3  # that stay as they are, in a pattern with parts that vary: else it matches what is meant by nobody
WORDS = 5  # of a line that name its rule
LONGEST_NAME = 60  # characters

_PART = re.compile(
    r"""(?x)
    (?P<redacted> <(?:secret|email|ip|user):\d{1,9}> | \ufffd++ )
  | (?P<uuid> (?<!\w) [0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12} (?!\w) )
  | (?P<url> (?<!\w) [a-z][a-z+]{1,9}:// [^\s"'<>()\[\]]++ )
  | (?P<path> (?<![\w/\\]) (?:[A-Za-z]:)? (?:[\w.@~+-]{0,80}[/\\]++){1,40} [\w.@~+-]{0,80} )
  | (?P<hex> (?<!\w) (?: 0x[0-9a-fA-F]{1,64} | (?=\d{0,63}[a-f]) (?=[a-f]{0,63}\d) [0-9a-f]{7,64} ) (?!\w) )
  | (?P<code> (?<!\w) [A-Z]{1,6}\d++ (?!\w) )
  | (?P<number> \d++ )
  | (?P<space> [ \t]{2,}+ | \t )
    """
)
_SPACE = r"[ \t]*"
_FOR = {"redacted": ".+", "uuid": "[0-9a-fA-F-]{36}", "hex": "[0-9a-fA-Fx]+", "number": r"\d+", "space": r"[ \t]+"}
# A number that says what went wrong, and not where or how often.
_TELLING = re.compile(r"(?i)(?:\bcode|status|errno|signal|exit|exited with|http(?:/[\d.]+)?)[ =:#(]*$")
_EXTENSION = re.compile(r"(?<=[\w-])\.[A-Za-z]\w{0,7}$")
_META = re.compile(r"([\\.^$*+?{}\[\]|()])")


class VagueError(Exception):
    """A line says too little to make a rule of it; the message says so to the user."""


@dataclass(frozen=True, slots=True)
class Written:
    """A pack as TOML; `name` is its name, and that of its file without the ending."""

    name: str
    patterns: tuple[str, ...]
    text: str


def pattern_of(message: str) -> tuple[str, tuple[str, ...]]:
    r"""A pattern of a message and of all that differ from it in numbers, ids, paths and what was redacted only; and the
    first words that do not vary.

    What stands there as `\ufffd` or as a placeholder of a redaction may be anything. Raises VagueError.
    """
    body = message.strip()
    parts = list(_parts(body[:LONGEST]))
    if len(body) > LONGEST and len(parts) > 1 and not parts[-1][0]:
        parts = parts[:-2]  # a part that varies, and may be cut
    varying = [at for at, (_, varies) in enumerate(parts) if varies]
    whole = len(body) <= LONGEST and len(varying) <= MOST_PARTS
    if len(varying) > MOST_PARTS:
        parts = parts[: varying[MOST_PARTS]]
    said = " ".join(text for text, varies in parts if not varies)
    if not body or (sum(map(str.isalpha, said)) < LEAST_LETTERS and (varying or not whole)):
        raise VagueError("this line says too little to make a rule of it")
    indented = message[:1] in (" ", "\t")
    pattern = "".join(["^", _SPACE * indented, *(text for text, _ in parts), f"{_SPACE}$" * whole])
    if (why := problem_of(pattern)) or not compiled(pattern).search(message):
        raise VagueError(f"no rule can be made of this line{f': its pattern {why}' if why else ''}")
    return pattern, tuple(re.findall(r"[a-z]{2,}", said.lower())[:WORDS])


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """The pattern of a text in parts, and whether what each stands for varies."""
    at = 0
    for found in _PART.finditer(text):
        kind, part = found.lastgroup or "", found[0]
        if kind == "code" or (kind == "number" and _TELLING.search(text, max(0, found.start() - 24), found.start())):
            continue  # stays as it is
        if kind == "path" and not _is_path(part):
            continue
        yield _escaped(text[at : found.start()]), False
        at = found.end()
        if kind == "url":
            scheme = part[: part.index("://") + 3]
            yield _escaped(scheme), False
            yield r"\S+", True
        elif kind == "path":
            extension = _EXTENSION.search(part)
            yield r"\S+" + (_escaped(extension[0]) if extension else ""), True
        else:
            yield _FOR[kind], kind != "space"
    yield _escaped(text[at:]), False


def _is_path(text: str) -> bool:
    """Whether it is one, and not two words with a slash between ("and/or", "I/O", "3/4")."""
    return text[0] in "/\\.~" or text[1:2] == ":" or "." in text or len(re.findall(r"[/\\]+", text)) > 1


def _escaped(text: str) -> str:
    return _META.sub(r"\\\1", text)


def write(kind: Kind, messages: Sequence[str], sample: str) -> Written:
    """The pack that says of lines like these messages that they are no error, always one, or not worth a look.

    `sample` holds these lines with what is wrapped around them; of what is always an error it is one line. All must be
    redacted. Raises VagueError.
    """
    made = dict.fromkeys(map(pattern_of, messages))
    words = next(iter(made))[1]
    name = "-".join([kind, *words])[:LONGEST_NAME].rstrip("-")
    title, table, says = _SAYS[kind]
    lines = [
        "# Written by LogSieve, from a line of a log. Delete the file to take it back.",
        f"name = {_toml(name)}",
        f"title = {_toml(' '.join([f'{title}:', *words])[:LONGEST_NAME])}",
        "",
    ]
    for pattern, _ in made:
        lines += [f"[[{table}]]", *([_ID] if table == "rule" else []), f"pattern = {_toml(pattern)}", *says, ""]
    lines += ["[[sample]]", f"text = {_toml(sample)}"]
    lines += [f"rule = {_ID.partition(' = ')[2]}", "line = 1", "block = [1, 1]", ""] if table == "rule" else [""]
    return Written(name, tuple(pattern for pattern, _ in made), "\n".join(lines))


# By kind: how it is called, its table of a pack, and what that says beside the pattern.
_SAYS: dict[Kind, tuple[str, str, tuple[str, ...]]] = {
    "not-an-error": ("Not an error", "ignore", ("reason = 'not an error, as a person said'", "specificity = 101")),
    "always-an-error": ("Always an error", "rule", ("severity = 'error'", "specificity = 95")),
    "hide": ("Hidden", "noise", ("reason = 'hidden by a rule of your own'",)),
}
_ID = "id = 'line'"


def _toml(text: str) -> str:
    """The text as a TOML string, in the form that needs no escapes where there is one."""
    lines = text.split("\n")
    if all(map(str.isprintable, (line.replace("\t", "") for line in lines))) and "'''" not in f"{text}'":
        return f"'''\n{text}\n'''" if len(lines) > 1 else f"'{text}'" if "'" not in text else f"'''{text}'''"
    return '"' + "".join(c if c.isprintable() and c not in '\\"' else f"\\U{ord(c):08x}" for c in text) + '"'
