"""The line and the column behind a file's name, in the forms of many tools: `:4:9`, `(7,3)`, ` on line 4`."""

from __future__ import annotations

import re

__all__ = ["NUMBER", "apart", "attached", "fragment", "more"]

# All repeats are possessive, bounded, or of a class that what must follow has no part in: none can be slow.
NUMBER = r"(\d{1,7})"
_PARENS = re.compile(rf"(?:: ?)?\({NUMBER}(?:[,:] ?(\d{{1,6}}))?(?:-\(?\d+)?(?:,\d+\)?)?[,\d:-]{{0,30}}\)")
_BRACKETS = re.compile(rf":\[{NUMBER},(\d{{1,6}})\]")
_TWO = re.compile(
    rf"[\"']? \((?:at )?{NUMBER}[,:] ?(\d{{1,6}})\)|[\"'] {NUMBER}:(\d{{1,6}})(?![:\d])"
    rf"|(?<=s) {NUMBER}:(\d{{1,6}})(?![:\d])"
)
_WORDS = re.compile(
    rf"\\?[\"'’`]?(?:[,:]| -)?\s{{0,2}}(?:\(?(?:on|at|in) |@ ?|\()?(?:[Ll]ine(?: number)?s?:? ?|(?<=@ )){NUMBER}"
    r"(?: ?[,:;.]?\s{0,2}(?:and |at )?(?:[Cc]ol(?:umn)?|[Cc]har(?:acter)?s?|position)[.:]? ?(\d{1,6}))?"
)
_AFTER = re.compile(
    rf"\\?\"?\}},\{{line,{NUMBER}()|,line={NUMBER}(?:,(?:endLine|endline|end_line)=\d+)?(?:,col(?:umn)?=(\d{{1,6}}))?"
    rf"|,{NUMBER}-(\d+)(?!\d)"
)
_SPACED_COLON = re.compile(rf": {NUMBER}(?::|(?: \[)|$)")
_BEHIND = re.compile(r":? ?,? ?char(?:acter)?s? (\d{1,6})|,(\d{1,6})(?=-\d|\])")
_POSITION = re.compile(r"(\d{1,7})(?:[.-]\d+)*")
_ANCHOR = re.compile(r"#L(\d{1,7})")


def attached(text: str, at: int, end: int) -> tuple[int, int, int]:
    """The line and the column behind a name (`:4:9`, `:3-7`, `:4.2-9`), 0 where none are, and where they end."""
    line = column = 0
    if text[at : at + 1] == ":" and at < end and (m := _POSITION.match(text, at + 1, end)):
        line, at = int(m[1]), m.end()
        if "." in m[0]:
            column = int(m[0].split(".")[1].split("-")[0])
        if text[at : at + 1] == ":" and (m := _POSITION.match(text, at + 1, end)):
            column, at = int(m[1]), m.end()
    return line, column, at


def more(text: str, at: int) -> tuple[int, int] | None:
    """The column that stands apart from a line's number (`, char 5`), and where it ends."""
    m = _BEHIND.match(text, at)
    return (int(m[1] or m[2]), m.end()) if m else None


def apart(text: str, stop: int, end: int, text_file: bool) -> tuple[int, int, int, bool]:
    """The line and the column that stand apart from a name, 0 where none do, where they end, and whether in words that
    say what they are.
    """
    if (m := _PARENS.match(text, stop)) or (m := _BRACKETS.match(text, stop)):
        return int(m[1]), int(m[2] or 0), m.end(), False
    if (m := _WORDS.match(text, stop)) or (m := _WORDS.match(text, end)):
        return int(m[1]), int(m[2] or 0), m.end(), True
    if m := _AFTER.match(text, end):
        numbers = [int(g) for g in m.groups() if g]
        return numbers[0], numbers[1] if len(numbers) > 1 else 0, m.end(), True
    if text_file and (m := _TWO.match(text, end)):
        numbers = [int(g) for g in m.groups() if g]
        return numbers[0], numbers[1], m.end(), False
    if text_file and (m := _SPACED_COLON.match(text, stop)):
        return int(m[1]), 0, m.end(1), False
    return 0, 0, stop, False


def fragment(text: str, tail: int, stop: int) -> int:
    """The line of `file.js#L12`."""
    m = _ANCHOR.match(text, tail, stop)
    return int(m[1]) if m else 0
