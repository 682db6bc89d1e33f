"""The corpus of redaction: secrets.toml and lookalikes.toml with their forms filled in, by chance but always the same.

What is made up has the form in which its service gives it out, with a checksum where that has one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import string
import tomllib
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

HERE = Path(__file__).parent
BARE, NAMED = 3, 2  # lines of each kind of a token; NAMED + BARE of what only its name tells
LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
BASE62 = DIGITS + UPPER + LOWER
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

LETTERS = {
    "b": BASE62,
    "s": BASE62 + "-_",
    "z": BASE62 + "-_~.",
    "B": BASE62 + "+/",
    "x": "0123456789abcdef",
    "X": "0123456789ABCDEF",
    "d": DIGITS,
    "l": LOWER,
    "U": UPPER,
    "a": LOWER + DIGITS,
    "A": UPPER + DIGITS,
    "n": LOWER + "234567",
    "t": UPPER + "234567",
}
WORDS = ("correct", "horse", "battery", "staple", "monkey", "dragon", "winter", "summer", "purple", "rocket")
PEOPLE = ("asmith", "mkowalski", "jdoe", "priya", "lena.maier", "tanaka", "oconnor", "wzhang", "fatima", "bjork")
DOMAINS = ("acme.dev", "mail.acme.co.uk", "initech.com", "globex-corp.io", "uni-halle.de", "umbrella.pl")
_FORM = re.compile(r"\{([a-zA-Z]+)(\d*)\}")


class Secret(NamedTuple):
    """One secret of the corpus: what stands before and behind it (with line ends, maybe)."""

    kind: str
    before: str
    value: str
    after: str


def secrets(seed: int = 0) -> Iterator[Secret]:
    """Every kind in several lines; another seed makes up others."""
    r = Random(seed)
    told = tomllib.loads((HERE / "secrets.toml").read_text("utf-8"))
    for kind, (variable, *forms) in told["tokens"].items():
        lines = r.sample(told["bare"], BARE) + r.sample(told["named"], NAMED)
        yield from (_secret(kind, line.replace("NAME", variable), r.choice(forms), r) for line in lines)
    for kind, (variable, *forms) in told["values"].items():
        lines = r.sample(told["named"], BARE + NAMED)
        yield from (_secret(kind, line.replace("NAME", variable), r.choice(forms), r) for line in lines)
    for kind, place in told["places"].items():
        yield from (_secret(kind, line, r.choice(place["forms"]), r) for line in place["lines"])


def lookalikes(seed: int = 0) -> Iterator[tuple[str, str]]:
    """What a line holds, and the line (or several)."""
    r = Random(seed)
    for kind, lines in tomllib.loads((HERE / "lookalikes.toml").read_text("utf-8")).items():
        yield from ((kind, filled(line, r)) for line in lines)


def _secret(kind: str, line: str, form: str, r: Random) -> Secret:
    before, _, after = filled(line, r).partition("@@")
    return Secret(kind, before, filled(form, r), after)


def filled(form: str, r: Random) -> str:
    """The text with its forms filled in."""

    def fill(found: re.Match[str]) -> str:
        what, count = found[1], int(found[2] or 0)
        if what in LETTERS and count:
            return _letters(r, LETTERS[what], count)
        return MAKES[what](r, count) if what in MAKES else found[0]

    return _FORM.sub(fill, form)


def _letters(r: Random, letters: str, count: int) -> str:
    return "".join(r.choice(letters) for _ in range(count))


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _in_base(number: int, letters: str, width: int) -> str:
    out = ""
    while number or len(out) < width:
        number, rest = divmod(number, len(letters))
        out = letters[rest] + out
    return out


def _checked(r: Random) -> str:
    """GitHub's and npm's: thirty random letters and their CRC-32 in six."""
    body = _letters(r, BASE62, 30)
    return body + _in_base(zlib.crc32(body.encode()), BASE62, 6)


def _gitlab(r: Random) -> str:
    payload = _url64(r.randbytes(33))
    text = f"glpat-{payload}.01.{_in_base(len(payload), DIGITS + LOWER, 2)}"
    return text + _in_base(zlib.crc32(text.encode()), DIGITS + LOWER, 7)


def _atlassian(r: Random) -> str:
    text = "ATATT3xFfGF0" + _letters(r, LETTERS["s"], 171)
    return f"{text}={zlib.crc32(text.encode()):08X}"


def _jwt(r: Random) -> str:
    claims = {"sub": _letters(r, DIGITS, 10), "iss": "https://id.acme.dev", "exp": 1900000000 + r.randrange(10**6)}
    signed = ".".join(_url64(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_url64(hmac.new(r.randbytes(32), signed.encode(), hashlib.sha256).digest())}"


def _sentry(r: Random) -> str:
    about = {"iat": 1700000000.123456, "url": "https://sentry.io", "region_url": "https://us.sentry.io", "org": "acme"}
    return f"sntrys_{base64.b64encode(json.dumps(about).encode()).decode()}_{_letters(r, LETTERS['B'], 43)}"


def _age(r: Random) -> str:
    """Bech32 with its checksum (BIP 173)."""
    name = "age-secret-key-"
    data = [r.randrange(32) for _ in range(52)]
    expanded = [ord(c) >> 5 for c in name] + [0] + [ord(c) & 31 for c in name]
    check = 1
    for value in [*expanded, *data, 0, 0, 0, 0, 0, 0]:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, part in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= part if top >> i & 1 else 0
    last = [(check ^ 1) >> 5 * (5 - i) & 31 for i in range(6)]
    return (name + "1" + "".join(BECH32[d] for d in [*data, *last])).upper()


def _uuid(r: Random) -> str:
    h = _letters(r, LETTERS["x"], 32)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{r.choice('89ab')}{h[17:20]}-{h[20:]}"


def _word(r: Random) -> str:
    first = r.choice(WORDS).capitalize() + r.choice(("-", "_", ""))
    return first + r.choice(WORDS) + str(r.randrange(10, 9999))


def _odd(r: Random) -> str:
    text = [*_letters(r, BASE62, 11), *_letters(r, "!#%^*+~?", 2), r.choice(DIGITS), r.choice(LOWER)]
    r.shuffle(text)
    return r.choice(LOWER + UPPER) + "".join(text)


MAKES: dict[str, Callable[[Random, int], str]] = {
    "checked": lambda r, _: _checked(r),
    "gitlab": lambda r, _: _gitlab(r),
    "atlassian": lambda r, _: _atlassian(r),
    "jwt": lambda r, _: _jwt(r),
    "sentry": lambda r, _: _sentry(r),
    "age": lambda r, _: _age(r),
    "discord": lambda r, _: _url64(str(r.randrange(10**17, 10**18)).encode()),
    "uuid": lambda r, _: _uuid(r),
    "bytes": lambda r, count: base64.b64encode(r.randbytes(count)).decode(),
    "quoted": lambda r, n: base64.b64encode(r.randbytes(n)).decode().translate({43: "%2B", 47: "%2F", 61: "%3D"}),
    "basic": lambda r, _: base64.b64encode(f"{_letters(r, LOWER, 6)}:{_word(r)}".encode()).decode(),
    "word": lambda r, _: _word(r),
    "odd": lambda r, _: _odd(r),
    "person": lambda r, _: r.choice(PEOPLE),
    "domain": lambda r, _: r.choice(DOMAINS),
    "octet": lambda r, _: str(r.randrange(1, 255)),
    "private": lambda _, __: "PRIVATE",
    "root": lambda _, __: "root",
}
