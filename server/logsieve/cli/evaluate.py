"""`logsieve eval`: how good LogSieve is on labelled logs."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

import click

from logsieve.cli.shared import complain
from logsieve.options import Whole

__all__ = ["evaluate"]


@click.command("eval", short_help="Measure how good LogSieve is on labelled logs.")
@click.option(
    "--output", type=click.Path(file_okay=False), default=".", show_default=True, help="Folder of the report."
)
@click.option(
    "--tools", type=Whole(0, 100), default=20, show_default=True, help="Tools whose pack is taken out, one at a time."
)
@click.argument("data", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False))
def evaluate(data: tuple[str, ...], output: str, tools: int) -> None:
    """Measure how good LogSieve is on labelled logs: relevant lines, what may be removed, tools that no pack knows.

    DATA holds logchunks/, cidiff/ and logdx/, those it has, or fixtures as LogSieve's own checkout has them. The
    figures are written as evaluation.json, .md and .svg. It takes a quarter of an hour; with scikit-learn and
    sentence-transformers installed others are measured beside.
    """
    from logsieve.evaluation.report import markdown, svg
    from logsieve.evaluation.run import evaluate as evaluated

    figures = evaluated([Path(folder) for folder in data], complain, tools=tools)
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    about = f"Python {platform.python_version()} on {platform.system()}, {os.cpu_count()} cores"
    (folder / "evaluation.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    (folder / "evaluation.md").write_text(markdown(figures, about), encoding="utf-8")
    (folder / "evaluation.svg").write_text(svg(figures), encoding="utf-8")
