"""The evaluation's figures as Markdown, and as a drawing (SVG, for light and dark pages)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["markdown", "svg"]

WIDTH, HEIGHT, PANEL, LEFT, TOP, BOTTOM = 900, 300, 265, 50, 40, 260
ROOM = 30  # units that the text below an axis takes
COLOURS = {
    "packs, then model": ("#0969da", "#58a6ff"),
    "and the rest evenly": ("#bc4c00", "#f0883e"),
    "rare lines": ("#8250df", "#bc8cff"),
    "random": ("#59636e", "#9198a1"),
    "packs": ("#1a7f37", "#3fb950"),
}
TEXT = """\
# How good the learned scorer is

Made by `make evaluation`: {about}, {seconds} s. Data: LogChunks, CiDiff, LogDx and the fixtures, {logs} logs. Lines are
judged on {unseen} logs of {repositories} repositories that the model has not seen. Every figure is the mean over
repositories, of a repository over its logs. A label marks one cause, once: lines that say the same elsewhere count
neither way, and all others that are not labelled count as irrelevant, though many of them tell of failures.

## Relevant lines, unseen repositories

{lines}

Accuracy is the mean over repositories, and over all lines together, as the paper counts it: long logs count most there.
Those said to be best are at the limit that is best for accuracy, all else at that best for F1, both found on
repositories that were learnt from. To call nothing relevant is the base rate. Goals: accuracy at least .97, AUC at
least .98, F1 five points above TF-IDF + LR and not below MiniLM + LR. These two learn from up to 6,000 lines of the
same logs as ours, and are judged by up to 200 lines of each log, each of which stands for several. "By log" is model
and packs with half of what a line says alone, less three tenths of the highest score in the log: shares that were best
on repositories that were learnt from.

The same by part, accuracy / F1 / AUC. CiDiff labels all lines that a passing log lacks, in two of its logs more than
half of the lines, downloads for the most part. They weigh as much as two repositories of ten logs each, and whoever
learns that downloads are relevant is the more accurate there. The last column is without them.

{parts}

## Lines / tokens removed, while so many of the relevant lines stay

{removal}

## What is left means the same

{cosine}

Required signals of LogDx (eight logs) that are kept where the rest goes evenly: {signals}.

How often the first finding in what is left is of the same category as that in the whole log, and by the same rule:

{categories}

## Tools that no pack knows

How much of the label the reduced log holds: some lines / all / share of them, the latter two where the label fits in
three quarters of the budget. Where a finding is sure, only the model's likeliest place is shown beside it. With all
packs, and with general ones, two thirds of the logs are of repositories that the model has learnt from.

{tools}

How often the first finding is at the label (at most two lines beside it): as packs rank, which is what LogSieve does;
as they would if what the model says of their lines counted, too; and if the model's likeliest place were a finding, the
first one where that of packs has a score of less than 60. The latter takes the model in every analysis of such a log.

{first}

## Tiers and speed

{tiers}

The shipped model scores {speed:,.0f} distinct lines a second on one core, by themselves (goal 50,000).

![What a removal leaves, and how much may go](evaluation.svg)
"""
COSINE = """\
The cosine of the mean embedding (all-MiniLM-L6-v2) of a log's last 400 lines with that of the lines which a removal
of so many tokens leaves, over {logs} logs. Rare lines first, and random ones, are the paper's baselines. "Packs, then
model" keeps what packs know, then what the model ranks highest; "and the rest evenly" does so as long as lines may be
relevant, and thins out all others alike, so that what is left of them is a sample. A mean of lines is kept best by
chance, which keeps nothing else: see the tables above and below.

"""

LEFT_OUT = """

The means are over these tools, taken out one at a time: {tools}.
The model has learnt nothing there from logs of the tool, from others of their repositories, nor from the samples of its
pack; logs of others are those that are no fixtures of ours."""

Figures = Mapping[str, Any]


def markdown(figures: Figures, about: str) -> str:
    """The report. `about` says what it was made on."""
    cosine = figures.get("cosine")
    told = ("accuracy", "precision", "recall", "f1", "auc", "best accuracy", "all lines", "all lines, best")
    recalls = next(iter(figures["removal"].values()))
    return TEXT.format(
        about=about,
        **{key: figures[key] for key in ("seconds", "logs", "unseen", "repositories", "speed")},
        lines=_table(
            ("", "accuracy", "precision", "recall", "F1", "AUC", "best accuracy", "of all lines", "best of all lines"),
            [(name, *(f"{row[key]:.3f}" for key in told)) for name, row in figures["lines"].items()],
        ),
        parts=_table(
            ("", *figures["parts"]),
            [(name, *(_part(of.get(name)) for of in figures["parts"].values())) for name in figures["lines"]],
        ),
        categories=_table(
            ("", "category", "rule"),
            [(name, f"{row['category']:.3f}", f"{row['rule']:.3f}") for name, row in figures["categories"].items()],
        ),
        tiers=_table(
            ("tier", "share of the lines", "is right"),
            [(name, f"{row['share']:.1%}", f"{row.get('right', 0):.1%}") for name, row in figures["tiers"].items()],
        ),
        removal=_table(
            ("recall", *figures["removal"]),
            [
                (
                    f"{float(r):.0%}",
                    *(f"{of[r]['lines']:.0%} / {of[r]['tokens']:.0%}" for of in figures["removal"].values()),
                )
                for r in recalls
            ],
        ),
        cosine=COSINE.format(logs=cosine["logs"]) + _cosines(cosine)
        if cosine
        else "Not measured this time, nor MiniLM + LR: both need sentence-transformers.",
        signals=", ".join(f"{name} {value:.3f}" for name, value in figures["signals"].items()),
        tools=_tools(figures["tools"]),
        first=_table(
            ("packs", "first as packs rank", "as the model helps to rank", "the model's place first"),
            [
                (name, *(f"{value:.3f}" for value in of["first"].values()))
                for name, of in figures["tools"].items()
                if name != "tools"
            ],
        ),
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))


def _part(row: Mapping[str, float] | None) -> str:
    return f"{row['accuracy']:.3f} / {row['f1']:.3f} / {row['auc']:.3f}" if row else "-"


def _cosines(figures: Figures) -> str:
    shares = list(next(iter(figures["shares"].values())))
    head = ("tokens removed", *(f"{float(share):.0%}" for share in shares), "falls to .93 at")
    rows = [
        (name, *(f"{of[share]:.3f}" for share in shares), f"{figures['same'][name]:.0%}")
        for name, of in figures["shares"].items()
    ]
    return _table(head, rows)


def _tools(figures: Figures) -> str:
    rows = []
    for name, of in figures.items():
        for key, value in of.items() if name != "tools" else ():
            if key not in ("logs", "first"):
                told = "/".join(f"{value.get(k, 0):.3f}" for k in ("any", "whole", "kept"))
                rows.append((f"{name} ({of['logs']} logs)", *key.split(", "), told))
    table = _table(("packs", "model", "budget", "held"), rows)
    return table + (LEFT_OUT.format(tools=", ".join(figures["tools"])) if "tools" in figures else "")


def svg(figures: Figures) -> str:
    """Two panels: what a removal leaves of the meaning, and how much may go at which recall."""
    cosine = {
        name: [(float(share), value) for share, value in of.items()]
        for name, of in figures.get("cosine", {}).get("shares", {}).items()
    }
    removal = {
        name: [(float(recall), of["tokens"]) for recall, of in rows.items()]
        for name, rows in figures["removal"].items()
        if name in COLOURS
    }
    themes = [
        "".join(f".c{n}{{stroke:{c[dark]};fill:{c[dark]}}}" for n, c in enumerate(COLOURS.values())) for dark in (0, 1)
    ]
    style = (
        "text{font:12px system-ui,sans-serif;stroke:none!important}polyline{fill:none!important;stroke-width:2}"
        f".i{{fill:#1f2328}}.g{{stroke:#d1d9e0}}{themes[0]}"
        f"@media(prefers-color-scheme:dark){{.i{{fill:#f0f6fc}}.g{{stroke:#3d444d}}{themes[1]}}}"
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img">',
            "<title>What a removal by the learned scorer leaves of a log</title>",
            f"<style>{style}</style>",
            *_panel(LEFT, "cosine with the whole log, by share of tokens removed", cosine),
            *_panel(LEFT + WIDTH // 2, "share of tokens removed, by recall of relevant lines", removal),
            "</svg>\n",
        ]
    )


def _panel(x: int, title: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> list[str]:
    points = [point for line in lines.values() for point in line]
    if not points:
        return []
    low, high = min(a for a, _ in points), max(a for a, _ in points)
    least = min(0.9, *(b for _, b in points))

    def place(point: tuple[float, float]) -> tuple[float, float]:
        across = (point[0] - low) / max(1e-9, high - low)
        return x + across * PANEL, BOTTOM - (point[1] - least) / (1 - least) * (BOTTOM - TOP)

    parts = [f'<text class="i" x="{x}" y="{TOP - 20}">{title}</text>']
    for value in (least, (1 + least) / 2, 1):
        _, y = place((low, value))
        parts.append(f'<path class="g" d="M{x} {y:.1f}H{x + PANEL}"/>')
        parts.append(f'<text class="i" x="{x - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.2f}</text>')
    free = 0.0
    for value in sorted({a for a, _ in points}):
        at, _ = place((value, 1))
        if at < free:
            continue
        free = at + ROOM
        parts.append(f'<text class="i" x="{at:.1f}" y="{BOTTOM + 18}" text-anchor="middle">{value:.0%}</text>')
    taken: list[float] = []
    for number, name in enumerate(COLOURS):
        if line := lines.get(name):
            placed = [place(point) for point in line]
            joined = " ".join(f"{a:.1f},{b:.1f}" for a, b in placed)
            at = placed[-1][1]
            while any(abs(at - other) < 14 for other in taken):
                at += 14 if at < (TOP + BOTTOM) / 2 else -14
            taken.append(at)
            parts.append(f'<polyline class="c{number}" points="{joined}"/>')
            parts.append(f'<text class="c{number}" x="{x + PANEL + 6}" y="{at + 4:.1f}">{name}</text>')
    return parts
