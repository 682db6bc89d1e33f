"""What only chance makes, as keys are: the last resort for secrets of which no rule knows."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from logsieve.core.places import Place

__all__ = ["opaque"]

MIXED = 3.1  # characters a run of one kind (`Abc`, `abc`, `ABC`, `123`) has at most on average: chance has about 2
ENTROPY = 4.1  # bits per character; chance has 4.4 at 28 characters, more at more
NEAR = 40  # characters before it that may say what it is
DATA = 56  # letters from which a line that ends with nothing else may be one of encoded data

_LONG = re.compile(r"[A-Za-z0-9+/_\-]{28,}+={0,2}")  # shorter than 28 characters chance cannot be told from names
_SHORT = re.compile(r"(?<![^/_-])(?:[a-z]{3,}|[A-Z][a-z]{2,}|[A-Z]{3,}|[0-9a-f]{6,}|[0-9]+)(?![^/_-])")  # words, hashes
_ONE_CASE = re.compile(r"[a-z0-9]{40,}|[A-Z0-9]{40,}")  # long enough without both; hexadecimal ones are out already
_RUN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|([0-9]+)")
# What says that it is no key: digests, data of files, what requests and versions are called.
_BEFORE = re.compile(
    r"(?i)(?:sha-?\d{0,3}|md5|hash|h1|base64|digest|integrity|checksum|shasum|fingerprint|etag|nonce|cache|static"
    r"|(?:request|host|amz|version|trace|build|correlation|upload|ray|cf)[ _-]?id(?:-\d)?)\W{0,4}$"
)
_NAME = re.compile(r"(?:[A-Z][a-z]{3,}){2}")  # of a class
_DIGEST = re.compile(r"(?i)(?:sha-?\d{1,3}|md5|h1)[-_/]")
_BEGINNINGS = (
    *("_Z", "$s"),  # compiled names
    *("AAAAB3Nza", "AAAAC3Nza", "AAAAE2Vj", "MIGfMA0G", "MIIBIjANBg", "MFkwEw"),  # public keys
    *("iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR", "Qk0", "AAABAA", "PHN2Zy", "PD94bWw"),  # images
    *("d09GM", "d09GR", "AGFzbQ", "T2dnUw", "SUQz", "JVBERi0", "UEsDB", "H4sI"),  # fonts, sound, archives
)


def opaque(lines: Sequence[str]) -> Iterator[tuple[int, Place]]:
    """What looks like a key that nobody named, with the index of its line."""
    first = [found.span() if (found := _LONG.search(line)) else (0, 0) for line in lines]
    for index, line in enumerate(lines):
        start, end = first[index]
        if end == 0 or "BEGIN CERTIFICATE" in line or _is_data(lines, first, index):
            continue
        for found in _LONG.finditer(line, start):
            start, end = found.span()
            if _stands_alone(line, start, end) and _is_chance(found[0]):
                yield index, Place(start, end, "opaque token")


def _is_chance(value: str) -> bool:
    """Whether a value is of all kinds of letters, well mixed, without the words and hashes in it."""
    bare = _SHORT.sub("", value)
    runs = _RUN.findall(bare)
    both = any(map(str.islower, bare)) and any(map(str.isupper, bare))
    if len(bare) < 28 or not (both or _ONE_CASE.search(bare)):
        return False
    if sum(map(bool, runs)) < 2 or len(bare) > MIXED * len(runs):
        return False
    bits = sum(n * math.log2(len(bare) / n) for n in Counter(bare).values())
    return bits >= ENTROPY * len(bare)


def _stands_alone(line: str, start: int, end: int) -> bool:
    """Whether it is no part of a path or a file's name, and nothing says what else it is."""
    value, before = line[start:end], line[max(0, start - NEAR) : start]
    if value.startswith(_BEGINNINGS) or _DIGEST.match(value) or _NAME.match(value) or _BEFORE.search(before):
        return False
    if line[end : end + 1] in ("/", ":", "@", "\\", ".") and line[end + 1 : end + 2].strip():
        return False
    return "/" not in value or (
        before[-1:] not in (".", "~", ":", "@", "\\", "$")
        and value[0] != "/"
        and value.count("/") <= 2 + len(value) // 32
    )


def _is_data(lines: Sequence[str], first: Sequence[tuple[int, int]], index: int) -> bool:
    """Whether a line is one of several of encoded data, as of an image or a certificate: it ends with letters that
    begin where they do in the line beside it.
    """

    def ends(at: int) -> bool:
        return 0 <= at < len(lines) and first[at][1] == len(lines[at].rstrip()) > 0

    start, end = first[index]
    beside = [first[at] for at in (index - 1, index + 1) if ends(at)]
    return ends(index) and any(a == start and max(b - a, end - start) >= DATA for a, b in beside)
