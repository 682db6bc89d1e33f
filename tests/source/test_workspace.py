"""From paths of other machines to the workspace's files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from checkouts import checkouts
from logsieve.source import files
from logsieve.source.files import listed
from logsieve.source.locations import find
from logsieve.source.told import told
from logsieve.source.workspace import SURE, Candidate, Known, Workspace, learn

Make = Callable[..., Workspace]


def write(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("x\n")


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments], check=True)


def answer(found: list[Candidate]) -> str:
    """The one file that is meant; empty where none is sure."""
    return found[0].path if found and found[0].confidence >= SURE else ""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path.resolve() / "app"


@pytest.fixture
def make(folder: Path) -> Make:
    def workspace(*paths: str) -> Workspace:
        write(folder, *paths)
        return Workspace([str(folder)])

    return workspace


def test_thirty_checkouts_that_were_moved_and_renamed(tmp_path: Path) -> None:
    asked = ours = right = wrong = 0
    for checkout in checkouts(tmp_path.resolve(), 30):
        workspace = Workspace([str(checkout.folder)])
        known = learn(workspace, checkout.paths, [checkout.root] if checkout.root else [])
        for path, truth in checkout.paths.items():
            found = workspace.of_path(path, known)
            asked += 1
            ours += truth is not None
            right += truth is not None and bool(found) and found[0].path == truth
            wrong += answer(found) not in ("", truth)
    assert right / ours >= 0.97
    assert wrong / asked <= 0.005


def test_git_tells_the_files_and_what_it_ignores_is_none(folder: Path) -> None:
    write(folder, "src/a.py", "new.py", "build/out.py", "inner/lib/b.py", ".gitignore")
    (folder / ".gitignore").write_text("build/\n")
    git(folder / "inner", "init", "-q")
    git(folder / "inner", "add", "-A")
    git(folder, "init", "-q")
    git(folder, "add", "src", ".gitignore")
    assert sorted(listed(str(folder))) == [".gitignore", "inner/lib/b.py", "new.py", "src/a.py"]


def test_nothing_that_a_repository_names_is_run(folder: Path) -> None:
    write(folder, "a.py")
    git(folder, "init", "-q")
    hook = folder / "hook.sh"
    hook.write_text(f"#!/bin/sh\ntouch {folder / 'ran'}\n")
    hook.chmod(0o755)
    git(folder, "config", "core.fsmonitor", str(hook))
    git(folder, "config", "core.hooksPath", str(folder))
    assert "a.py" in listed(str(folder))
    assert not (folder / "ran").exists()


def test_without_git_a_walk_finds_files_but_no_installed_ones(folder: Path) -> None:
    write(folder, "src/a.py", "node_modules/x/index.js", ".venv/lib/b.py")
    assert listed(str(folder)) == ["src/a.py"]


def test_files_that_are_made_and_removed_are_noticed(folder: Path) -> None:
    write(folder, "src/a.py", ".gitignore")
    (folder / ".gitignore").write_text("build/\n")
    git(folder, "init", "-q")
    workspace = Workspace([str(folder)])
    write(folder, "src/b.py", "build/c.py")
    (folder / "src/a.py").unlink()
    workspace.update(str(folder / name) for name in ("src/a.py", "src/b.py", "build/c.py", "../other.py"))
    assert len(workspace) == 2
    assert answer(workspace.of_path("src/b.py")) == str(folder / "src/b.py")
    assert workspace.of_path("src/a.py") == []
    assert workspace.of_path("c.py") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/runner/work/app/app/src/shop/cart.py:3: no", "src/shop/cart.py"),
        ("C:\\a\\1\\s\\src\\shop\\cart.py(3): no", "src/shop/cart.py"),
        ("shop/cart.py:3: no", "src/shop/cart.py"),
        ("./cart.py:3: no", "src/shop/cart.py"),
        ("../src/shop/cart.py:3: no", "src/shop/cart.py"),
        (".../shop/cart.py:3: no", "src/shop/cart.py"),
        ("SRC/Shop/Cart.py:3: no", "src/shop/cart.py"),
        ("webpack:///./src/shop/cart.py:3:1", "src/shop/cart.py"),
        ("/opt/venv/lib/python3.11/site-packages/shop/cart.py:3: no", "src/shop/cart.py"),
        ("\tat com.shop.Till.pay(Till.java:3)", "lib/java/com/shop/Till.java"),
        ("\tat com.shop.till.MainKt.main(Main.kt:3)", "lib/kotlin/till/Main.kt"),
        ("\tat java.util.ArrayList.get(ArrayList.java:3)", ""),
        ("/usr/lib/python3.11/json/decoder.py:3: no", ""),
        ("/usr/lib/python3.11/json/encoder.py:3: no", ""),
        ("/srv/other/decoder.py:3: no", ""),
        ("__init__.py:3: no", ""),
        ("/home/x/gone.py:3: no", ""),
    ],
)
def test_what_is_meant(make: Make, folder: Path, text: str, expected: str) -> None:
    workspace = make(
        "src/shop/cart.py",
        "src/shop/__init__.py",
        "src/__init__.py",
        "src/util/decoder.py",
        "lib/java/com/shop/Till.java",
        "lib/java/com/own/ArrayList.java",
        "lib/kotlin/till/Main.kt",
        "json/encoder.py",
    )
    (reference,) = find(text)
    assert answer(workspace.find(reference)) == (str(folder / expected) if expected else "")


def test_of_several_all_are_offered_and_none_is_sure(make: Make, folder: Path) -> None:
    found = make("a/x/cart.py", "b/x/cart.py").of_path("x/cart.py")
    assert {c.path for c in found} == {str(folder / "a/x/cart.py"), str(folder / "b/x/cart.py")}
    assert answer(found) == ""


def test_the_directory_of_a_command_decides(make: Make, folder: Path) -> None:
    workspace = make("a/x/cart.py", "b/x/cart.py")
    known = Known(roots=("/ci/app",))
    assert answer(workspace.of_path("x/cart.py", known, "/ci/app/b")) == str(folder / "b/x/cart.py")


def test_a_checkouts_root_places_what_is_in_many_folders(make: Make, folder: Path) -> None:
    workspace = make("setup.py", "a/setup.py")
    assert answer(workspace.of_path("/ci/app/setup.py")) == ""
    assert answer(workspace.of_path("/ci/app/setup.py", Known(roots=("/ci/app",)))) == str(folder / "setup.py")


def test_a_folder_that_went_elsewhere_takes_its_files_along(make: Make, folder: Path) -> None:
    workspace = make("new/core/a.py", "new/core/b.py", "new/core/__init__.py", "old/__init__.py")
    known = learn(workspace, ["/ci/app/old/core/a.py", "/ci/app/old/core/b.py", "/ci/app/old/core/__init__.py"])
    assert answer(workspace.of_path("/ci/app/old/core/__init__.py", known)) == str(folder / "new/core/__init__.py")


def test_a_folder_that_went_to_several_places_is_in_none(make: Make) -> None:
    workspace = make("one/__init__.py", "two/__init__.py")
    known = Known(moved=(("/ci/app/old", "one"), ("/ci/app/old", "two")))
    assert answer(workspace.of_path("/ci/app/old/__init__.py", known)) == ""


def test_a_path_of_this_machine_is_itself(make: Make, folder: Path) -> None:
    workspace = make("src/a.py", "b/a.py")
    assert answer(workspace.of_path(str(folder / "b/../src/a.py"))) == str(folder / "src/a.py")


def test_the_users_mapping_is_first_but_leads_nowhere_else(make: Make, folder: Path, tmp_path: Path) -> None:
    workspace = make("a/cart.py", "b/cart.py")
    write(tmp_path, "secret/cart.py")
    assert answer(workspace.of_path("/x/cart.py", Known(moved=(("/x", str(folder / "b")),)))) == str(
        folder / "b/cart.py"
    )
    for to in (tmp_path / "secret", folder / ".." / "secret"):
        assert answer(workspace.of_path("/x/cart.py", Known(moved=(("/x", str(to)),)))) == ""


def test_nothing_outside_is_an_answer(make: Make, folder: Path, tmp_path: Path) -> None:
    write(tmp_path, "secret/key.py")
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "key.py").symlink_to(tmp_path / "secret" / "key.py")
    workspace = make("a.py")
    for path in (
        "key.py",
        "link/key.py",
        "../secret/key.py",
        str(folder / "../secret/key.py"),
        str(folder / "link/key.py"),
    ):
        assert workspace.of_path(path) == []


def test_a_link_within_is_an_answer(make: Make, folder: Path) -> None:
    folder.mkdir()
    (folder / "to.py").symlink_to("real.py")
    assert answer(make("real.py").of_path("to.py")) == str(folder / "to.py")


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("com.shop.Till.pay", ("java/com/shop/Till.java", "Till.pay")),
        ("desk.tests.test_many.TestMany.test_x", ("desk/tests/test_many.py", "TestMany.test_x")),
        ("crate::orders::tests::adds", ("src/orders.rs", "tests.adds")),
        ("TillTest#test_total", ("test/till_test.rb", "TillTest.test_total")),
        ("App\\Models\\Cart::add", ("App/Models/Cart.php", "Cart.add")),
        ("//till:labels", ("till/BUILD", "labels")),
    ],
)
def test_names_without_a_file(make: Make, folder: Path, symbol: str, expected: tuple[str, str]) -> None:
    workspace = make(
        "java/com/shop/Till.java",
        "desk/tests/test_many.py",
        "src/orders.rs",
        "test/till_test.rb",
        "App/Models/Cart.php",
        "till/BUILD",
    )
    ((found, rest),) = workspace.of_symbol(symbol)
    assert (found.path, rest) == (str(folder / expected[0]), expected[1])


def test_what_the_log_tells_of_folders() -> None:
    log = """
Run actions/checkout@v4
Working directory is '/home/runner/work/app/app'
+ cd web && npm test
make[1]: Entering directory '/home/runner/work/app/app/lib'
make[1]: Leaving directory '/home/runner/work/app/app/lib'
Initialized empty Git repository in /builds/team/app/.git/
rootdir: /srv/app, configfile: pyproject.toml
   Compiling app v0.1.0 (/w/app/rust)
GITHUB_WORKSPACE=/github/workspace
> app@1.0.0 test /var/app
"""
    roots, directories = told(log.strip().splitlines())
    assert roots == [
        "/home/runner/work/app/app",
        "/builds/team/app",
        "/srv/app",
        "/w/app/rust",
        "/github/workspace",
        "/var/app",
    ]
    root = roots[0]
    assert directories == [(1, root), (2, f"{root}/web"), (3, f"{root}/lib"), (4, "")]


def test_no_more_files_are_looked_at_than_the_limit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST", 3)
    write(folder, *(f"{n}.py" for n in range(9)))
    assert len(listed(str(folder))) <= 3
