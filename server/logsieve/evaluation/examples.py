"""Labelled logs as the model learns from them and is judged by them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.resources import files

import numpy as np

from logsieve.core import relevance
from logsieve.core.analysis import Analysis
from logsieve.evaluation.data import Labelled
from logsieve.semantic.training import Example

__all__ = ["FOUND", "of_log", "of_packs"]

FOUND = 40  # score of a finding from which its lines, where a label does not name them, are no examples of other lines
LOG, FIXTURE, SAMPLE = 1.0, 0.7, 0.3  # what each counts
MADE = 0.03  # what a fixture counts beside packs: they were made until they find its failure


def of_log(analysis: Analysis, log: Labelled, data: bytes) -> Example:
    """What to learn from a log. Labels mark one cause, once: what says the same elsewhere is no example of either kind,
    and what packs take for a failure beside it is one only where what they found is known.
    """
    count = len(analysis.text)
    messages = relevance.messages(analysis, 0, count)
    columns = relevance.columns(analysis, 0, count)
    blank = np.array([not message.strip() for message in messages], bool)
    relevant, other = log.columns(data, count)
    other &= ~blank
    doubtful = other & (columns.findings > FOUND) & bool(log.ranges)
    weights = (FIXTURE, MADE) if log.source == "fixtures" else (LOG, LOG)
    return Example(log.group, messages, columns, relevant & ~blank, other & ~doubtful, doubtful, *weights)


def of_packs() -> Iterator[Example]:
    """The samples of the packs that ship: what a rule finds in them, and all else."""
    for path in sorted(files("logsieve.packs").joinpath("data").iterdir(), key=lambda path: path.name):
        pack = tomllib.loads(path.read_text(encoding="utf-8"))
        for sample in pack.get("sample", ()):
            messages = [line.encode() for line in sample["text"].split("\n") if line.strip()]
            numbers = [n for n, line in enumerate(sample["text"].split("\n"), 1) if line.strip()]
            block = sample.get("block") or [sample.get("line", 0)] * 2
            if "rule" in sample and not block[0]:
                continue
            relevant = np.array(["rule" in sample and block[0] <= n <= block[1] for n in numbers], bool)
            yield Example(f"pack {pack['name']}", messages, None, relevant, ~relevant, np.zeros_like(relevant), SAMPLE)
