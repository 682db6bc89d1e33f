"""What is shown of an answer: nothing in it is live, whole or while it streams, and it reads as it was written."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logsieve.llm.answer import Stream, code, safe
from logsieve.llm.verify import verify
from logsieve.settings import DEFAULTS, Redact
from logsieve.text import LogText
from markdown import live, live_in_vscode

EVIL = "https://evil.example/leak"
# What tries to be live, in the ways that Markdown and its renderers know.
LIVE = [
    f"[docs]({EVIL})",
    f"[docs](<{EVIL}> 'title')",
    f"[docs][1]\n\n[1]: {EVIL}",
    f"[docs]\n\n[docs]: <{EVIL}>\n  'title'",
    f"[docs][]\n\n> [docs]: {EVIL}",
    f"![x]({EVIL})",
    f'![x][1]\n\n- [1]: {EVIL} "title"',
    f"![a![b]({EVIL})]({EVIL})",
    f"[![x]({EVIL})]({EVIL})",
    f"[a [b]({EVIL}) c]({EVIL})",
    f"[a\nb](\n{EVIL}\n)",
    f"[a`]`]({EVIL})",
    "[run](command:workbench.action.terminal.new)",
    "[run](vscode://evil.ext/x) [x](javascript:alert(1)) [y](data:text/html,x) ![z](file:///etc/passwd)",
    "![x](//evil.example/p.png) //evil.example/p.png",
    f"<{EVIL}> <me@evil.example> {EVIL} www.evil.example/x me@evil.example mailto:me@evil.example",
    f"<img src={EVIL}>",
    f"<img\nsrc='{EVIL}'>",
    f"a <a href='{EVIL}'>b</a> <iframe src={EVIL}></iframe>",
    f"<style>@import url({EVIL});</style>",
    f"<svg><image href='{EVIL}'/></svg> <base href='{EVIL}'> <link rel=stylesheet href={EVIL}>",
    f"<!-- {EVIL} --> <![CDATA[ x ]]> <?php x ?> <!DOCTYPE html>",
    "<details><summary>x</summary></details> <script>alert(1)</script>",
    f"text\n<div>\n<img src={EVIL}>\n\n</div>",
    f"\\\\[a]({EVIL}) \\![b]({EVIL}) \\\\<img src=x>",
    f"`a` `` b ` [c]({EVIL})",
    f"`[a]({EVIL})",
    f"``[a]({EVIL})`",
    f"`a\n\n[b]({EVIL})`",
    f"`a\n> [b]({EVIL})`",
    f"````\n```\n[a]({EVIL})\n````\n[b]({EVIL})",
    f"~~~\n```\n~~~\n[a]({EVIL})\n```",
    f"- ```\n  x\n<img src={EVIL}>\n  ```",
    f"> ```\n> x\n<img src={EVIL}>\n```\n<img src={EVIL}>",
    f"1. ~~~\n   x\n\n<img src={EVIL}>\n   ~~~",
    f"    ```\n<img src={EVIL}>\n    ```",
    f"```a`b\n<img src={EVIL}>\n```",
    f"```mermaid\ngraph TD\nclick A '{EVIL}'\n```\n```{{cmd=true}}\nid\n```\n~~~plantuml\nx\n~~~",
    f"- - - ```\n<img src={EVIL}>",
    f"# [a]({EVIL})\n\n[a]({EVIL})\n===\n\n<img src={EVIL}>\n---",
    f"| a | b |\n|---|---|\n| `x | <img src={EVIL}>` | [a]({EVIL}) |",
    f"a | b\n--|--\n`x | <img src={EVIL}>` | c",
    f"> | a | b |\n> |:-:|-|\n> | `x | <img src={EVIL}>` |",
    f"- a | b\n  --|--\n  `x | <img src={EVIL}>` | c",
    f"[^1]: ![x]({EVIL})\n\nfoot[^1] ^[inline ![x]({EVIL})]",
    f"[a]: {EVIL}\n[a]: {EVIL}\n\n[a] [A][] [b][a]",
    f"[\na\n]: {EVIL}\n\n[a]",
    f"a\u2028[b]({EVIL})\u2029\x0b\x0c\x85<img src=x>",
    f"[a\u200b]({EVIL}) \U000e0041\U000e0042 \u202e[b]({EVIL})\u202c",
    f"!L2[a]({EVIL}) [a]L2({EVIL}) !L2 [L2]({EVIL}) ![L2]({EVIL})",
    f"{EVIL}`x`{EVIL} `{EVIL}` **{EVIL}** ({EVIL}). [{EVIL}]({EVIL})",
    f"[`a`]({EVIL})",
    f"*[a]({EVIL})* **![b]({EVIL})** ~~[c]({EVIL})~~ ~~~~[d]({EVIL})~~~~",
    f"a\\\n[b]({EVIL})\\\n{EVIL}\\",
    f"\\`[a]({EVIL})` \\\\`[b]({EVIL})` \\{EVIL}",
]
# What this judge does not obey; others might.
QUIET = [
    f"[a](<{EVIL}\n>)",
    f"&lt;img src={EVIL}&gt; &#60;img&#62; &#x202e;abc &lsqb;a&rsqb;&lpar;x&rpar;",
    f"[a]&#40;{EVIL}) &#91;a](x)",
    f"```\n[a]({EVIL})",
    f"x\n    ```\n<img src={EVIL}>\n    ```",
    f'@import "{EVIL}"',
    f"a\r[b]: {EVIL}\r\r[b]",
    f"\x1b]8;;{EVIL}\x1b\\\\x\x1b]8;;\x1b\\\\ \x1b]52;c;ZXZpbA==\x07",
    f"`L2`![a]`x`({EVIL})",
]


@dataclass(frozen=True)
class Log:
    """All that verification needs of an analysis."""

    text: LogText
    redact: Redact = DEFAULTS.redact


LOG = Log(LogText.from_bytes(b"$ make\nerror: the disk is full `here`\n"))
URI = "file:///b.log"


def streamed(answer: str, seed: int) -> str:
    """What a stream shows of an answer that comes in pieces of random length."""
    chance, stream, out = random.Random(seed), Stream(), []
    at = 0
    while at < len(answer):
        end = at + chance.choice([1, 1, 2, 3, 7, 20])
        out.append(stream.feed(answer[at:end]))
        at = end
    return "".join([*out, stream.end()])


def dead(found: list[str]) -> bool:
    """Whether all that is live is links into the log, and fences of harmless languages."""
    return all(f.startswith("link file:///b.log#L") or re.fullmatch(r"fence [a-z+]+", f) for f in found) and not (
        {"fence mermaid", "fence plantuml"} & set(found)
    )


def ways(answer: str) -> list[str]:
    """All that is ever shown of an answer."""
    return [safe(answer), verify(answer, LOG, URI).text, *(streamed(answer, seed) for seed in range(20))]


@pytest.mark.parametrize("answer", [*LIVE, *QUIET])
def test_nothing_is_live(answer: str) -> None:
    assert live(answer) or answer in QUIET, "the judge sees nothing to begin with"
    for shown in ways(answer):
        assert dead(live(shown)), shown
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200b\u202e\U000e0041]", shown)


def test_nothing_is_live_in_the_preview_of_vscode(repository: Path) -> None:
    modules = repository / "vscode-client" / "node_modules"
    if not modules.is_dir():
        pytest.skip("needs the modules of the VS Code client: make vsix")
    assert all(live_in_vscode(LIVE, modules))
    shown = [way for answer in (*LIVE, *QUIET) for way in ways(answer)[:4]]
    for text, found in zip(shown, live_in_vscode(shown, modules), strict=True):
        assert dead(found), text


MARKS = [*'[]()<>!`~#*_-+|:\\&;>" \n\n\t01x', "```", "~~~", "](", "]: ", "![", "\n> ", "\n- ", "\n1. ", "    ", "|-|"]
WORDS = [EVIL, "L2", "<img src=x>", "<!--", "-->", "<b>", "&lt;", "``", "\n```\n", "\n~~~~\n", "www.a.b", "\\`"]
PIECES = st.sampled_from([*MARKS, *WORDS])


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join), st.integers(0, 9))
def test_nothing_made_at_random_is_live(answer: str, seed: int) -> None:
    for shown in (safe(answer), verify(answer, LOG, URI).text, streamed(answer, seed)):
        assert dead(live(shown)), shown


PLAIN = """\
## Cause

The disk is **full** (3 < 4 && a[1] == 2), *that* is all: `df -h` says so, and ``a ` b`` too.
Is it? Yes! See tests/test_a.py::test_b[1-2] and C:\\dir\\x, 50 % of foo_bar_baz & co; "R&D".

## Evidence

- `L2: error: the disk is full`
  1. item one
  2) item two
> quoted text

```sh
df -h <dev> [a](b)
```

`a`
```
x
```
`b`

```
y
```
~~~diff
-a
+b
~~~
---
Done."""


def test_what_is_not_live_stays_as_it_is() -> None:
    assert safe(PLAIN) == PLAIN
    for seed in range(20):
        assert streamed(PLAIN, seed) == PLAIN


def test_no_run_in_a_fence_is_as_long_as_the_fence() -> None:
    assert (
        safe("```\n- ```` and ``````\n```\n~~~\n~~~~ ```\n~~~") == "```\n- `` `` and `` `` ``\n```\n~~~\n~~ ~~ ```\n~~~"
    )


def test_addresses_are_code() -> None:
    assert safe(f"See {EVIL}, <{EVIL}> or ({EVIL}).") == f"See `{EVIL}`, `{EVIL}` or (`{EVIL}`)."
    assert safe("www.a.b/c_d_ and me@a.example!") == "`www.a.b/c_d`_ and `me@a.example`!"
    assert safe("a//b, // c and 1:2 or x@y") == "a//b, // c and 1:2 or x@y"


def test_a_span_over_lines_is_one_line() -> None:
    assert safe("a `b\nc` d\ne") == "a `b c` d\ne"
    assert safe("a `b\n\nc` d") == "a \\`b\n\nc\\` d"
    assert safe("don`t\n- do `x`") == "don\\`t\n- do `x`"


@given(st.text(st.sampled_from("` ax\\"), min_size=1, max_size=20))
def test_code_is_one_span_and_says_the_same(content: str) -> None:
    from markdown_it import MarkdownIt

    children = MarkdownIt().parseInline(f"a {code(content)} b")[0].children or []
    if content.strip():
        assert [child.type for child in children] == ["text", "code_inline", "text"]
        assert children[1].content.strip() == content.strip()


def test_a_stream_shows_words_as_they_come() -> None:
    stream = Stream()
    pieces = ["The", " disk is", " full", ", see", " `df", " -h` now", " or\nlater", "\n```sh\nrm", " -r x\n", "end"]
    shown = [stream.feed(piece) for piece in pieces]
    assert shown == [
        "",
        "The disk ",
        "is ",
        "full, ",
        "see ",
        "`df -h` ",
        "now or\n",
        "later\n```sh\n",
        "rm -r x\n",
        "",
    ]
    assert stream.end() == "end\n```"


def test_a_long_answer_takes_a_moment() -> None:
    for answer in (
        "`" * 50_000,
        "` " * 50_000,
        "[" * 50_000,
        "a@" * 50_000,
        "http://)" * 20_000,
        "- " * 50_000,
        "<a" * 50_000,
    ):
        safe(answer)
        stream = Stream()
        "".join(stream.feed(answer[at : at + 5]) for at in range(0, len(answer), 5)) + stream.end()
