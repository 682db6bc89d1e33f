"""SARIF 2.1.0: a run for each log, a result for each finding, at the log's lines.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from logsieve import __version__
from logsieve.core.excerpts import block
from logsieve.core.redact import Redactor
from logsieve.core.render import render
from logsieve.core.templates import masked

if TYPE_CHECKING:
    from logsieve.core.analysis import Analysis
    from logsieve.model import Finding

__all__ = ["END", "START", "run"]

START = '{\n"$schema": "https://json.schemastore.org/sarif-2.1.0.json",\n"version": "2.1.0",\n"runs": [\n'
END = "\n]\n}\n"
LEVELS = {"error": "error", "warning": "warning"}  # what else there is, is a note
RELATED = 20  # other places told of one finding


def run(answer: dict[str, Any], analysis: Analysis) -> dict[str, Any]:
    """The run of one log."""
    numbers: dict[str, int] = {}  # of the rules that found something
    for told in answer["findings"]:
        numbers.setdefault(told["rule"], len(numbers))
    categories = {told["rule"]: told["category"] for told in answer["findings"]}
    uri, redactor = _uri(answer["path"]), Redactor(analysis.redact)
    seen: Counter[str] = Counter()
    results = [
        _result(rank, told, finding, uri, analysis, redactor, seen)
        | {"ruleIndex": numbers[told["rule"]], "rank": round(100 * (1 - rank / len(answer["findings"])), 1)}
        for rank, (told, finding) in enumerate(zip(answer["findings"], analysis.findings, strict=True))
    ]
    return {
        "tool": {
            "driver": {
                "name": "LogSieve",
                "version": __version__,
                "rules": [_rule(rule, categories[rule]) for rule in numbers],
            }
        },
        "columnKind": "unicodeCodePoints",
        "artifacts": [{"location": {"uri": uri}, "roles": ["analysisTarget"]}],
        "results": results,
        "properties": {
            "verdict": answer["verdict"],
            "verdictWhy": analysis.verdict_why,
            "lines": len(analysis.text),
        },
    }


def _rule(rule: str, category: str) -> dict[str, Any]:
    """A rule, with the texts without which GitHub shows none."""
    pack = rule.partition("/")[0]
    about = f"A failure of the category {category}, found in a log by the rule {rule}."
    return {
        "id": rule,
        "shortDescription": {"text": rule},
        "fullDescription": {"text": about},
        "help": {"text": f"{about} The result's place is the log's lines. The rule is of the pack {pack}."},
        "properties": {"category": category, "tags": [category]},
    }


def _result(
    rank: int,
    told: dict[str, Any],
    finding: Finding,
    uri: str,
    analysis: Analysis,
    redactor: Redactor,
    seen: Counter[str],
) -> dict[str, Any]:
    fingerprint = _fingerprint(told, seen)
    shown = block(analysis, finding.start, finding.end, finding.anchor)
    log = {"uri": uri, "index": 0}
    related = [_place(log, r.line + 1, r.why) for r in finding.related[:RELATED]]
    related += [_place({"uri": _uri(at["path"])}, at["line"], "named by the log") for at in told["locations"]]
    said = told["title"] if told["message"] in told["title"] else f"{told['title']}\n{told['message']}"
    return {
        "ruleId": told["rule"],
        "level": LEVELS.get(told["severity"], "note"),
        "message": {"text": said},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": log,
                    "region": {
                        "startLine": told["line"],
                        "endLine": told["end_line"],
                        "snippet": {"text": render(shown, analysis, redactor=redactor).text},
                    },
                }
            }
        ],
        "relatedLocations": [{"id": number} | place for number, place in enumerate(related, 1)],
        "partialFingerprints": {"logsieve/v1": fingerprint, "primaryLocationLineHash": fingerprint},  # GitHub's name
        "occurrenceCount": max(1, told["count"]),
        "properties": {
            "rank": rank + 1,
            "line": finding.anchor + 1,  # the line that says it
            "category": told["category"],
            "why": told["why"],
        },
    }


def _place(artifact: dict[str, Any], line: int, why: str) -> dict[str, Any]:
    region = {"region": {"startLine": line}} if line else {}
    return {"physicalLocation": {"artifactLocation": artifact} | region, "message": {"text": why}}


def _fingerprint(told: dict[str, Any], seen: Counter[str]) -> str:
    """The same for the same failure in the next run's log; of equal ones in a log each has its number."""
    parts = [told["rule"], masked(told["title"]), *(at["path"] for at in told["locations"])]
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
    seen[digest] += 1
    return f"{digest}:{seen[digest]}"


def _uri(path: str) -> str:
    """A path as a URI, relative where the path is; stdin has the name that shells give it."""
    pure = PurePath(path)
    if pure.is_absolute():
        return pure.as_uri()
    return quote("stdin" if path == "-" else pure.as_posix().replace("\\", "/"), safe="/!", errors="replace")
