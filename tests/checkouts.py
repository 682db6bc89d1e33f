"""Checkouts whose folders were moved and renamed since the log was written, made of the trees of installed packages."""

from __future__ import annotations

import random
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Checkout", "checkouts"]

SITE = Path(sysconfig.get_path("purelib"))
STDLIB = Path(sysconfig.get_path("stdlib"))
NAMES = (
    "core",
    "engine",
    "helpers",
    "shared",
    "support",
    "common",
    "modules",
    "parts",
    "lib",
    "base",
    "inner",
    "kernel",
)
ASKED = 60  # files of each that its log names


@dataclass(frozen=True)
class Checkout:
    """`folder` is the workspace; `paths` are the log's, each with the file that it became, None where it is no more or
    was never of the checkout; `root` is the log's checkout, empty where the log does not tell.
    """

    name: str
    folder: Path
    root: str
    paths: dict[str, str | None]


def files_of(package: Path) -> list[str]:
    """The texts of a package, relative to what holds it."""
    found = [p for p in package.rglob("*") if p.suffix in {".py", ".pyi", ".toml", ".js", ".c", ".h"} and p.is_file()]
    return sorted(path.relative_to(package.parent).as_posix() for path in found if "__pycache__" not in path.parts)


def checkouts(into: Path, count: int, seed: int = 1) -> list[Checkout]:
    """So many checkouts, each with its own changes since its log; the first of them git repositories."""
    random_ = random.Random(seed)
    packages = [(p, files_of(p)) for p in sorted(SITE.iterdir()) if p.is_dir() and not p.name.endswith("-info")]
    packages = [(p, files) for p, files in packages if 12 <= len(files) <= 900]
    library = [
        path.relative_to(STDLIB).as_posix()
        for path in sorted(STDLIB.glob("*/*.py"))
        if path.parent.name != "site-packages"
    ]
    assert len(packages) >= count
    made = []
    for n, (package, files) in enumerate(random_.sample(packages, count)):
        name = package.name
        became = dict(zip(files, files, strict=True))
        for _ in range(random_.randint(1, 3)):
            became = changed(became, random_)
        for old in random_.sample(files, len(files) // 20):
            del became[old]
        folder = into / f"{n}-{name}"
        for new in became.values():
            (folder / new).parent.mkdir(parents=True, exist_ok=True)
            (folder / new).touch()
        if n % 3:
            subprocess.run(["git", "init", "-q", folder], check=True)
            subprocess.run(["git", "-C", folder, "add", "-A"], check=True)
        root = random_.choice(
            [f"/home/runner/work/{name}/{name}", f"/builds/team/{name}", f"C:\\a\\1\\s\\{name}", "/app"]
        )
        slash = "\\" if "\\" in root else "/"
        paths: dict[str, str | None] = {}
        for old in random_.sample(files, min(ASKED, len(files))):
            paths[root + slash + old.replace("/", slash)] = str(folder / became[old]) if old in became else None
        others = random_.choice([f for p, f in packages if p != package])
        for old in random_.sample(others, 5):
            paths[f"/opt/venv/lib/python3.11/site-packages/{old}"] = None
        for old in random_.sample(library, 5):
            paths[f"/usr/lib/python3.11/{old}"] = None
        made.append(Checkout(name, folder, root if n % 2 else "", paths))
    return made


def changed(became: dict[str, str], random_: random.Random) -> dict[str, str]:
    """The same files after one more change: a folder renamed, moved, or everything into one more folder."""
    folders = sorted({parent.as_posix() for new in became.values() for parent in Path(new).parents if parent.name})
    if not folders:
        return became
    how = random_.choice(["rename", "rename", "move", "into", "out"])
    old = random_.choice(folders)
    if how == "into":
        return {k: f"src/{v}" for k, v in became.items()}
    if how == "out" and all(v.startswith(folders[0] + "/") for v in became.values()):
        return {k: v.removeprefix(folders[0] + "/") for k, v in became.items()}
    if how == "move":
        to = random_.choice([f for f in folders if not f.startswith(old)] or ["lib"]) + "/" + Path(old).name
    else:
        to = (Path(old).parent / random_.choice(NAMES)).as_posix()
    taken = set(became.values())
    moved = {k: to + v.removeprefix(old) if v.startswith(old + "/") else v for k, v in became.items()}
    if len(set(moved.values())) < len(moved) or any(v in taken and v != became[k] for k, v in moved.items()):
        return became
    return moved
