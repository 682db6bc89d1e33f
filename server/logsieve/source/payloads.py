"""JSON, XML and YAML over several lines of a log: where each begins and ends, as its parser says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.parsers import expat

__all__ = ["BEGINS", "Payload", "blocks"]

FEWEST = 3  # lines that are worth a block
MOST = 20_000  # lines of one
VAIN = 1 << 23  # characters read of what begins and never ends, until no more is looked for: half a second at most
LINE = 32  # characters that a line costs beside its own

# A line on which a value may begin holds this; in RE2's syntax too, for whoever looks through a whole log.
BEGINS = (
    r"[{\[](?: *|.*, *)$|(?:^|[ \t\]|:])<(?:\?xml|!DOCTYPE|[A-Za-z_][\w.:-]*)(?:[ />]|$)|"
    r"(?:^|[ \t\]|])(?:[\w.$/-]{1,80}: *(?:[|>][+-]?)?|---) *$"
)

_OPENS = re.compile(r"(?:^|(?<=[\s=:(,]))[{\[](?=[\s\"'{\[\]}\d-]|$|true|false|null)")
_CLOSED = re.compile(r"[\s,;.)'\"`]*$")
_TAG = re.compile(r"\s*<(?:\?xml\s|!DOCTYPE\s|[A-Za-z_][\w.:-]*(?:[\s/>]|$))")
_KEY = re.compile(r"( *)(?:- )*(?:[\w.$/-]+|\"[^\"\n]{1,80}\"|'[^'\n]{1,80}'):(?= |$)|( *)- \S|---$")
_OUTER = re.compile(r" *(?:[\w.$/-]{1,80}:\s*(?:[|>][+-]?)?|---)$")


@dataclass(frozen=True, slots=True)
class Payload:
    """Lines from `start` to `end` (0-based, half-open) that are one value; `kind` is json, xml or yaml."""

    start: int
    end: int
    kind: str


def blocks(lines: Sequence[str], starts: Iterable[tuple[int, str]] | None = None) -> Iterator[Payload]:
    """The values that stand in some lines, in their order, none in another; with `starts` (lines with their numbers, in
    rising order) those that begin there. Lines come as messages: without what the runner puts before each.
    """
    left = VAIN
    after = 0
    for start, first in enumerate(lines) if starts is None else starts:
        for kind, extent in _KINDS if start >= after and left > 0 else ():
            end, read = extent(lines, start, first.rstrip())
            if end - start >= FEWEST:
                yield Payload(start, end, kind)
            if end > start:
                after = end
                break
            left -= read


def _json(lines: Sequence[str], start: int, first: str) -> tuple[int, int]:
    """Where the JSON ends that begins on a line, the line itself where none does; and how many characters were read."""
    if not first.endswith(("{", "[", ",")):
        return start, 0
    read = 0
    openings = [m.start() for m in _OPENS.finditer(first)][:3]
    for opening in dict.fromkeys((*openings[:2], *openings[-1:])):
        text, taken = first[opening:], 1
        while True:
            try:
                _, end = _DECODER.raw_decode(text)
            except json.JSONDecodeError as error:
                read += error.pos
                more = lines[start + taken : start + 3 * taken]  # thrice the lines at a time: as a rule it is short
                if error.pos < len(text.rstrip()) or not more or taken > MOST:
                    break
                text += "\n" + "\n".join(more)
                taken += len(more)
            except RecursionError:
                read += len(text)
                break
            else:
                count = text.count("\n", 0, end) + 1
                if _CLOSED.match(text, end, _line_end(text, end)):
                    return start + count, read
                break
    return start, read


_DECODER = json.JSONDecoder(strict=False)


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


class _DeclaresEntitiesError(Exception):
    pass


def _xml(lines: Sequence[str], start: int, first: str) -> tuple[int, int]:
    """As `_json`, of XML. One that declares entities is none: they may stand for more text than any memory holds."""
    if not _TAG.match(first):
        return start, 0
    depth = 0
    done = False

    def begin(*_: object) -> None:
        nonlocal depth
        depth += 1

    def finish(*_: object) -> None:
        nonlocal depth, done
        depth -= 1
        done = not depth

    def declared(*_: object) -> None:
        raise _DeclaresEntitiesError

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.EndElementHandler = finish
    parser.EntityDeclHandler = declared
    read = 0
    for number in range(start, min(start + MOST, len(lines))):
        line = lines[number]
        read += LINE + len(line)
        try:
            parser.Parse(line.encode("utf-8", "replace") + b"\n", False)
        except (expat.ExpatError, _DeclaresEntitiesError):
            return (number + 1, read) if done else (start, read)  # words after it on its last line
        if done:
            return number + 1, read
    return start, read


def _yaml(lines: Sequence[str], start: int, first: str) -> tuple[int, int]:
    """As `_json`, of YAML: from a key without a value on, as far as lines are of its depth or deeper, where the parser
    takes them.
    """
    if not _OUTER.match(first):
        return start, 0
    depth = len(first) - len(first.lstrip(" "))
    end, keys, nested = start + 1, 1, first.strip() == "---"
    scalar = -1  # the depth of the key of a text that goes on below it (`key: |`)
    while end < len(lines) and end - start < MOST:
        line = lines[end].rstrip()
        inside = len(line) - len(line.lstrip(" "))
        if not line or "\t" in line[: inside + 1] or inside < depth or (inside == depth and not _KEY.match(line)):
            break
        if not 0 <= scalar < inside:
            scalar = inside if line.endswith(("|", "|-", "|+", ">", ">-")) else -1
            key = _KEY.match(line) is not None
            keys += key
            nested = nested or (key and (inside > depth or line.lstrip().startswith("- ")))
        else:
            keys += 1
        end += 1
    if not nested or keys * 4 < (end - start) * 3 or end - start < FEWEST:  # else a headline and words below it
        return start, sum(LINE + len(line) for line in lines[start:end])
    data = "\n".join(line[depth:] for line in lines[start:end]).encode("utf-8", "replace")
    return (end, 0) if _is_yaml(data) else (start, len(data))


def _is_yaml(data: bytes) -> bool:
    import tree_sitter_yaml
    from tree_sitter import Language, Parser

    return not Parser(Language(tree_sitter_yaml.language())).parse(data).root_node.has_error


_KINDS = (("json", _json), ("xml", _xml), ("yaml", _yaml))
