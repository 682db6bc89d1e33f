"""SARIF: valid by the schema, true to the log, the same for the same failure."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from command import FIXTURES, Command
from formats.conftest import TOKEN

SCHEMA = json.loads(Path(__file__).with_name("sarif-2.1.0-rtm.5.json").read_text("utf-8"))
VALID = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


def sarif(run: Command, *paths: str | Path, input: bytes = b"") -> dict[str, Any]:
    done = run("triage", "--exit-zero", "--format", "sarif", *paths, input=input)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    VALID.validate(document)
    return document


def test_the_schema_refuses_what_is_wrong() -> None:
    with pytest.raises(jsonschema.ValidationError):
        VALID.validate({"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]})


def test_all_kinds_of_logs_are_valid(run: Command) -> None:
    logs = sorted(FIXTURES.glob("*/*/log.txt"))[::12]
    document = sarif(run, *logs)
    assert len(document["runs"]) == len(logs) > 100
    assert sum(len(each["results"]) for each in document["runs"]) > 100


def test_a_result_leads_to_its_lines(run: Command) -> None:
    log = FIXTURES / "pytest" / "long-verbose-two-failures" / "log.txt"
    (made,) = sarif(run, log)["runs"]
    first = made["results"][0]
    rule = made["tool"]["driver"]["rules"][first["ruleIndex"]]
    assert rule["id"] == first["ruleId"] == "pytest/failed-test"
    assert all(rule[name]["text"] for name in ("shortDescription", "fullDescription", "help"))  # GitHub wants them
    assert first["level"] == "error"
    assert first["message"]["text"].startswith("test_standard_tax[23400]: AssertionError")
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": log.as_uri(), "index": 0}
    assert made["artifacts"][0]["location"]["uri"] == log.as_uri()
    region = place["region"]
    assert (region["startLine"], region["endLine"]) == (3088, 3105)
    assert region["snippet"]["text"].split("\n")[:-1] == log.read_text("utf-8").split("\n")[3087:3105]
    related, code = first["relatedLocations"]
    assert code["physicalLocation"]["artifactLocation"]["uri"] == "tests/test_prices.py"
    assert code["physicalLocation"]["region"]["startLine"] == 16
    assert related["physicalLocation"]["region"]["startLine"] == 3132
    assert related["message"]["text"] == "also reported here"
    assert [r["rank"] for r in made["results"]] == sorted((r["rank"] for r in made["results"]), reverse=True)
    assert [r["properties"]["rank"] for r in made["results"]] == list(range(1, len(made["results"]) + 1))
    assert first["rank"] == 100
    assert made["properties"] == {"verdict": "failed", "verdictWhy": "pytest reported failure", "lines": 3134}


def test_a_source_file_is_a_related_place(run: Command, tmp_path: Path) -> None:
    (tmp_path / "build.log").write_text("src/my shop/a.c:12:7: error: expected ';'\nmake: *** [all] Error 1\n")
    (made,) = sarif(run, "build.log")["runs"]
    assert made["artifacts"][0]["location"]["uri"] == "build.log"
    places = [r["physicalLocation"] for r in made["results"][0]["relatedLocations"]]
    assert {"artifactLocation": {"uri": "src/my%20shop/a.c"}, "region": {"startLine": 12}} in places


def test_fingerprints_stay_where_lines_and_numbers_move(run: Command, tmp_path: Path) -> None:
    def prints(lead: str, took: str) -> list[str]:
        failures = f"error: cannot reach the host in {took} ms\nok\nerror: 0xdeadbeef is no pointer\n"
        (tmp_path / "build.log").write_text(f"{lead}{failures}ok\nerror: 0xcafebabe is no pointer\n")
        (made,) = sarif(run, "build.log")["runs"]
        return sorted(r["partialFingerprints"]["logsieve/v1"] for r in made["results"])

    first = prints("", "12")
    assert first == prints("starting\n" * 50, "740")
    assert len(first) == len(set(first)) == 3


def test_logs_of_archives_and_stdin_have_names(run: Command, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "logs.zip", "w") as archive:
        archive.writestr("build/1_a b.txt", "error: one\n")
        archive.writestr("build/2_b.txt", "error: two\n")
    runs = sarif(run, "logs.zip", "-", input=b"error: three\n")["runs"]
    uris = [made["artifacts"][0]["location"]["uri"] for made in runs]
    assert uris == ["logs.zip!build/1_a%20b.txt", "logs.zip!build/2_b.txt", "stdin"]


def test_without_a_log_it_is_valid_too(run: Command) -> None:
    done = run("triage", "--format", "sarif", "missing.log")
    assert done.returncode == 2
    document = json.loads(done.stdout)
    VALID.validate(document)
    assert document["runs"] == []


def test_nothing_in_a_log_breaks_it(run: Command, hostile: Path) -> None:
    document = sarif(run, hostile)
    text = json.dumps(document, ensure_ascii=False)
    assert "leak" in text
    assert TOKEN not in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]", text)
