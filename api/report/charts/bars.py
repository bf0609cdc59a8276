"""Bars: one thing a line, so that long names stand beside them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import altair as alt
import attrs
from markupsafe import Markup

from api.report.charts.drawing import LETTER, WIDTH, Colour, accounts_axis, data, drawn
from api.report.wording import Wording
from engine.simulation.result import Count

_HIGH = 15
"""Pixels from one line of a name to the next."""


@attrs.frozen
class Series:
    """What one colour stands for."""

    label: str
    colour: Colour


@attrs.frozen
class Bar:
    """A line of the chart with one number for each series; a suppressed number has words and no bar."""

    label: str
    counts: Sequence[Count]


def draw_bars(
    bars: Sequence[Bar], series: Sequence[Series], wording: Wording, *, name: str, title: str, axis: str
) -> Markup:
    """Horizontal bars from 0, in the order given, each with its number at its end.

    Args:
        bars: at least one; labels may repeat.
        series: as many as each bar has counts.
        axis: what the lines are, such as "Reseller".
    """
    # Lines are told apart by their number, so that two of one name stay two; the axis shows the names.
    rows = [
        {"line": line, "series": one.label, "accounts": count or 0, "text": wording.count(count)}
        for line, bar in enumerate(bars)
        for one, count in zip(series, bar.counts, strict=True)
    ]
    highest = max(count or 0 for bar in bars for count in bar.counts) or 1
    room = 1.25  # for the number at the end of the longest bar
    across = alt.X(
        "accounts:Q",
        scale=alt.Scale(domain=[0, highest * room], nice=False),
        axis=accounts_axis(),
    )
    names = [_lines(bar.label) for bar in bars]
    beside = LETTER * max(len(line) for lines in names for line in lines)
    down = alt.Y("line:O", axis=alt.Axis(title=axis, ticks=False, labels=False, titlePadding=beside + 24))
    order = [one.label for one in series]
    base = alt.Chart(data(rows)).encode(x=across, y=down, yOffset=alt.YOffset("series:N", sort=order))
    colours = alt.Scale(domain=order, range=[str(one.colour) for one in series])
    legend = alt.Legend(title=None, orient="top") if len(series) > 1 else None
    layers = [
        base.mark_bar().encode(color=alt.Color("series:N", scale=colours, legend=legend)),
        base.mark_text(align="left", dx=5).encode(text="text:N"),
        *_labels(names),
    ]
    tall = 38 if any(len(lines) > 1 for lines in names) else 22
    height = alt.Step(tall, **{"for": "position"}) if len(series) == 1 else alt.Step(15, **{"for": "offset"})
    chart = alt.layer(*layers).properties(width=WIDTH - 40, height=height)
    told = "; ".join(
        f"{bar.label}: "
        + ", ".join(f"{wording.count(count)} {one.label}" for one, count in zip(series, bar.counts, strict=True))
        for bar in bars
    )
    return drawn(chart, name, title, f"{told}.")


def _labels(names: Sequence[Sequence[str]]) -> Iterator[alt.Chart]:
    """The names beside the axis: those of an axis itself stand on their first line, not in the middle of two."""
    for lines in {len(name) for name in names}:
        rows = [{"line": line, "name": name} for line, name in enumerate(names) if len(name) == lines]
        middle = -_HIGH / 2 * (lines - 1)
        text = alt.Chart(data(rows)).mark_text(align="right", x=-8, dy=middle, lineHeight=_HIGH)
        yield text.encode(y="line:O", text="name:N")


def _lines(label: str) -> list[str]:
    """A label in at most two lines that fit beside the bars."""
    return textwrap.wrap(label, 34, max_lines=2, placeholder=" …") or [""]
