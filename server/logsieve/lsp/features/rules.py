"""Rules made of a line of a log: not an error, always an error, hide lines like this. The server runs these commands.

A rule is a pack of its own in a new file, for review; to delete the file is to take it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logsieve.lsp.convert import Coordinates
from logsieve.lsp.messages import RefusedError
from logsieve.lsp.views import log_of
from logsieve.model import Level

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.lsp.front import Front
    from logsieve.model import Finding
    from logsieve.packs.author import Kind, Written

AROUND = 50  # lines before and after in which a secret's name may stand
LONGEST = 1000  # characters of a line in a sample
MOST_LINES = 60  # of a failure in a sample
MOST_RULES = 8  # for one failure that is none: each of its lines that say so

UNDO, OPEN = "Undo", "Open Rule"


def draft(analysis: Analysis, at: Coordinates, kind: Kind, line: int) -> tuple[Written, str]:
    """The pack about a line (the client's number), held to its own sample; and the user's folder for packs.

    Raises RefusedError.
    """
    from logsieve import packs
    from logsieve.packs.author import VagueError

    number = at.line(line)
    if number < 0:
        raise RefusedError("there is no line")
    try:
        written = _no_error(analysis, number) if kind == "not-an-error" else _of_line(analysis, kind, number)
    except VagueError as error:
        raise RefusedError(str(error)) from error
    return written, str(packs.user_folder())


def _of_line(analysis: Analysis, kind: Kind, line: int) -> Written:
    from logsieve.packs import author

    messages, texts = _redacted(analysis, line, line + 1)
    written = author.write(kind, messages, texts[0])
    if _wrong(written):  # what is wrapped around a line may not be seen as such on one line alone
        written = author.write(kind, messages, messages[0])
    if wrong := _wrong(written):
        if kind == "hide":
            raise RefusedError("this line is an error by itself, and errors are not hidden: say first that it is none")
        raise RefusedError(f"a rule of this line would not hold: {wrong}")
    return written


def _no_error(analysis: Analysis, line: int) -> Written:
    """The rule takes back all that the lines of the failure say, else the next one of them would take its place."""
    from logsieve.packs import author

    finding = _finding_at(analysis, line)
    start, end = min(finding.start, finding.anchor), max(finding.end, finding.anchor + 1)
    own = {b.line for b in analysis.blocks if b.rule == finding.rule and b.anchor == finding.anchor}
    lines = sorted(own or {finding.anchor})
    start, end = min(start, *lines), max(end, lines[-1] + 1)
    if end - start > MOST_LINES:
        start, end = lines[0], lines[-1] + 1
    messages, texts = _redacted(analysis, start, end)
    said = [messages[line - start] for line in lines]
    while True:
        written = author.write("not-an-error", said, "\n".join(texts))
        left = _errors(written, "\n".join(texts))
        more = [m for n in left if 0 <= n < len(messages) and (m := messages[n]) not in said]
        if not more or len(said) + len(more) > MOST_RULES:
            break
        said += more
    if left and (wrong := _wrong(written := author.write("not-an-error", said[:1], texts[lines[0] - start]))):
        raise RefusedError(f"a rule of this failure would not hold: {wrong}")
    return written


def _finding_at(analysis: Analysis, line: int) -> Finding:
    """The failure that a line announces, else the smallest around it. Raises RefusedError."""
    around = [f for f in analysis.findings if f.start <= line < f.end or f.anchor == line]
    if not around:
        raise RefusedError("nothing was found on this line")
    return min(around, key=lambda f: (f.anchor != line, f.end - f.start))


def _redacted(analysis: Analysis, start: int, end: int) -> tuple[list[str], list[str]]:
    """The messages and the whole texts of some lines, without what must not leave: a rule may be committed."""
    from logsieve.core.redact import Redactor

    first = max(0, start - AROUND)
    lines = [analysis.line(n) for n in range(first, min(end + AROUND, len(analysis.text)))]
    redactor = Redactor(analysis.redact)
    texts = redactor.redact([line.text for line in lines]).lines
    messages = redactor.redact([_readable(analysis, line.number, line.message) for line in lines]).lines
    chosen = slice(start - first, end - first)
    return list(messages[chosen]), [text[:LONGEST] for text in texts[chosen]]


def _readable(analysis: Analysis, line: int, message: str) -> str:
    """The message; what is no UTF-8 in its line may be anything, for patterns are."""
    try:
        analysis.text.raw(line).decode()
    except UnicodeDecodeError:
        return "".join(c if c.isascii() else "\ufffd" for c in message)
    return message


def _wrong(written: Written) -> str:
    """What does not hold of a pack and its sample, beside the built-in ones; empty where all does."""
    from logsieve import packs
    from logsieve.core import samples
    from logsieve.packs.load import read

    pack, problems = read(written.text, f"{written.name}.toml")
    if pack:
        problems = samples.check(pack, packs.PackSet((*packs.load().packs, pack)))
    return "; ".join(problem.reason for problem in problems)


def _errors(written: Written, sample: str) -> list[int]:
    """The lines of a sample on which rules find errors in spite of a pack."""
    from logsieve import packs
    from logsieve.core.analysis import analyse
    from logsieve.packs.load import read
    from logsieve.text import LogText

    pack, _ = read(written.text, written.name)
    assert pack
    analysis = analyse(LogText.from_bytes(sample.encode()), packs.PackSet((*packs.load().packs, pack)))
    anchors = {(f.rule, f.anchor) for f in analysis.findings if f.severity is Level.ERROR}
    return [b.line for b in analysis.blocks if (b.rule, b.anchor) in anchors] or [anchor for _, anchor in anchors]


async def add(kind: Kind, front: Front, *place: Any) -> dict[str, Any]:
    """`logsieve.notAnError` and its like: write the rule, let it take effect, and say so."""
    uri, line = _place(front, place)
    written, own = await front.session.ask(uri, f"{__name__}:draft", kind, line)
    try:
        file, text = _new(front.rules_folder(log_of(uri)) or Path(own), written)
    except OSError as error:
        raise front.refusal(f"the rule cannot be written to {error.filename}: {error.strerror or error}") from error
    front.rules.append((file, text))
    front.reload_packs()
    message = f"{_SAID[kind]}: {Path(*file.parts[-3:])}"
    front.go_on("telling of a rule", _tell(front, message, file))
    return {"uri": file.as_uri(), "patterns": list(written.patterns), "message": message}


async def undo(front: Front, *_: Any) -> dict[str, Any]:
    """`logsieve.undoRule`: delete the rule that was written last, if nobody has worked on it since."""
    if not front.rules:
        raise front.refusal("no rule has been written since the server was started")
    file, text = front.rules.pop()
    try:
        if file.read_text("utf-8") != text:
            raise front.refusal(f"the rule has been edited since; delete it yourself: {file}")
        _remove(file)
    except FileNotFoundError:
        pass  # deleted by hand
    except OSError as error:
        raise front.refusal(f"{file} cannot be deleted: {error.strerror or error}") from error
    front.reload_packs()
    return {"uri": file.as_uri()}


def _place(front: Front, place: Sequence[Any]) -> tuple[str, int]:
    """The URI and the line that a command is given."""
    if len(place) == 2 and isinstance(place[0], str) and type(place[1]) is int and place[1] >= 0:
        return place[0], place[1]
    raise front.refusal("the command takes the URI of a log and a line of it")


def _new(folder: Path, written: Written) -> tuple[Path, str]:
    """A new file in a folder of packs, and what is in it. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    names = (written.name if n == 1 else f"{written.name}-{n}" for n in count(1))
    name = next(name for name in names if not (folder / f"{name}.toml").exists())
    # A pack of the same name would replace the other one.
    text = written.text.replace(f"name = '{written.name}'", f"name = '{name}'", 1)
    file = folder / f"{name}.toml"
    new = file.open("x", encoding="utf-8", newline="\n")
    try:
        with new:
            new.write(text)
    except OSError as error:  # the disk is full: half a rule would be a bad pack
        _remove(file)
        raise OSError(error.errno, error.strerror, str(file)) from error
    return file, text


def _remove(file: Path) -> None:
    """Delete a rule's file, and the folders that were made for it. Raises OSError where it cannot be deleted."""
    file.unlink(missing_ok=True)
    for folder in file.parents[:2]:
        with suppress(OSError):  # not empty
            folder.rmdir()


async def _tell(front: Front, message: str, file: Path) -> None:
    """Say what was done, with buttons where they are in nobody's way."""
    from lsprotocol import types

    if not front.buttons:
        front.window_show_message(types.ShowMessageParams(types.MessageType.Info, message))
        return
    buttons = [OPEN, UNDO] if front.can("window.show_document.support") else [UNDO]
    asked = types.ShowMessageRequestParams(
        types.MessageType.Info, message, [types.MessageActionItem(title) for title in buttons]
    )
    chosen = await front.window_show_message_request_async(asked)
    if chosen and chosen.title == OPEN:
        await front.window_show_document_async(types.ShowDocumentParams(file.as_uri(), take_focus=True))
    elif chosen and chosen.title == UNDO and any(written == file for written, _ in front.rules):
        front.rules.sort(key=lambda rule: rule[0] == file)  # it is the last one now
        await undo(front)


_SAID: dict[Kind, str] = {
    "not-an-error": "Lines like this are not an error any more",
    "always-an-error": "Lines like this are always an error",
    "hide": "Lines like this are hidden where several follow each other",
}
