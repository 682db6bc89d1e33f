"""Helix and Emacs as docs/editors.md tells to set them up, each the real one."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from command import COMMAND
from neovim import Log

pytestmark = pytest.mark.editor

HERE = Path(__file__).resolve().parent
CANNOT = 3  # the exit status with which provision.sh says that this machine cannot have the editor
PATIENCE = 60.0  # seconds until a test gives up on something that never comes
ESCAPES = re.compile(r"\x1b(?:\[[0-9;?:]*[ -/]*[@-~]|[\]P].*?(?:\x07|\x1b\\)|.)", re.DOTALL)

DRIVE = """
(dolist (folder (split-string (getenv "EGLOT") ":" t)) (push folder load-path))
(require 'eglot)
(setq eglot-sync-connect t)
(load (getenv "CONFIGURATION"))
(find-file (getenv "LOG"))
(run-hooks 'post-command-hook)
(let ((end (+ (float-time) 60)))
  (while (and (< (float-time) end) (not (flymake-diagnostics)))
    (accept-process-output nil 0.05)
    (when (eglot-current-server) (flymake-start))))
(defun told (name value) (princ (format "%s %s\\n" name (json-encode value))))
(told "found" (vconcat (mapcar (lambda (each) (vector (line-number-at-pos (flymake-diagnostic-beg each))
                                                     (flymake-diagnostic-text each)))
                               (flymake-diagnostics))))
(defun folds ()
  (vconcat (mapcar (lambda (each) (vector (line-number-at-pos (overlay-start each))
                                          (line-number-at-pos (overlay-end each))
                                          (substring-no-properties (overlay-get each 'display))))
                   (seq-filter (lambda (each) (overlay-get each 'logsieve)) (overlays-in (point-min) (point-max))))))
(logsieve-fold)
(told "folds" (folds))
(logsieve-fold)
(told "opened" (folds))
(told "changed" (if (buffer-modified-p) t :json-false))
"""


def provisioned(editor: str) -> str:
    """What the test needs of an editor; skips, with the reason, where there can be none."""
    done = subprocess.run([HERE / "provision.sh", editor], capture_output=True, text=True, check=False)
    said = (done.stderr.strip() or "provision.sh said nothing").split("\n")
    if done.returncode == CANNOT:
        pytest.skip(said[-1])
    assert done.returncode == 0, done.stderr
    return done.stdout.removesuffix("\n").split("\n")[-1]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """That of a user who has `logsieve` on the PATH, and no configuration yet."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    aside = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), "TERM": "xterm-256color"}
    return {**os.environ, **aside, "PATH": path, "LC_ALL": "C.UTF-8"}


@pytest.fixture
def log(fixtures: Path, tmp_path: Path) -> Log:
    """A verbose pytest run with two failures. The packs are compiled: an editor's user would not wait that long."""
    log = Log.copied(fixtures / "pytest" / "long-verbose-two-failures", tmp_path)
    subprocess.run([COMMAND, "triage", "--exit-zero", log.path], stdout=subprocess.DEVNULL, check=True)
    return log


def told(repository: Path, language: str, about: str) -> str:
    """The code in docs/editors.md that says something of this."""
    text = (repository / "docs" / "editors.md").read_text(encoding="utf-8")
    blocks = re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if about in block]
    return str(found)


def test_emacs(repository: Path, log: Log, environment: dict[str, str], tmp_path: Path) -> None:
    folders = provisioned("emacs")
    (tmp_path / "init.el").write_text(told(repository, "elisp", "logsieve-fold"), encoding="utf-8")
    (tmp_path / "drive.el").write_text(DRIVE, encoding="utf-8")
    environment |= {"EGLOT": folders, "CONFIGURATION": str(tmp_path / "init.el"), "LOG": str(log.path)}
    command = ["emacs", "--batch", "-Q", "-l", str(tmp_path / "drive.el")]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = {name: json.loads(value) for name, _, value in (line.partition(" ") for line in done.stdout.splitlines())}
    assert said["found"], done.stderr
    line, text = said["found"][0]
    assert (line, log.contains in text) == (log.root, True)
    folded = {number for first, last, _ in said["folds"] for number in range(first, last + 1)}
    assert {*range(log.folded[0][0], log.folded[0][1] + 1)} <= folded
    assert log.root not in folded
    assert all(f"{last - first + 1:,} lines: " in shown for first, last, shown in said["folds"])
    assert (said["opened"], said["changed"]) == ([], False)


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self.shown = ""
        self._terminal, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
        self._process = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)

    def type(self, keys: str) -> None:
        """Type keys; what was shown before is forgotten."""
        self.shown = ""
        os.write(self._terminal, keys.encode())

    def wait(self, text: str) -> None:
        """Wait until this is drawn; blanks do not count, for they are jumped over."""
        end = time.monotonic() + PATIENCE
        while "".join(text.split()) not in "".join(ESCAPES.sub("", self.shown).split()):
            assert time.monotonic() < end, f"never came: {text}\n{ESCAPES.sub('', self.shown)[-3000:]}"
            if select.select([self._terminal], [], [], 0.1)[0]:
                self.shown += os.read(self._terminal, 1 << 16).decode("utf-8", "replace")

    def end(self) -> None:
        """Be done with it."""
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)


def test_helix(repository: Path, log: Log, environment: dict[str, str], tmp_path: Path) -> None:
    program = provisioned("helix")
    config = tmp_path / "config" / "helix"
    config.mkdir(parents=True)
    (config / "languages.toml").write_text(told(repository, "toml", "language-servers"), encoding="utf-8")
    helix = Terminal([program, str(log.path)], environment, tmp_path)
    try:
        helix.wait("● 2")  # errors, in the status line
        helix.type("]d")
        helix.wait(log.contains)
        helix.wait(f"{log.root}:")  # the cursor, in the status line
        helix.type(" k")
        helix.wait("Root cause")
        helix.type(" s")
        helix.wait("test_read_missing")
    finally:
        helix.end()
