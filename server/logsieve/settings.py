"""Every setting, its default and its range, in one frozen tree. Reading settings gives values and problems, never an
exception.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

__all__ = [
    "DEFAULTS",
    "Diagnostics",
    "Folding",
    "Llm",
    "Packs",
    "Redact",
    "Reduce",
    "Semantic",
    "Settings",
    "Source",
    "from_mapping",
]


T = TypeVar("T")


def setting(
    default: Any, help: str, minimum: float | None = None, maximum: float | None = None, *, guarded: bool = False
) -> Any:
    """A dataclass field that carries its documentation and its range.

    `guarded`: it decides what is run, what is read or where text goes; editors take it from no untrusted workspace.
    """
    meta = {"help": help, "minimum": minimum, "maximum": maximum, "guarded": guarded}
    return field(default=default, metadata=meta)


@dataclass(frozen=True, slots=True)
class Reduce:
    """How much is kept."""

    budget: int = setting(4000, "Size of the reduced log in tokens (about 4 bytes each).", 100, 1_000_000)


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """What is shown as problems."""

    max: int = setting(200, "Most diagnostics shown for one log; the most important are kept.", 1, 1000)
    minimum: Literal["error", "warning", "info"] = setting("warning", "Least severity shown as a diagnostic.")


@dataclass(frozen=True, slots=True)
class Folding:
    """What folds."""

    max: int = setting(5000, "Most folds sent for one log; VS Code folds at most 5,000 regions.", 1, 5000)
    minimumLines: int = setting(3, "Shortest run of noise that folds, in lines.", 2, 1000)  # noqa: N815 (settings keys are camelCase)


@dataclass(frozen=True, slots=True)
class Source:
    """How logs lead to the code."""

    folders: tuple[str, ...] = setting(
        (),
        "Folders of the machines that logs come from and what they are in the workspace, each 'there=here', "
        "for example '/builds/team/app=services/app'; what is alike is found without.",
    )
    diagnostics: bool = setting(True, "Show failures on the lines of code that an open log names.")
    codeLens: bool = setting(True, "Say above tests how often they failed in an open log.")  # noqa: N815 (as above)


@dataclass(frozen=True, slots=True)
class Packs:
    """Which knowledge is used beside the built-in packs."""

    folders: tuple[str, ...] = setting((), "Further folders with packs (*.toml).", guarded=True)
    disabled: tuple[str, ...] = setting((), "Names of packs that are not used.")


Personal = Literal["email", "ipv4", "ipv6", "user", "entropy"]


@dataclass(frozen=True, slots=True)
class Redact:
    """What is replaced in what leaves for a model, the clipboard or another program. Known secrets always are."""

    kinds: tuple[Personal, ...] = setting(
        get_args(Personal),
        "What is replaced beside secrets in what leaves for a model or the clipboard: e-mail and IP addresses, names "
        "of users and their home folders, and what only chance makes (entropy).",
        guarded=True,
    )
    patterns: tuple[str, ...] = setting(
        (),
        "Further secrets, as regular expressions in RE2's syntax; the first group, or the whole match, is replaced.",
        guarded=True,
    )
    allow: tuple[str, ...] = setting(
        (), "Values that stay, as regular expressions in RE2's syntax that match the whole value.", guarded=True
    )


@dataclass(frozen=True, slots=True)
class Llm:
    """Where `explain` sends the redacted excerpt, and how. Nothing is sent while the endpoint is empty."""

    provider: Literal["openai", "anthropic", "editor"] = setting(
        "openai",
        "The API that the endpoint speaks: openai (any compatible one, local ones too) or anthropic. "
        "editor: the models that VS Code itself has; no endpoint and no key.",
        guarded=True,
    )
    endpoint: str = setting("", "Base URL of the API, for example http://localhost:11434/v1.", guarded=True)
    model: str = setting("", "Name of the model.", guarded=True)
    keyVariable: str = setting(  # noqa: N815 (as above)
        "",
        "Environment variable, or entry of the system's keyring, that holds the API key. "
        "Empty: OPENAI_API_KEY for api.openai.com, ANTHROPIC_API_KEY for api.anthropic.com, none for others.",
        guarded=True,
    )
    organisation: str = setting("", "Organisation that OpenAI bills.", guarded=True)
    headers: tuple[str, ...] = setting(
        (), "Further headers, each 'Name: value'; ${NAME} stands for an environment variable.", guarded=True
    )
    proxy: str = setting("", "URL of a proxy. Empty: what HTTPS_PROXY and NO_PROXY say.", guarded=True)
    certificates: str = setting("", "File (PEM) with certificates of your own authority.", guarded=True)
    timeout: int = setting(60, "Seconds without an answer before giving up.", 1, 3600)
    context: int = setting(
        0, "Tokens the model's context holds. 0: unknown, less is sent when it refuses.", 0, 10_000_000
    )
    budget: int = setting(4000, "Size of the excerpt that is sent, in tokens.", 100, 1_000_000)
    followUp: int = setting(  # noqa: N815 (as above)
        4000, "Most tokens of further lines that the model may ask for. 0: none.", 0, 1_000_000
    )
    source: int = setting(
        1000,
        "Most tokens of functions of your own code, those that the failure went through, that go along. 0: none.",
        0,
        1_000_000,
        guarded=True,
    )
    inputPrice: float = setting(  # noqa: N815 (as above)
        0.0, "Price of a million tokens that are sent, for the estimate of costs.", 0, 10_000
    )
    outputPrice: float = setting(  # noqa: N815 (as above)
        0.0, "Price of a million tokens of answer, for the estimate of costs.", 0, 10_000
    )


@dataclass(frozen=True, slots=True)
class Semantic:
    """What the meanings of lines are compared by, where the extra `semantic` is installed."""

    model: str = setting(
        "sentence-transformers/all-MiniLM-L6-v2",
        "Model of sentence-transformers, or its folder, that compares meanings.",
        guarded=True,
    )
    lines: int = setting(2000, "Most lines of a log whose meanings are compared. 0: none.", 0, 1_000_000)
    seconds: int = setting(30, "Longest time for comparing the meanings of a log's lines.", 1, 3600)


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole tree; section names are the editors' setting keys (`logsieve.reduce.budget`)."""

    plaintext: Literal["recognised", "always", "never"] = setting(
        "recognised", "Which plain text documents are triaged: those in which a pack recognises a log, all, or none."
    )
    inlayHints: Literal["on", "off"] = setting(  # noqa: N815 (as above)
        "on", "Hints behind lines: how often one is repeated in a row (x412), how long nothing was said (+38 s)."
    )
    reduce: Reduce = field(default_factory=Reduce)
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    folding: Folding = field(default_factory=Folding)
    source: Source = field(default_factory=Source)
    semantic: Semantic = field(default_factory=Semantic)
    packs: Packs = field(default_factory=Packs)
    redact: Redact = field(default_factory=Redact)
    llm: Llm = field(default_factory=Llm)


DEFAULTS = Settings()


def from_mapping(given: Mapping[str, Any] | None) -> tuple[Settings, list[str]]:
    """Settings from an editor's (or a file's) nested mapping, and what was wrong with it; a bad value keeps its
    default.
    """
    problems: list[str] = []
    return _read(DEFAULTS, {} if given is None else given, "logsieve", problems), problems


# Sections that only a client reads; they arrive with the rest and are none of the server's business.
CLIENT_ONLY = frozenset(f"logsieve.{name}" for name in ("server", "trace", "foldOnOpen", "scrollTogether", "colours"))


def _read(defaults: T, given: Any, path: str, problems: list[str]) -> T:
    if not isinstance(given, Mapping):
        problems.append(f"{path}: expected a table of settings, got {given!r}")
        return defaults
    hints = get_type_hints(type(defaults))
    known = {f.name: f for f in fields(defaults)}  # type: ignore[arg-type]  # T is always one of the dataclasses above
    changes: dict[str, Any] = {}
    for key, value in given.items():
        where = f"{path}.{key}"
        if key not in known:
            if where not in CLIENT_ONLY:
                problems.append(f"{where}: no such setting")
            continue
        old = getattr(defaults, key)
        if value is None:
            continue
        if is_dataclass(old):
            changes[key] = _read(old, value, where, problems)
            continue
        problem = _problem(hints[key], known[key].metadata, value)
        if problem:
            problems.append(f"{where}: {problem}; using {old!r}")
        else:
            changes[key] = tuple(value) if isinstance(value, list) else value
    return replace(defaults, **changes)  # type: ignore[type-var]  # as above


def _problem(hint: Any, meta: Mapping[str, Any], value: Any) -> str | None:
    if get_origin(hint) is Literal:
        return None if value in get_args(hint) else f"expected one of {', '.join(get_args(hint))}, got {value!r}"
    if hint is bool:
        return None if isinstance(value, bool) else f"expected true or false, got {value!r}"
    if hint is int:
        if isinstance(value, bool) or not isinstance(value, int):
            return f"expected a whole number, got {value!r}"
        if not meta["minimum"] <= value <= meta["maximum"]:
            return f"expected {meta['minimum']} to {meta['maximum']}, got {value}"
        return None
    if hint is float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"expected a number, got {value!r}"
        if not meta["minimum"] <= value <= meta["maximum"]:
            return f"expected {meta['minimum']} to {meta['maximum']}, got {value}"
        return None
    if hint is str:
        return None if isinstance(value, str) else f"expected text, got {value!r}"
    if not isinstance(value, list | tuple) or not all(isinstance(x, str) for x in value):
        return f"expected a list of texts, got {value!r}"
    known = get_args(get_args(hint)[0])
    unknown = [x for x in value if known and x not in known]
    return f"expected some of {', '.join(known)}, got {', '.join(map(repr, unknown))}" if unknown else None
