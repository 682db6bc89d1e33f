"""What a runner wraps around each message, recognised layer by layer from a sample of the log, and taken off."""

from __future__ import annotations

import re
from dataclasses import dataclass

from logsieve.model import Envelope, Level
from logsieve.packs import EnvelopeRule, PackSet
from logsieve.text import LogText

__all__ = ["Wrapping", "detect"]

SAMPLE = 400  # lines looked at; more changes no decision on the logs at hand
RUNNER = 5  # layers under it are the runner's own; from it on what the programs write of themselves
LONGEST = 8192  # characters of a message that rules look at one line at a time; the scan sees all of it

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
    def has_level(self) -> bool:
        """Whether a layer names the level of its line."""
        return any("(?P<level>" in layer.pattern for layer in self.layers)

    @property
    def has_stream(self) -> bool:
        """Whether a layer names the stream of its line: one of several programs that write at the same time."""
        return any("(?P<stream>" in layer.pattern for layer in self.layers)

    def strip(self, clean: bytes) -> bytes:
        """The messages of clean lines, each ended by a newline."""
        if self.pattern is None:
            return clean
        return self.pattern.sub(b"\n", b"\n" + clean)[1:]

    def message(self, clean: str) -> str:
        """The message of one clean line, cut at LONGEST."""
        if self.pattern is None:
            return clean[:LONGEST]
        line = b"\n" + clean[:LONGEST].encode("utf-8", "replace")
        match = self.pattern.match(line)
        return line[match.end() if match else 1 :].decode("utf-8", "replace")

    def of_runner(self, clean: str) -> str:
        """What the runner put before the line: its time, its job and step."""
        at = 0
        for layer in self.layers:
            if layer.layer < RUNNER and (match := re.compile(layer.pattern).match(clean, at)):
                at = match.end()
        return clean[:at]

    def level(self, clean: str) -> Level:
        """The level that the line's envelope names, or UNKNOWN."""
        return _WORDS.get(self._named("level", clean).lower(), Level.UNKNOWN)

    def stream(self, clean: str) -> str:
        """The stream that the line's envelope names, empty where none."""
        return self._named("stream", clean)

    def _named(self, group: str, clean: str) -> str:
        rest = clean[:LONGEST].encode("utf-8", "replace")
        for layer in self.layers:
            match = re.match(layer.pattern.encode(), rest)
            if match:
                word = match.groupdict().get(group)
                if word:
                    return word.decode("utf-8", "replace")
                rest = rest[match.end() :]
        return ""


def detect(text: LogText, packs: PackSet) -> Wrapping:
    """The layers that enough of the sampled lines carry, each looked for in what the outer ones left."""
    n = len(text)
    step = max(1, n // (SAMPLE // 2))
    numbers = sorted({*range(min(n, SAMPLE // 4)), *range(0, n, step), *range(max(0, n - SAMPLE // 4), n)})
    lines = [line for line in (text.clean(i)[:2000].encode("utf-8", "replace") for i in numbers) if line.strip()]
    layers: list[EnvelopeRule] = []
    for depth in sorted({e.layer for e in packs.envelopes}):
        best, most, rest = None, 0, lines
        for rule in packs.envelopes:
            if rule.layer != depth:
                continue
            pattern = re.compile(rule.pattern.encode())
            found = [pattern.match(line) for line in lines]
            count = sum(m is not None for m in found)
            if count > most and count >= rule.share * len(lines):
                best, most = rule, count
                rest = [line[m.end() :] if m else line for m, line in zip(found, lines, strict=True)]
        if best:
            layers.append(best)
            lines = rest
    return Wrapping(tuple(layers), _combined(layers))


def _combined(layers: list[EnvelopeRule]) -> re.Pattern[bytes] | None:
    if not layers:
        return None
    # Names may repeat over layers; only `level` looks at groups, one layer at a time.
    nameless = [re.sub(r"\(\?P<\w+>", "(?:", layer.pattern) for layer in layers]
    return re.compile(("\n" + "".join(f"(?:{p})?" for p in nameless)).encode())
