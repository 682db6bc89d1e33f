"""Time and memory against the size of the log as a drawing (SVG, for light and dark pages); the figures as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from math import ceil, floor, log10

from bench.corpora import PATHOLOGICAL
from bench.report import Point, Report, Row

__all__ = ["svg", "table"]

LEFT, PANEL, RIGHT = 56, 270, 124  # widths of a panel's scale, of itself, and of the names right of it
TOP, BOTTOM, HEIGHT = 46, 290, 330  # upper and lower edge of the panels, and of the drawing
WIDTH = 2 * (LEFT + PANEL + RIGHT)
LINE = 14  # least distance of two names
COLOURS = {  # in light, and in dark
    "logsieve, one run": ("#0969da", "#58a6ff"),
    "logsieve, mixed": ("#8250df", "#bc8cff"),
    "rg": ("#1a7f37", "#3fb950"),
    "lnav": ("#bc4c00", "#f0883e"),
}
GOAL = "goal"

Line = Sequence[tuple[float, float]]


def svg(report: Report) -> str:
    """Two panels with logarithmic scales. A dashed line is the goal."""
    sizes = [point.size for points in report.growth.values() for point in points]
    ends = (min(sizes), max(sizes))
    panels = (
        ("seconds", lambda p: p.seconds, [(size, size / 80) for size in ends]),
        ("MB of memory at most", lambda p: p.peak, [(size, size / 2 + 120) for size in _steps(*ends)]),
    )
    drawn = [
        part
        for number, (name, value, goal) in enumerate(panels)
        for part in _panel(number * WIDTH // 2 + LEFT, name, _lines(report.growth, value), goal)
    ]
    themes = [
        "".join(f".c{i}{{stroke:{c[dark]};fill:{c[dark]}}}" for i, c in enumerate(COLOURS.values())) for dark in (0, 1)
    ]
    style = (
        "text{font:12px system-ui,sans-serif;stroke:none!important}polyline{fill:none!important;stroke-width:2}"
        ".i{fill:#1f2328}.g{stroke:#d1d9e0}.d{stroke:#59636e;stroke-dasharray:4 4;stroke-width:1}.q{fill:#59636e}"
        f"{themes[0]}@media(prefers-color-scheme:dark){{.i{{fill:#f0f6fc}}.g{{stroke:#3d444d}}.d{{stroke:#9198a1}}"
        f".q{{fill:#9198a1}}{themes[1]}}}"
    )
    about = report.about
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img">'
    title = f"logsieve triage, start-up included: {about['machine']}, {about['date']}"
    return "\n".join(
        (
            head,
            f"<title>{escape(title)}</title>",
            f"<style>{style}</style>",
            f'<text class="q" x="{LEFT}" y="16">{escape(title)}</text>',
            *drawn,
            "</svg>\n",
        )
    )


def _lines(growth: Mapping[str, Sequence[Point]], value: Callable[[Point], float]) -> dict[str, Line]:
    """The points of each line, without those that were too short to take."""
    lines = {name: [(p.size, value(p)) for p in points if value(p) > 0] for name, points in growth.items()}
    return {name: line for name, line in lines.items() if line}


def _panel(x: int, name: str, lines: Mapping[str, Line], goal: Line) -> list[str]:
    """One panel with its left edge at `x`."""
    every = [point for line in (*lines.values(), goal) for point in line]
    across = _scale([size for size, _ in every], x, x + PANEL)
    up = _scale([value for _, value in every], BOTTOM, TOP)
    parts = [f'<text class="i" x="{x}" y="{TOP - 10}">{escape(name)}</text>']
    for tick in _decades([size for size, _ in every]):
        at = across(tick)
        parts.append(f'<path class="g" d="M{at:.1f} {TOP}V{BOTTOM}"/>')
        parts.append(f'<text class="q" x="{at:.1f}" y="{BOTTOM + 16}" text-anchor="middle">{tick:,.10g}</text>')
    for tick in _decades([value for _, value in every]):
        at = up(tick)
        parts.append(f'<path class="g" d="M{x} {at:.1f}H{x + PANEL}"/>')
        parts.append(f'<text class="q" x="{x - 6}" y="{at + 4:.1f}" text-anchor="end">{tick:,.10g}</text>')
    parts.append(f'<text class="q" x="{x + PANEL / 2}" y="{BOTTOM + 34}" text-anchor="middle">MB of log</text>')
    ends = {GOAL: up(goal[-1][1])}
    parts.append(_polyline("d", [(across(size), up(value)) for size, value in goal]))
    for series, line in lines.items():
        kind = f"c{list(COLOURS).index(series)}"
        points = [(across(size), up(value)) for size, value in line]
        parts.append(_polyline(kind, points))
        parts += [f'<circle class="{kind}" cx="{a:.1f}" cy="{b:.1f}" r="2.5"/>' for a, b in points]
        ends[series] = points[-1][1]
    lowest = 0.0
    for series, at in sorted(ends.items(), key=lambda end: end[1]):
        lowest = max(at, lowest + LINE)
        kind = "q" if series == GOAL else f"c{list(COLOURS).index(series)}"
        parts.append(f'<text class="{kind}" x="{x + PANEL + 8}" y="{lowest + 4:.1f}">{escape(series)}</text>')
    return parts


def _polyline(kind: str, points: Line) -> str:
    return f'<polyline class="{kind}" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in points)}"/>'


def _scale(values: Sequence[float], first: float, last: float) -> Callable[[float], float]:
    """Where a value stands between two edges, by its logarithm."""
    ticks = _decades(values)
    low, high = log10(ticks[0]), log10(ticks[-1])
    return lambda value: first + (log10(value) - low) / (high - low) * (last - first)


def _decades(values: Sequence[float]) -> list[float]:
    """Powers of ten around all values."""
    low = floor(log10(min(values)) + 0.02)
    return [10.0**n for n in range(low, max(low + 1, ceil(log10(max(values)) - 0.02)) + 1)]


def _steps(low: float, high: float) -> list[float]:
    return [low * (high / low) ** (n / 20) for n in range(21)]


def table(report: Report) -> str:
    """The figures that have a goal, and those of pathological logs, in Markdown."""
    lines = ["| | measured | goal | beside it, in the same run |", "|---|---|---|---|"]
    shown = {name: row for name, row in report.rows.items() if row.goal or name in PATHOLOGICAL}
    lines += [f"| {name} | {_said(row)} | {_goal(row)} | {row.note} |" for name, row in shown.items()]
    about = report.about
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    load = f"load {about['load_at_start']} when it began and {about['load_at_end']} when it ended"
    repeats = ", ".join(f"{name} from {size} MB on" for name, size in about["fresh_MB"].items())
    said = f"{about['date']}: {about['machine']}; {versions}; {load}. Real logs, which repeat: {repeats}."
    return "\n".join((*lines, "", said, ""))


def _said(row: Row) -> str:
    value = f"{row.value:,.3g}" if row.value < 1000 else f"{row.value:,.0f}"
    return f"{value} {row.unit}".strip() + (", missed" if row.met is False else "")


def _goal(row: Row) -> str:
    return "no hang" if row.goal is None else f"{'≥' if row.more_is_better else '≤'} {row.goal:,.4g} {row.unit}".strip()
