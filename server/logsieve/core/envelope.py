"""What a runner wraps around each message, recognised layer by layer from a sample of the log, and taken off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, groupby

from logsieve.model import Envelope, Level
from logsieve.packs import EnvelopeRule, PackSet
from logsieve.text import LONGEST, LogText

__all__ = ["Wrapping", "detect"]

SAMPLE = 400  # lines looked at; more changes no decision on the logs at hand
WIDTH = 2000  # bytes of each
RUNNER = 5  # layers under it are the runner's own; from it on what the programs write of themselves

_WORDS = {
    word: level
    for level, words in {
        Level.DEBUG: "debug trace fine finer finest d v verbose",
        Level.INFO: "info notice i log note hint",
        Level.WARNING: "warn warning w wrn",
        Level.ERROR: "error err e fatal f crit critical severe alert emerg panic",
    }.items()
    for word in words.split()
}


class _Levels(dict[bytes | None, int]):
    """The level of each word; what is none is not kept, for a log may hold any number of them."""

    def __missing__(self, word: bytes | None) -> int:
        level = int(_WORDS.get((word or b"").decode("utf-8", "replace").lower(), Level.UNKNOWN))
        if level:
            self[word] = level
        return level


_LEVELS = _Levels({None: int(Level.UNKNOWN)})


@dataclass(frozen=True, slots=True)
class Wrapping:
    """The envelope layers of one log, outermost first."""

    layers: tuple[EnvelopeRule, ...]
    pattern: re.Pattern[bytes] | None  # all layers, each optional, after the line end before the line

    @property
    def envelopes(self) -> tuple[Envelope, ...]:
        """The layers as users see them."""
        return tuple(Envelope(layer.name, layer.pattern) for layer in self.layers)

    @property
    def has_stream(self) -> bool:
        """Whether a layer names the stream of its line: one of several programs that write at the same time."""
        return any("(?P<stream>" in layer.pattern for layer in self.layers)

    def taken_off(self, clean: bytes) -> tuple[list[bytes], list[int]]:
        """The messages of clean lines that each end with a newline, and of each the level (Level) that its envelope
        names; no levels where none is named.
        """
        if self.pattern is None:
            return clean.split(b"\n")[:-1], []
        # What stands between two line ends with what follows them is a message; after each come the groups.
        pieces = self.pattern.split(b"\n" + clean)
        step = self.pattern.groups + 1
        levels: list[int] = []
        for name, group in self.pattern.groupindex.items():
            assert name.startswith("level")
            named = list(map(_LEVELS.__getitem__, pieces[group:-step:step]))
            levels = [first or second for first, second in zip(levels, named, strict=True)] if levels else named
        return pieces[step::step][:-1], levels

    def message(self, clean: str) -> str:
        """The message of one clean line, cut at LONGEST."""
        if self.pattern is None:
            return clean[:LONGEST]
        line = b"\n" + clean[:LONGEST].encode("utf-8", "replace")
        match = self.pattern.match(line)
        start = len(line[1 : match.end()].decode("utf-8", "replace")) if match else 0
        return clean[start : start + LONGEST]

    def of_runner(self, clean: str) -> str:
        """What the runner put before the line: its time, its job and step."""
        at = 0
        for layer in self.layers:
            if layer.layer < RUNNER and (match := re.compile(layer.pattern).match(clean, at)):
                at = match.end()
        return clean[:at]

    def stream(self, clean: str) -> str:
        """The stream that the line's envelope names, empty where none."""
        rest = clean[:LONGEST].encode("utf-8", "replace")
        for layer in self.layers:
            match = _compiled(layer.pattern).match(rest)
            if match:
                word = match["stream"] if "stream" in match.re.groupindex else None
                if word:
                    return word.decode("utf-8", "replace")
                rest = rest[match.end() :]
        return ""


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode())


@lru_cache(maxsize=8)
def _depths(packs: PackSet) -> list[tuple[list[EnvelopeRule], re.Pattern[bytes]]]:
    """The rules of each layer, and a pattern for any of them after the line end before the line."""
    depths = [list(rules) for _, rules in groupby(packs.envelopes, key=lambda rule: rule.layer)]
    return [(same, re.compile(f"(?m)\\n(?:{'|'.join(map(_nameless, same))})".encode())) for same in depths]


def detect(text: LogText, packs: PackSet) -> Wrapping:
    """The layers that enough of the sampled lines carry, each looked for in what the outer ones left."""
    lines = [line[:WIDTH] for line in _sample(text) if line.strip()]
    layers: list[EnvelopeRule] = []
    for rules, any_of_them in _depths(packs):
        # One search over all lines first: most depths are on none of them, and to ask line by line takes long.
        found_at = [m.start() for m in any_of_them.finditer(b"\n" + b"\n".join(lines))]
        if not found_at:
            continue
        places = {at: i for i, at in enumerate(accumulate((len(line) + 1 for line in lines), initial=0))}
        carry = [places[at] for at in found_at]
        best: EnvelopeRule | None = None
        ends: dict[int, int] = {}
        for rule in rules:
            pattern = _compiled(rule.pattern)
            found = {i: m.end() for i in carry if (m := pattern.match(lines[i]))}
            if len(found) > len(ends) and len(found) >= rule.share * len(lines):
                best, ends = rule, found
        if best:
            layers.append(best)
            lines = [line[ends.get(i, 0) :] for i, line in enumerate(lines)]
    return Wrapping(tuple(layers), _combined(layers))


def _sample(text: LogText) -> list[bytes]:
    """The clean text of lines from the start, the end and in between."""
    n = len(text)
    if n < SAMPLE:
        return text.clean_bytes(0, n).split(b"\n")[:-1]
    step = max(1, n // (SAMPLE // 2))
    numbers = sorted({*range(min(n, SAMPLE // 4)), *range(0, n, step), *range(max(0, n - SAMPLE // 4), n)})
    return text.clean_lines(numbers)


def _combined(layers: list[EnvelopeRule]) -> re.Pattern[bytes] | None:
    if not layers:
        return None
    optional = (f"(?:{_nameless(layer, f'(?P<level{at}>')})?" for at, layer in enumerate(layers))
    return re.compile(("\n" + "".join(optional)).encode())


def _nameless(rule: EnvelopeRule, level: str = "(?:") -> str:
    """The rule's pattern as it may stand beside others: names may repeat there; `level` begins the group of the level.
    Flags hold for this pattern alone.
    """
    pattern = re.sub(r"\(\?P<(\w+)>", lambda m: level if m[1] == "level" else "(?:", rule.pattern)
    return re.sub(r"\A\(\?([a-z]+)\)(?s:(.*))", r"(?\1:\2)", pattern)
