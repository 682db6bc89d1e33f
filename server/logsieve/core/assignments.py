"""Assignments: names that say that they hold a secret, and values that may be one, as environments, configurations,
connection strings and code write them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from logsieve.core.places import Finder, Place, linear, words

__all__ = ["FINDERS", "announced", "is_masked", "looks_random"]

JUDGED = 256  # characters of a value that are looked at to judge whether it is a secret
NEAR = 100  # characters before which a name may begin its line, behind what a runner puts in front
LONG = 32  # characters from which a path-like value with all kinds of letters is base64
UNQUOTED = 5  # the group of _VALUE that is a value without quotes
_VAGUE = ("token", "key", "secret", "secrets", "credentials", "pwd")  # parsers and people use them for other things
_HINTS = ("pass", "pwd", "secret", "token", "cred", "key", "auth", "_pat", "dsn", "psk", "mnemonic")

_ASSIGNMENT = linear(
    rf"(?i)([A-Za-z0-9_.\-]*(?:{'|'.join(_HINTS)})[A-Za-z0-9_\-]*)"
    r"(\\?[\"']?\]?)"  # closing quote or bracket
    r"([ \t]*(?::=|=>|={1,3}|:)[ \t]*)"  # operator
)
_VALUE = re.compile(r"""\\"([^"\\]*+)|"([^"]*+)|'([^']*+)|`([^`]*+)|([^\s"'`]++)""")
# The next pair of a connection string or query ends an unquoted value.
_NEXT_PAIR = re.compile(r"[;&,]\s*+[A-Za-z_][\w. ]*+=")
# A name and its value in two columns (`setenv NAME value`, PowerShell's list of variables, Docker's ENV).
_COLUMNS = linear(
    r"(?:^|\b(setenv|set|ENV|ARG|export)[ \t]+(?:-[a-zA-Z]+[ \t]+)*|[ \t])"
    r"([A-Z][A-Z0-9_]*)([ \t]+)([^ \t=:]\S{2,})[ \t]*$"
)
# What may stand before the name in a dump: timestamps, punctuation, and the commands that set variables.
_BEFORE_NAME = re.compile(
    r"[^A-Za-z]+|[\d:.,+\-]+T[\d:.,+\-]+Z?|export|declare|-x|setx?|ENV|ARG|env|-e|--env|--build-arg"
)
_PUBLIC = re.compile(r"(?i)public key $")
_FINGERPRINT = re.compile(r"[0-9A-F]{16}|[0-9A-F]{40}")  # of a public key of GPG


def _assignments(line: str) -> Iterator[Place]:
    done = 0
    for match in _ASSIGNMENT.finditer(line):
        name, closing, operator = match.groups()
        start, at = match.start(), match.end()
        if start < done or not _is_secret_name(name) or (operator[-1:] == ":" and line[at : at + 1] == ":"):
            continue
        given = _VALUE.match(line, at, at + JUDGED)
        if given is None:
            continue
        quoted = given.lastindex != UNQUOTED
        direct = quoted or bool(closing) or operator == "=" or _leads(line, start, start + len(name))
        if not quoted and name.strip("_-").lower() in _VAGUE and not (name.isupper() and operator == "="):
            direct = False
        value = _end_at_pair(given)
        if not _is_secret_value(value, direct) or (not name.isupper() and _is_code(value)):
            continue  # code assigns to names in lower case; a dump of the environment holds no code
        if name.lower() == "token" and _PUBLIC.search(line, max(0, start - NEAR), start):
            continue  # of a .NET assembly
        if "gpg" in name.lower() and _FINGERPRINT.fullmatch(value):
            continue
        if _in_url(line, start):
            if "@" in value:
                continue  # a user and a password, of which a rule knows
            value = re.split("[#&]", value, maxsplit=1)[0]
        elif given.end() == at + JUDGED:  # the judgement needs no more; the replacement needs all of it
            given = _VALUE.match(line, at) or given
            value = _end_at_pair(given)
        first = given.start(given.lastindex or 0)
        done = first + len(value)
        yield Place(first, done, "secret assignment")


def _in_url(line: str, at: int) -> bool:
    return line[at - 1 : at] in ("?", "&") or line[max(0, at - 3) : at] == "://"


def _end_at_pair(given: re.Match[str]) -> str:
    """A quoted value as it is; an unquoted one without what follows in a query, a connection string, a sentence."""
    value = given[given.lastindex or 0]
    if given.lastindex != UNQUOTED:
        return value
    pair = _NEXT_PAIR.search(value)
    return (value[: pair.start()] if pair else value).rstrip(",;)}]")


def _leads(line: str, start: int, end: int) -> bool:
    """Whether a name at start..end begins its line (but for timestamps and such) and one word follows: `PWD_A: x`."""
    if start > NEAR:
        return False
    before = line[:start].rpartition("|")[2].split()
    after = line[end : end + JUDGED].lstrip(" \t:=>").rstrip()
    return " " not in after and all(_BEFORE_NAME.fullmatch(word) for word in before)


def _columns(line: str) -> Iterator[Place]:
    found = _COLUMNS.search(line)
    if found is None or not _is_secret_name(found[2]):
        return
    direct = bool(found[1]) or (len(found[3]) > 1 and "_" in found[2])
    value = found[4].strip("\"'")
    if _is_secret_value(value, direct):
        start = found.start(4) + found[4].index(value)
        yield Place(start, start + len(value), "secret assignment")


_ANNOUNCES = linear(r"(?i)(?:password|passphrase|passcode|api key|_token|_secret|_key)\b[^:=<>{}]{0,80}(?::|=>)[ \t]*$")
_ALONE = re.compile(r"(?:.* )?\"?([A-Za-z0-9+/_=*.~-]{12,64}+)\"?")
_DUMPED = re.compile(r"string\(\d+\)")  # PHP's var_dump


def announced(lines: Sequence[str]) -> Iterator[tuple[int, Place]]:
    """Values below the line that says what they are, or one empty line further, with the indices of their lines."""
    for index, line in enumerate(lines):
        if not line.endswith((":", ">", " ")) or not _ANNOUNCES.search(line[-JUDGED:]):
            continue
        below = next((at for at in range(index + 1, min(index + 3, len(lines))) if lines[at].strip()), None)
        if below is None or len(lines[below]) > JUDGED:
            continue
        found = _ALONE.fullmatch(lines[below].rstrip())
        if found is None or not looks_random(found[1]):
            continue
        before = lines[below][: found.start(1)].rpartition("|")[2].rstrip('"').split()
        if all(_BEFORE_NAME.fullmatch(word) or _DUMPED.fullmatch(word) for word in before):
            yield below, Place(*found.span(1), "announced password")


def looks_random(value: str) -> bool:
    """Whether a value is more than a word: at least 8 characters, letters and digits, few of them the same."""
    return (
        len(value) >= 8
        and any(c.isdigit() for c in value)
        and any(c.isalpha() for c in value)
        and len(set(value)) >= min(8, len(value) // 2 + 1)
    )


def is_masked(value: str) -> bool:
    """Whether a value is no value: masked (`***`), a reference to a variable, or a placeholder."""
    bare = value.strip("\"'`()[]{}<>., ")
    return (
        not bare
        or "***" in value
        or len(set(bare)) <= 1
        or _REFERENCE.fullmatch(value) is not None
        or bare.lower() in _NO_VALUES
    )


_REFERENCE = re.compile(
    r"\\?\$(?:\w*(?:[/\\:.].*)?|[({].*)|%(?:\w+%|\w|[({].*)"
    r"|(?:\{\{|<|\[|@\{|env[.(]|getenv|process\.env|os\.environ|secrets\.).*"
)
_NO_VALUES = words("""
    true false none null nil undefined yes no on off empty required optional missing invalid expired redacted
    secret masked hidden filtered secure set unset str string int integer number bool boolean bytes any object
    default unknown error failed not is was must cannot field type value todo never always input write read
    admin:org inherit undefined; string; number; ok done found protected removed omitted unavailable unauthorized
    denied
""")


# Names of assignments. A name counts by its words: one that says secret, none that says it is only about one.
_STRONG = words("""
    password passwd passphrase passcode pwd secret secrets token credential credentials apikey apitoken
    authtoken accesskey secretkey privatekey accesstoken clientsecret dbpassword dockerconfigjson authkey
    sharedkey pgpassword mysqlpwd psk mnemonic
""")
_GLUED = ("password", "passwd", "passphrase", "secret", "token", "apikey")
_KEYS = words("""
    api access secret private auth account encryption encrypt signing sign signature master storage service
    deploy license app application ssh gpg client subscription session shared admin webhook write ingest
    ingestion crypt jwt hmac aes rsa crypto cipher age developer integration instrumentation function functions
    host bot
""")
_ABOUT = words("""
    type types count limit limits url uri endpoint name names file files path paths dir directory folder length
    len size expiry expires expiration expire ttl policy algorithm alg algo format prefix suffix env variable
    var vars field header headers index id ids kind regex pattern version manager store provider required
    enabled disabled valid invalid error errors exists mode scope scopes ref refs source param params to for
    from by users parameter parameters arn usage used budget max min location rotation timeout age permissions
    class helper service reuse checker check test tests validator validation sha sha256 fingerprint label title
    text placeholder list map set vault account secretname hint cache pool bucket queue factory filter handler
    interceptor generator parser scanner request response controller middleware guard
""")
_BEFORE = words("""
    max min num number total unexpected next prev page pagination continuation cancellation lexer syntax invalid
    illegal missing unknown end start eof no bad cache public primary foreign sort parse pass reserved persist
    special last first current the input output prompt completion per
""")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def _is_secret_name(name: str) -> bool:
    """Whether a variable, header or key of this name holds a secret."""
    parts = [w.lower() for w in _WORD.findall(name[-120:])]
    if "public" in parts and "key" in parts:
        return False
    for i, word in enumerate(parts):
        before = parts[i - 1] if i else ""
        named = (
            word in _STRONG
            or word.endswith(_GLUED)
            or (word in ("key", "keys") and before in _KEYS)
            or (word in ("pass", "pat", "auth", "dsn", "creds") and i == len(parts) - 1 and i > 0)
        )
        if named and before not in _BEFORE and not _ABOUT.intersection(parts[i + 1 :]):
            return before != "old"
    return False


_PATH = re.compile(r"(?:[A-Za-z]:)?(?:~|\.{1,2})?(?:[\\/][\w.@+ -]*)+|(?:[\w.@-]+/)+[\w.@-]+\.\w{1,5}")
# Code instead of a value: a dotted name, a call, an index or an object's text, a type, punctuation.
_CODE = re.compile(
    r"[A-Za-z_]+(?:\.[A-Za-z_]+)+|[A-Za-z_][\w.]*[(\[{].*|[A-Za-z_]\w*(?:\.\w+)+@[0-9a-f]+"
    r"|[A-Za-z_]\w*(?:<.*>)?\??[;,)]|[A-Z][a-z]+(?:[A-Z][a-z]+)+|\W*"
)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://.*")
_VARIABLE = re.compile(r"[A-Z]+(?:_[A-Z]+)+|(?i:token|password|secret|key)")  # a name, as in `password: DB_TOKEN`


def _is_code(value: str) -> bool:
    """Whether the value is a name, a call or an object's text, as in program code."""
    return _CODE.fullmatch(value) is not None


def _is_secret_value(value: str, direct: bool) -> bool:
    """Whether the value of a secret's name is one. `direct`: an assignment, not prose (`unexpected token: foo`)."""
    if is_masked(value) or len(value) < 3 or _URL.fullmatch(value) or _VARIABLE.fullmatch(value):
        return False
    if _PATH.fullmatch(value) and not (len(value) >= LONG and _kinds(value) == 3):
        return False
    return direct or looks_random(value)


def _kinds(value: str) -> int:
    return sum(any(test(c) for c in value) for test in (str.isdigit, str.islower, str.isupper))


FINDERS = (Finder(_HINTS, _assignments), Finder(_HINTS, _columns))
