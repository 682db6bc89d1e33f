"""Reading inputs: every packing, and everything that can be wrong with one."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from command import Command
from logsieve import archive

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.compress,
}


def answers(output: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.decode().split("\n")[:-1]]


def zipped(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in members.items():
            file.writestr(name, text)
    return path


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_packed_log_reads_as_the_log(run: Command, failing: Path, tmp_path: Path, suffix: str) -> None:
    packed = tmp_path / f"build.{suffix}"
    packed.write_bytes(PACKERS[suffix](failing.read_bytes()))
    plain, unpacked = answers(run("triage", "--format", "jsonl", failing, packed).stdout)
    assert unpacked == plain | {"path": str(packed)}


@pytest.mark.parametrize("suffix", PACKERS)
def test_the_content_tells_the_packing_not_the_name(run: Command, failing: Path, tmp_path: Path, suffix: str) -> None:
    packed = tmp_path / "build.log"
    packed.write_bytes(PACKERS[suffix](failing.read_bytes()))
    assert answers(run("triage", "--format", "jsonl", packed).stdout)[0]["verdict"] == "failed"


@pytest.mark.parametrize("suffix", PACKERS)
def test_standard_input_may_be_packed(run: Command, failing: Path, suffix: str) -> None:
    done = run("triage", "--format", "jsonl", "-", input=PACKERS[suffix](failing.read_bytes()))
    assert [(a["path"], a["verdict"]) for a in answers(done.stdout)] == [("-", "failed")]


@pytest.mark.parametrize("suffix", PACKERS)
def test_several_streams_in_one_file_are_one_log(suffix: str, tmp_path: Path) -> None:
    pack = PACKERS[suffix]
    path = tmp_path / "joined"
    path.write_bytes(pack(b"one\n") + pack(b"two\n"))
    assert list(archive.read(str(path))) == [archive.Log(str(path), b"one\ntwo\n")]


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_packed_log_cut_off_is_refused_not_read_in_part(run: Command, tmp_path: Path, suffix: str) -> None:
    packed = tmp_path / f"build.{suffix}"
    text = "".join(f"step {i} {os.urandom(8).hex()}\n" for i in range(5000))
    packed.write_bytes(PACKERS[suffix](text.encode())[:-30])
    done = run("triage", packed)
    assert done.returncode == 2
    assert done.stdout == b""
    message = done.stderr.decode()
    assert message.startswith(f"logsieve: {packed}: is not a whole ")
    assert message.count("\n") == 1


def test_each_member_of_a_zip_is_a_log_in_natural_order(run: Command, failing: Path, tmp_path: Path) -> None:
    text = failing.read_text()
    names = ["10_test.txt", "2_build.txt", "build/1_Set up job.txt", "notes.md", "__MACOSX/2_build.txt"]
    path = zipped(tmp_path / "logs.zip", dict.fromkeys(names, text) | {"3_silent.txt": ""})
    done = run("triage", "--format", "jsonl", path)
    assert [a["path"] for a in answers(done.stdout)] == [
        f"{path}!2_build.txt",
        f"{path}!10_test.txt",
        f"{path}!build/1_Set up job.txt",
    ]
    assert done.stderr == b""
    assert done.returncode == 1


def test_a_zip_comes_through_a_pipe_too(run: Command, failing: Path, tmp_path: Path) -> None:
    path = zipped(tmp_path / "logs.zip", {"a.log": failing.read_text()})
    done = run("triage", "--format", "jsonl", "-", input=path.read_bytes())
    assert [(a["path"], a["verdict"]) for a in answers(done.stdout)] == [("-!a.log", "failed")]


def test_an_encrypted_member_is_named_and_the_others_are_done(run: Command, failing: Path, tmp_path: Path) -> None:
    path = zipped(tmp_path / "logs.zip", {"a.log": failing.read_text(), "b.log": failing.read_text()})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag of encryption, in the local header and in the directory of the first member
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    done = run("triage", "--format", "jsonl", path)
    assert done.stderr.decode() == f"logsieve: {path}!a.log: is encrypted; unpack the archive first\n"
    assert [a["path"] for a in answers(done.stdout)] == [f"{path}!b.log"]
    assert done.returncode == 2


def test_a_damaged_member_is_named_and_the_others_are_done(run: Command, failing: Path, tmp_path: Path) -> None:
    path = tmp_path / "logs.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        file.writestr("a.log", failing.read_text())
        file.writestr("b.log", failing.read_text())
    path.write_bytes(path.read_bytes().replace(b"collecting", b"cOllecting", 1))
    done = run("triage", "--format", "jsonl", path)
    assert done.stderr.decode().startswith(f"logsieve: {path}!a.log: cannot be unpacked: Bad CRC-32")
    assert [a["path"] for a in answers(done.stdout)] == [f"{path}!b.log"]
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n \n\n", "is empty"),
        (b"PK\x03\x04 and nothing that follows", "is not a whole zip archive"),
        (b"\x7fELF\x02\x01\x01" + bytes(200) + b"main", "is binary, not a log"),
        (gzip.compress(b""), "is empty"),
        (gzip.compress(bytes(3000)), "is binary, not a log"),
    ],
)
def test_what_is_no_log_is_refused_in_one_line(run: Command, tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "input"
    path.write_bytes(content)
    done = run("reduce", path)
    assert done.stderr.decode().startswith(f"logsieve: {path}: {reason}")
    assert done.stderr.count(b"\n") == 1
    assert done.returncode == 2


def test_a_zip_without_logs_says_what_it_looked_for(run: Command, tmp_path: Path) -> None:
    path = zipped(tmp_path / "logs.zip", {"readme.md": "no log"})
    assert b"holds no log: no member" in run("triage", path).stderr


def test_missing_unreadable_and_folder_are_told_and_the_others_done(
    run: Command, failing: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    missing = tmp_path / "missing.log"
    done = run("triage", "--format", "jsonl", missing, folder, failing, "/proc/self/mem")
    assert done.stderr.decode().split("\n") == [
        f"logsieve: {missing}: no such file or directory",
        f"logsieve: {folder}: is a folder; name the logs inside, for example {folder}/*.log",
        "logsieve: /proc/self/mem: input/output error",
        "",
    ]
    assert [a["path"] for a in answers(done.stdout)] == [str(failing)]
    assert done.returncode == 2


def test_utf_16_is_no_binary(run: Command, failing: Path, tmp_path: Path) -> None:
    path = tmp_path / "windows.log"
    path.write_bytes(failing.read_text().encode("utf-16"))
    answer = answers(run("reduce", "--format", "jsonl", path).stdout)[0]
    assert "cannot find the file" in str(answer["text"])


def test_a_bomb_is_refused(run: Command, tmp_path: Path) -> None:
    path = tmp_path / "bomb.zst"
    packer = zstandard.ZstdCompressor().compressobj()
    step = b"0" * (1 << 20)
    path.write_bytes(b"".join(packer.compress(step) for _ in range(300)) + packer.flush())
    assert path.stat().st_size < 100_000
    done = run("triage", path)
    assert done.stderr.decode() == f"logsieve: {path}: unpacks to more than 1,100 times its size, as no log does\n"
    assert done.returncode == 2


def test_the_limit_of_size_holds_for_every_kind_of_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 1 << 20)
    text = b"line\n" * (1 << 19)
    for suffix, data in {"log": text, **{s: pack(text) for s, pack in PACKERS.items()}}.items():
        path = tmp_path / f"big.{suffix}"
        path.write_bytes(data)
        (problem,) = archive.read(str(path))
        assert isinstance(problem, archive.InputProblem)
        assert problem.reason.startswith("is larger than")
    (problem,) = archive.read(str(zipped(tmp_path / "big.zip", {"a.log": text.decode()})))
    assert problem.path.endswith("big.zip!a.log")
    assert isinstance(problem, archive.InputProblem)


def test_a_member_whose_name_holds_escapes_reaches_no_terminal(run: Command) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("\x1b]0;owned\x07a.log", bytes(100))
    done = run("triage", "-", input=buffer.getvalue())
    assert b"is binary" in done.stderr
    assert b"\x1b" not in done.stderr


def test_a_member_is_named_as_it_is_told(run: Command, tmp_path: Path) -> None:
    zipped(tmp_path / "logs.zip", {"build/1_a.txt": "error: one\n", "build/2_b!c.txt": "error: two\n"})
    every = answers(run("triage", "--format", "jsonl", "logs.zip").stdout)
    assert [a["path"] for a in every] == ["logs.zip!build/1_a.txt", "logs.zip!build/2_b!c.txt"]
    for answer in every:
        assert answers(run("triage", "--format", "jsonl", str(answer["path"])).stdout) == [answer]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("logs.zip!absent.txt", "is no log in the archive"),
        ("plain.log!member", "the file is no zip archive"),
        ("absent.zip!member", "no such file"),
    ],
)
def test_a_member_that_is_not_there_is_told(run: Command, tmp_path: Path, path: str, reason: str) -> None:
    zipped(tmp_path / "logs.zip", {"a.txt": "error: one\n"})
    (tmp_path / "plain.log").write_text("error: one\n")
    done = run("triage", path)
    assert done.returncode == 2
    assert reason in done.stderr.decode()
    assert path in done.stderr.decode()


def test_a_file_may_have_a_mark_in_its_name(run: Command, tmp_path: Path) -> None:
    zipped(tmp_path / "a!b.zip", {"x.txt": "error: one\n"})
    (answer,) = answers(run("triage", "--format", "jsonl", "a!b.zip").stdout)
    assert answer["path"] == "a!b.zip!x.txt"
    assert answers(run("triage", "--format", "jsonl", "a!b.zip!x.txt").stdout) == [answer]


def test_of_github_s_archive_the_whole_log_of_a_job_stands_for_its_steps(tmp_path: Path) -> None:
    names = (
        "10_b.txt",
        "2_a (x, y).txt",
        "a (x, y)/1_Set up job.txt",
        "a (x, y)/system.txt",
        "c/1_step.txt",
        "notes.md",
    )
    assert archive.jobs(str(zipped(tmp_path / "logs.zip", dict.fromkeys(names, "text\n")))) == [
        "2_a (x, y).txt",
        "10_b.txt",
        "c/1_step.txt",
    ]
    (tmp_path / "plain.log").write_text("PK\n")
    assert archive.jobs(str(tmp_path / "plain.log")) == archive.jobs(str(tmp_path / "absent.zip")) == []
