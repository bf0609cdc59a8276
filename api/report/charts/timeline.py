"""What a candidate changes on each day that was decided, with the days on which its orders begin to bind and lapse."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from typing import Any

import altair as alt
import attrs
from markupsafe import Markup

from api.report.charts.drawing import LETTER, WIDTH, Colour, accounts_axis, data, drawn
from api.report.wording import Wording, date_of, day
from engine.simulation.result import Day, OrderText

HEIGHT = 160
_SERIES = (
    ("changed", "another outcome, allowed or not", Colour.OTHER),
    ("caught", "caught: allowed before, not after", Colour.CAUGHT),
    ("released", "released: not allowed before, allowed after", Colour.RELEASED),
)
_LABELS = 4
"""Parts into which labels cut the axis."""
_LINE = 17
"""Pixels from one line of words to the next."""


@attrs.frozen
class Mark:
    """A day that matters, an ISO day, and why, in a few words."""

    date: str
    label: str


def marks_of(orders: Sequence[OrderText]) -> list[Mark]:
    """The days on which orders begin to bind and on which they are last in force, each day once."""
    found: dict[str, list[str]] = {}
    for order in orders:
        named = f"{order.id} " if len(orders) > 1 else ""
        for date, said in _days_of(order):
            words = named + said
            if date_of(date) is not None and words not in found.setdefault(date, []):
                found[date].append(words)
    return [Mark(date, "; ".join(words)) for date, words in sorted(found.items())]


def _days_of(order: OrderText) -> Iterator[tuple[str, str]]:
    issued, binding, last = (date_of(text) for text in (order.issued_on, order.binding_on, order.lapses_after))
    if issued and binding:
        yield order.binding_on, f"binds, {_ordinal((binding - issued).days)} day after issue"
    if issued and last:
        yield order.lapses_after, f"last in force, day {(last - issued).days + 1:,} with that of issue"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def draw_timeline(days: Sequence[Day], marks: Sequence[Mark], wording: Wording, name: str, title: str) -> Markup:
    """Lines that hold a day's figure until the next day that was decided. A suppressed figure is not drawn.

    Args:
        days: at least two.
    """
    rows = [
        {"date": one.date, "series": label, "accounts": count}
        for one in days
        for attribute, label, _ in _SERIES
        if (count := getattr(one, attribute)) is not None
    ]
    known = (date_of(text) for text in [*(one.date for one in days), *(mark.date for mark in marks)])
    dates = sorted(date for date in known if date is not None)
    first, span = dates[0], max((dates[-1] - dates[0]).days, 1)
    # Days of no zone, so that the drawing is the same wherever it is made; labels on whole days, as many as fit.
    domain = [_date_time(first), _date_time(first + datetime.timedelta(days=span))]
    labelled = [first + datetime.timedelta(days=span * n // min(span, _LABELS)) for n in range(min(span, _LABELS) + 1)]
    axis = alt.Axis(title="Day", format="%b %-d, %Y", labelAngle=0, values=[_date_time(date) for date in labelled])
    across = alt.X("date:T", scale=alt.Scale(domain=domain, type="utc"), axis=axis)
    highest = max((row["accounts"] for row in rows), default=0) or 1
    upward = alt.Y("accounts:Q", scale=alt.Scale(domain=[0, highest]), axis=accounts_axis("Accounts on the day"))
    shown = [(label, colour) for _, label, colour in _SERIES]
    order = [label for label, _ in shown]
    base = alt.Chart(data(rows)).encode(
        x=across,
        y=upward,
        color=alt.Color(
            "series:N",
            scale=alt.Scale(domain=order, range=[str(colour) for _, colour in shown]),
            legend=alt.Legend(
                title=None, orient="bottom", columns=2, symbolType="stroke", symbolStrokeWidth=3, symbolSize=400
            ),
        ),
    )
    lines = base.mark_line(interpolate="step-after", strokeWidth=2, clip=False).encode(
        strokeDash=alt.StrokeDash(
            "series:N", scale=alt.Scale(domain=order, range=[[6, 3], [1, 0], [2, 2]]), legend=None
        ),
        strokeWidth=alt.StrokeWidth("series:N", scale=alt.Scale(domain=order, range=[4, 2, 2]), legend=None),
    )
    layers: list[alt.Chart] = [lines]
    if len(days) <= 40:
        layers.append(base.mark_point(filled=True, size=34, opacity=1))
    layers += _drawn_marks(marks, first, span)
    chart = alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)
    return drawn(chart, name, title, _told(days, marks, wording))


def _drawn_marks(marks: Sequence[Mark], first: datetime.date, span: int) -> Iterator[alt.Chart]:
    """Upright lines, and over them their words above the chart, with a rim of paper that no line shows through."""
    placed = list(_placed(marks, first, span))
    for mark, line, _ in placed:
        rule = alt.Chart(data([{"date": mark.date}])).encode(x="date:T")
        yield rule.mark_rule(color=Colour.INK, strokeDash=[3, 3], y=-_LINE * (line + 1), y2=HEIGHT)
    for mark, line, is_left in placed:
        text = alt.Chart(data([{"date": mark.date, "label": mark.label}])).encode(x="date:T", text="label:N")
        place: dict[str, Any] = {
            "align": "right" if is_left else "left",
            "baseline": "bottom",
            "y": -_LINE * line - 3,
            "dx": -5 if is_left else 5,
        }
        yield text.mark_text(color=Colour.PAPER, stroke=Colour.PAPER, strokeWidth=4, **place)
        yield text.mark_text(color=Colour.INK, **place)


def _placed(marks: Sequence[Mark], first: datetime.date, span: int) -> Iterator[tuple[Mark, int, bool]]:
    """Marks with the line of their words, and whether the words are to the left of the rule: towards the middle.

    Outer marks come last of their side, so that their words pass over the rules of the others.
    """
    taken: list[list[tuple[float, float]]] = []
    at = {mark: (day - first).days / span * WIDTH for mark in marks if (day := date_of(mark.date)) is not None}
    rightwards = sorted((mark for mark in at if at[mark] <= WIDTH / 2), key=lambda mark: -at[mark])
    leftwards = sorted((mark for mark in at if at[mark] > WIDTH / 2), key=lambda mark: at[mark])
    for mark in rightwards + leftwards:
        is_left, length = at[mark] > WIDTH / 2, len(mark.label) * LETTER + 12
        words = (at[mark] - length, at[mark]) if is_left else (at[mark], at[mark] + length)
        line = next((n for n, others in enumerate(taken) if all(_apart(words, other) for other in others)), len(taken))
        if line == len(taken):
            taken.append([])
        for below in taken[:line]:
            below.append((at[mark], at[mark]))
        taken[line].append(words)
        yield mark, line, is_left


def _apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[1] < other[0] or other[1] < one[0]


def _date_time(date: datetime.date) -> alt.DateTime:
    return alt.DateTime(year=date.year, month=date.month, date=date.day, utc=True)


def _told(days: Sequence[Day], marks: Sequence[Mark], wording: Wording) -> str:
    most = max(days, key=lambda one: one.caught or 0)
    told = f"{len(days):,} days from {day(days[0].date)} to {day(days[-1].date)}; most are caught on {day(most.date)}: "
    return told + wording.count(most.caught) + "".join(f"; {day(mark.date)}: {mark.label}" for mark in marks) + "."
