"""JSON, XML and YAML over several lines of a log: where each begins and ends, as its parser says."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.parsers import expat

__all__ = ["Payload", "blocks"]

FEWEST = 3  # lines that are worth a block
MOST = 20_000  # lines of one
WASTE = (
    8  # times the text may be read in vain: where every line begins something that never ends, no more is looked for
)

_OPENS = re.compile(r"(?:^|(?<=[\s=:(,]))[{\[](?=[\s\"'{\[\]}\d-]|$|true|false|null)")
_CLOSED = re.compile(r"[\s,;.)'\"`]*$")
_TAG = re.compile(r"\s*<(?:\?xml\s|!DOCTYPE\s|[A-Za-z_][\w.:-]*[\s/>])")
_KEY = re.compile(r"( *)(?:- )*(?:[\w.$/-]+|\"[^\"\n]{1,80}\"|'[^'\n]{1,80}'):(?= |$)|( *)- \S|---$")
_OUTER = re.compile(r" *(?:[\w.$/-]{1,80}:\s*(?:[|>][+-]?)?|---)$")


@dataclass(frozen=True, slots=True)
class Payload:
    """Lines from `start` to `end` (0-based, half-open) that are one value; `kind` is json, xml or yaml."""

    start: int
    end: int
    kind: str


def blocks(lines: Sequence[str]) -> list[Payload]:
    """The values that stand in some lines, in their order, none in another. Lines come as messages: without what the
    runner puts before each.
    """
    found: list[Payload] = []
    left = WASTE * sum(map(len, lines)) + 100_000
    at = 0
    while at < len(lines):
        end = at
        for kind, extent in _KINDS if left > 0 else ():
            end, read = extent(lines, at)
            if end - at >= FEWEST:
                found.append(Payload(at, end, kind))
            if end > at:
                break
            left -= read
        at = max(end, at + 1)
    return found


def _json(lines: Sequence[str], start: int) -> tuple[int, int]:
    """Where the JSON ends that begins on a line, the line itself where none does; and how many characters were read."""
    first = lines[start].rstrip()
    if not first.endswith(("{", "[", ",")):
        return start, 0
    read = 0
    openings = [m.start() for m in _OPENS.finditer(first)][:3]
    for opening in dict.fromkeys((*openings[:2], *openings[-1:])):
        text, taken = first[opening:], 1
        while True:  # twice the lines at a time: as a rule it is short
            more = lines[start + taken : start + 2 * taken + 8]
            text += "\n" + "\n".join(more)
            taken += len(more)
            try:
                _, end = _DECODER.raw_decode(text)
            except json.JSONDecodeError as error:
                read += error.pos
                if error.pos < len(text.rstrip()) or not more or taken > MOST:
                    break
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


def _xml(lines: Sequence[str], start: int) -> tuple[int, int]:
    """As `_json`, of XML. One that declares entities is none: they may stand for more text than any memory holds."""
    if "<" not in lines[start] or not _TAG.match(lines[start]):
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
        read += len(line)
        try:
            parser.Parse(line.encode("utf-8", "replace") + b"\n", False)
        except (expat.ExpatError, _DeclaresEntitiesError):
            return (number + 1, read) if done else (start, read)  # words after it on its last line
        if done:
            return number + 1, read
    return start, read


def _yaml(lines: Sequence[str], start: int) -> tuple[int, int]:
    """As `_json`, of YAML: from a key without a value on, as far as lines are of its depth or deeper, where the parser
    takes them.
    """
    if not _OUTER.match(lines[start].rstrip()):
        return start, 0
    depth = len(lines[start]) - len(lines[start].lstrip(" "))
    end, keys, nested = start + 1, 1, lines[start].strip() == "---"
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
        return start, sum(map(len, lines[start:end]))
    data = "\n".join(line[depth:] for line in lines[start:end]).encode("utf-8", "replace")
    return (end, 0) if _is_yaml(data) else (start, len(data))


def _is_yaml(data: bytes) -> bool:
    import tree_sitter_yaml
    from tree_sitter import Language, Parser

    return not Parser(Language(tree_sitter_yaml.language())).parse(data).root_node.has_error


_KINDS = (("json", _json), ("xml", _xml), ("yaml", _yaml))
