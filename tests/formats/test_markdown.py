"""The summary in Markdown: parsed, it has our structure whatever the log holds, and it fits."""

from __future__ import annotations

from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from command import FIXTURES, Command
from formats.conftest import HOSTILE, TOKEN

OURS = ("<details><summary>", "</details>")


def summary(run: Command, *paths: str | Path, input: bytes = b"") -> str:
    done = run("triage", "--exit-zero", "--format", "markdown", *paths, input=input)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def tokens(text: str) -> list[Token]:
    """All tokens, as GitHub reads it: tables, struck text and bare links are on."""
    blocks = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)
    return [token for block in blocks for token in (block, *(block.children or ()))]


def structure(text: str) -> set[str]:
    return {token.type for token in tokens(text)}


def test_a_failure_is_told_with_its_lines(run: Command) -> None:
    log = FIXTURES / "pytest" / "long-verbose-two-failures" / "log.txt"
    text = summary(run, log)
    assert text.startswith(f"### `{log}` failed\n\nPytest reported failure; 3,134 lines.\n\n")
    assert "**Error, line 3,099:** `test_standard_tax[23400]: AssertionError: assert 4446 == 4447`\n" in text
    fences = [token.content for token in tokens(text) if token.type == "fence"]
    assert len(fences) == 2
    assert "3099 | E       AssertionError: assert 4446 == 4447\n" in fences[0]
    assert "2 failed, 805 passed" in fences[1]
    assert "- error, line 3,106: `test_read_missing: TypeError: " in text


def test_a_passing_log_takes_few_lines(run: Command) -> None:
    text = summary(run, FIXTURES / "ansible" / "passed" / "log.txt")
    assert "passed" in text
    assert "1 warning" in text
    assert len(text.split("\n")) < 12
    assert summary(run, "-", input=b"all fine\n").startswith(
        "### `stdin`\n\nNothing in the log says how it ended; 1 line."
    )


def test_nothing_in_a_log_breaks_the_structure(run: Command, hostile: Path, tmp_path: Path) -> None:
    each = [tmp_path / f"{number}.log" for number in range(len(HOSTILE))]
    for path, what in zip(each, HOSTILE, strict=True):
        path.write_text(f"error: {what}\nsrc/{what}:3:7: error: cannot find {what}\n", "utf-8")
    tame = tmp_path / "tame.log"
    tame.write_text("".join(f"error: nothing {chr(97 + n)} special\n" for n in range(26)) + "exit status 1\n")
    text = summary(run, hostile, *each)
    assert "leak" in text
    assert structure(text) <= structure(summary(run, tame)) | {"paragraph_open", "paragraph_close", "text"}
    for token in tokens(text):
        if token.type in ("html_block", "html_inline"):
            assert token.content.strip().startswith(OURS)
            assert "owned" not in token.content
        elif token.type == "text":
            assert "evil" not in token.content
            assert "@octocat" not in token.content
    assert TOKEN not in text
    assert not set(text) & set("\x1b\x07\x9b\x7f\u2028\u202e\u200b")


def test_paths_are_no_markup(run: Command, tmp_path: Path) -> None:
    name = "![x](https:`evil`)<summary><img src=x>.log"
    (tmp_path / name).write_text("error: one\n")
    text = summary(run, name)
    assert structure(text).isdisjoint({"image", "link_open", "html_inline"})


def test_the_name_of_a_pack_is_no_markup(run: Command, tmp_path: Path) -> None:
    (tmp_path / ".logsieve" / "packs").mkdir(parents=True)
    (tmp_path / ".logsieve" / "packs" / "odd.toml").write_text(
        'name = "odd"\ntitle = "![x](https://evil.example) <img src=x> `"\n'
        "[[outcome]]\npattern = '^odd: no'\nresult = \"failed\"\n"
        '[[sample]]\ntext = "odd: no"\nverdict = "failed"\n'
    )
    text = summary(run, "-", input=b"odd: no\n")
    assert "evil" in text.split("\n")[2]
    assert structure(text).isdisjoint({"image", "link_open", "html_inline"})


def test_many_logs_fit_into_what_github_takes(run: Command, tmp_path: Path) -> None:
    big = (FIXTURES / "pytest" / "long-verbose-two-failures" / "log.txt").read_bytes()
    paths = []
    for number in range(250):
        paths.append(f"{number:03}.log")
        (tmp_path / paths[-1]).write_bytes(big)
    text = summary(run, *paths)
    assert 500_000 < len(text.encode()) < 1 << 20
    assert all(f"### `{path}` failed" in text for path in paths)
    assert "Logs for which there was no room: " in text
    assert " without details.*" in text
