r"""Templates: what lines say without their variables, found in all lines of a log together.

First the header that lines begin with (time, level, process, component) is told from what they say: columns that nearly
all lines have. Then what looks like a variable is one: times, numbers, addresses, paths, identifiers. Last, lines that
differ in one word are of one template where that word is one of many; a value behind a key is a variable from two on.

How a variable is written (`<*>` for a whole identifier, a path, a boolean, for several in a row) follows the guidelines
of Khan et al., "Guidelines for Assessing the Accuracy of Log Message Template Identification Techniques" (ICSE 2022).
All matching is linear: repeats are possessive, bounded or told apart by what follows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["masked", "templates"]

MANY = 4  # different words in one place from which it is a variable
SAMPLE = 2000  # lines that are looked at for the header
MOST = 0.97  # share of them that a column of the header has
HEAD = 400  # characters at the beginning of a line that may be header
COLUMNS = 14  # of a header

_GAP = "\0"  # a variable, while at it: no log text has it, for it is not shown
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATED = r"\d{4}[-/.]\d\d[-/.]\d\d"
_CLOCK = r"\d\d:\d\d:\d\d"

# The header's columns. A program or a component is one only behind a time or a level, and with its colon.
_TIME = (
    rf"{_DATED}[-T _]\d\d[:.]\d\d[:.]\d\d(?:[.,]\d{{1,9}})?(?:Z|[+-]\d\d:?\d\d)?,?"
    rf"|\d\d/\d\d/\d\d {_CLOCK}(?:[.,]\d{{1,9}})?"
    rf"|\d{{8}}-\d{{1,2}}:\d{{1,2}}:\d{{1,2}}:\d{{1,3}}|\d{{6}} \d{{6}}(?= )|{_MONTH} {{1,2}}\d{{1,2}} {_CLOCK}"
    rf"|[IWEF]\d{{4}} {_CLOCK}\.\d{{6}}|\d{{1,2}}-\d\d {_CLOCK}\.\d{{1,9}}|{_DATED}|{_CLOCK}(?:[.,]\d{{1,9}})?"
    rf"|\[[^\]\[]{{0,40}}{_CLOCK}[^\]\[]{{0,20}}\]|\d{{9,13}}(?= )"
)
_LEVEL = (
    r"\[?(?i:trace|debug|info|notice|warn|warning|error|fatal|severe|critical|crit|failure|[VDIWEF](?= ))\]?(?=[ :|])"
)
_COLUMNS = {
    "time": _TIME,
    "level": _LEVEL,
    "number": r"-?\d++(?=[ |])",
    "dash": r"-(?= )",
    "bar": r"\|",
    "source": r"[\w./-]++:\d++\](?= )",
    "bracket": r"\[(?:[^\[\]]|\[[^\[\]]*+\])*+\]:?",
    "dotted": r"[A-Za-z_][\w$-]*+(?:[./][\w$-]++)++:?(?=[ |])",
    "capitals": r"[A-Z][A-Z_-]++(?= )",
    "host": r"(?=[^ \d:]*+\d)[\w.:-]++(?= )",
    "padded": r"[\w.]++(?=  )",
    "field": r"[^|\s]{1,60}+(?=\|)",
    "before": rf"(?:\S++ ++){{1,4}}?(?:{_TIME})(?=[ |,])",
}
_BEHIND = {
    "time": {
        "program": r"(?:\S++ )??[\w./@()$:#-]*?(?:\[\d++\])?(?: \([^()]{1,60}\))? *+:(?= )",
        "named": r"\S++(?: \*\d++)? -(?= )",
    },
    "level": {"component": r"[\w./@()$-]++ *+:(?= )"},
}
_LESS = {"program": 0.9, "time": 0.9}  # share of lines that these need

# What looks like a variable.
_TOP = "com|net|org|edu|gov|io|dev|local|asia|cn|de|fr|hk|in|it|jp|me|ru|br|tw|uk|us"  # the last part of a host's name
_VARIABLE = re.compile(
    rf"""(?x)
      (?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\ )?{_MONTH}\ {{1,2}}\d{{1,2}}\ {_CLOCK}(?:\ [A-Z]{{3,4}})?(?:\ \d{{4}})?
    | (?<!\w)[A-Za-z]:\\[^\s,;"'()\[\]]*+                                # a path of Windows
    | (?<![\w.])(?:[a-z]{{2,8}}:/)?(?:/[\w.@+$%~:*\#=-]*[\w*$])++/?     # a path, an address
    | (?<!\w)\d++\ bytes(?:\ \(\d++(?:\.\d++)?\ [KMGT]B\))?(?=\ (?:sent|received|read|written)\b)
    | (?<!\w)\d++(?:\.\d++)?\ ?[KMGT]?i?B(?!\w)
    | <\d++\ sec\b
    | (?<![\w.])(?i:true|false|null)(?![\w.]) | \(null\)
    | (?<=for\ user\ )[^\s,;]++ | (?<=invalid\ user\ )[^\s,;]++
    | (?<==")[^"\n]{{1,200}}+(?=")
    | (?<![\w.-])(?:[a-z0-9-]++\.)+(?:{_TOP})(?![\w.])
    | (?<![\w<])[-+]?(?P<run>\#?\w++(?:(?:::|://|[-./@\\\#]|:(?=\w*\d))\w++)*+\#?)
    """
)
_WORD = re.compile(r"[A-Za-z_]+\d?[A-Za-z_]*")  # ssh2, eth0, x86: names, as far as one line tells
_PLACE = re.compile(rf"([A-Za-z_]+(?:\.(?!(?:{_TOP})[.:])[A-Za-z_]{{1,20}})*[.:])\d+")  # main.c:12, core.2275, id:7
_VALUE = re.compile(r"""(?<!\w)(\w++)(?:=| = ?)((?:[^\s,;(){}\[\]"'<>|=]|\{[^{}\s]*+\})++)""")
_ROW = re.compile(r"\0(?:(?:[ ,:;.]*|[-/])\0)++")
_TOKEN = re.compile(r"""(\s+|[,;=:()\[\]{}"'|<>])""")


def templates(messages: Sequence[str]) -> list[str]:
    """The template of each message, with `<*>` for each variable. Messages should differ in more than digits: what is
    of one kind need be given once.
    """
    told = [*map(_hidden, _without_headers(messages))]
    told = _without_values(told)
    by_length: defaultdict[int, list[_Kind]] = defaultdict(list)
    for text in dict.fromkeys(told):
        tokens = [token for token in _TOKEN.split(text) if token]
        by_length[len(tokens)].append(_Kind(tokens, [text], sum(map(_mark, range(len(tokens)), tokens))))
    found: dict[str, str] = {}
    for kinds in by_length.values():
        for kind in _merged(kinds):
            found.update(dict.fromkeys(kind.texts, _shown("".join(kind.tokens))))
    return [found[text] for text in told]


def masked(message: str) -> str:
    """One message with `<*>` for what looks like a variable in it."""
    return _shown(_hidden(message))


def _hidden(message: str) -> str:
    text = " ".join(message.replace(_GAP, " ").split()).replace(" ()", f" ({_GAP})")
    return _ROW.sub(_GAP, _VARIABLE.sub(_replaced, text))


def _replaced(found: re.Match[str]) -> str:
    run = found["run"]
    if run is None:
        return _GAP
    if not any(map(str.isdigit, run)) or _WORD.fullmatch(run):
        return found[0]
    place = _PLACE.fullmatch(run)
    return place[1] + _GAP if place else _GAP


def _shown(text: str) -> str:
    return _ROW.sub(_GAP, text).replace(_GAP, "<*>")


def _without_headers(messages: Sequence[str]) -> list[str]:
    """The messages without the header that nearly all of them begin with, if they have one: it tells a time."""
    some = [message[:HEAD] for message in messages if message.strip()]
    some = some[:: max(1, len(some) // SAMPLE)]
    ends = [0] * len(some)
    columns: list[str] = []
    seen: set[str] = set()
    last = ""
    while some and len(columns) < COLUMNS:
        for name, pattern in (_BEHIND.get(last, {}) | _COLUMNS).items():
            column = re.compile(f" *+(?:{pattern})")
            found = [column.match(text, end) for text, end in zip(some, ends, strict=True)]
            if sum(match is not None for match in found) >= _LESS.get(name, MOST) * len(some):
                break
        else:
            break
        ends = [match.end() if match else end for match, end in zip(found, ends, strict=True)]
        columns.append(column.pattern)
        seen.add(name)
        last = "time" if name == "before" else name
    if not seen & {"time", "before"}:
        return list(messages)
    header = re.compile("".join(f"(?>(?:{column})?)" for column in columns))
    return [message[match.end() :] if (match := header.match(message[:HEAD])) else message for message in messages]


def _without_values(texts: Sequence[str]) -> list[str]:
    """The same, without the values of keys (`key=value`) that have had several."""
    values: defaultdict[str, set[str]] = defaultdict(set)
    for text in texts:
        for key, value in _VALUE.findall(text):
            if len(values[key]) < 2:
                values[key].add(value)
    several = {key for key, had in values.items() if len(had) > 1}

    def without(found: re.Match[str]) -> str:
        return found[0][: found.start(2) - found.start()] + _GAP if found[1] in several else found[0]

    return [_ROW.sub(_GAP, _VALUE.sub(without, text)) for text in texts]


@dataclass(slots=True)
class _Kind:
    """A template, while they are merged."""

    tokens: list[str]
    texts: list[str]  # that are of it
    sum: int  # of the marks of its tokens: less that of one, it is that of a template without it


def _merged(kinds: list[_Kind]) -> list[_Kind]:
    """Templates of one length: those that differ in one word only, of which there are MANY, are one."""
    again = len(kinds) >= MANY
    while again:
        again = False
        for place in range(len(kinds[0].tokens)):
            alike: defaultdict[int, list[_Kind]] = defaultdict(list)
            for kind in kinds:
                token = kind.tokens[place]
                if any(map(str.isalnum, token)) or _GAP in token:
                    alike[kind.sum - _mark(place, token)].append(kind)
            for rest, group in alike.items():
                if len(group) < MANY or len({kind.tokens[place] for kind in group}) < MANY:
                    continue
                if not any(at != place and any(map(str.isalpha, token)) for at, token in enumerate(group[0].tokens)):
                    continue  # nothing but that word
                for kind in group:
                    kind.tokens[place] = _GAP
                    kind.sum = rest + _mark(place, _GAP)
                again = True
            if again:
                kinds = _united(kinds)
                break
    return kinds


def _mark(place: int, token: str) -> int:
    return hash((place, token))


def _united(kinds: Iterable[_Kind]) -> list[_Kind]:
    same: dict[tuple[str, ...], _Kind] = {}
    for kind in kinds:
        first = same.setdefault(tuple(kind.tokens), kind)
        if first is not kind:
            first.texts.extend(kind.texts)
    return [*same.values()]
