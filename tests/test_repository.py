"""What may not get into the repository: traces of the machine a file was made on."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

# Put together here, so that this file does not find itself.
_HOSTS = ("registry." + "npmjs.org", "registry." + "yarnpkg.com", "pypi." + "org", "files." + "pythonhosted.org")
_MIRRORS = ("deb." + "debian.org", "static." + "crates.io", "proxy." + "golang.org", "repo.maven." + "apache.org")
HOST = re.compile("|".join(re.escape(host) for host in _HOSTS + _MIRRORS))
MACHINE = re.compile(r"(?<![\w.~-])/" + r"(?:root|work)/[\w.]")
TEMPORARY = re.compile(r"(?<![\w.~-])/" + r"tmp/[\w.]")


def complaints(name: str, text: str) -> list[str]:
    """What is wrong with a tracked file, a line each."""
    rules = [("a path of one machine", MACHINE), ("a package registry's host", HOST)]
    if name.startswith("fixtures/"):
        rules.append(("a temporary path", TEMPORARY))
    return [
        f"{name}:{number}: {what}: {found.group()}"
        for number, line in enumerate(text.split("\n"), 1)
        for what, rule in rules
        if (found := rule.search(line))
    ]


def test_no_tracked_file_tells_where_it_was_made(repository: Path) -> None:
    if not (repository / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True, check=True)
    names = [name for name in listed.stdout.decode().split("\0") if name and (repository / name).is_file()]
    assert "pyproject.toml" in names
    found = [
        complaint
        for name in names
        for complaint in complaints(name, (repository / name).read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("name", "text", "count"),
    [
        ("a.md", "see /" + "root/x", 1),
        ("a.md", "cd /" + "work/main", 1),
        ("a.md", "in /home/runner/" + "work/x, workspace/root/x", 0),
        ("fixtures/a/b/log.txt", "wrote /" + "tmp/build-1/x", 1),
        ("tests/test_x.py", "wrote /" + "tmp/build-1/x", 0),
        ("a.json", "https://" + _HOSTS[0] + "/x", 1),
    ],
)
def test_a_trace_is_seen(name: str, text: str, count: int) -> None:
    assert len(complaints(name, text)) == count


LINK = re.compile(r"(?<!`)\[[^\]\n]*\]\(([^)\s]+)\)")


def anchors(text: str) -> set[str]:
    """The names by which the headings of a document are linked to."""
    return {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }


@pytest.mark.parametrize(
    "name", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", "vscode-client/README.md"]
)
def test_links_in_documents_lead_somewhere(repository: Path, name: str) -> None:
    named = repository / name
    for document in sorted(named.glob("*.md")) if named.is_dir() else [named]:
        for link in LINK.findall(document.read_text("utf-8")):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            there = (document.parent / path) if path else document
            assert there.exists(), f"{document.name}: {link}"
            assert not anchor or anchor in anchors(there.read_text("utf-8")), f"{document.name}: {link}"
