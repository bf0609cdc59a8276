"""A map of the world: the accounts caught in each country, in steps of one colour."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import altair as alt
from markupsafe import Markup

from api.report.charts.drawing import WORLD, Colour, drawn
from api.report.places import outlines
from api.report.wording import Wording
from engine.simulation.result import Count

_STEPS = (Colour.STEP_1, Colour.STEP_2, Colour.STEP_3, Colour.STEP_4, Colour.STEP_5)
_NO_ACCOUNTS = "no accounts there"
_NONE = "none caught"


def draw_world(caught: Mapping[str, Sequence[Count]], wording: Wording, name: str, title: str) -> Markup:
    """The map. `caught` has the counts of each country by its key on the map, in parts where they were counted so."""
    known = {key: sum(count or 0 for count in counts) for key, counts in caught.items()}
    few = f"{wording.count(None)} caught"
    bounds = steps([number for number in known.values() if number])
    words = [_range(bounds, n) for n in range(len(bounds))]
    world = outlines()
    present = {_NO_ACCOUNTS}
    for country in world["objects"]["countries"]["geometries"]:
        counts, number = caught.get(country["properties"]["key"], ()), known.get(country["properties"]["key"], 0)
        if number:
            shown = words[max(n for n, bound in enumerate(bounds) if number >= bound)]
        else:
            shown = few if None in counts else _NONE if counts else _NO_ACCOUNTS
        country["properties"]["shown"] = shown
        present.add(shown)
    # Few steps are drawn far apart.
    colours = _STEPS if len(words) == len(_STEPS) else _STEPS[1 : len(words) + 1]
    every = [(_NO_ACCOUNTS, Colour.PAPER), (_NONE, Colour.EMPTY), (few, Colour.FEW), *zip(words, colours, strict=True)]
    legend = [(label, colour) for label, colour in every if label in present or label in words]
    source = alt.NamedData(name=WORLD, format=alt.TopoDataFormat(type="topojson", feature="countries"))
    shade = alt.Color(
        "properties.shown:N",
        scale=alt.Scale(domain=[label for label, _ in legend], range=[str(colour) for _, colour in legend]),
        legend=alt.Legend(
            title="Accounts caught, by where the customer is located",
            orient="bottom",
            columns=4,
            labelFontSize=16,
            titleFontSize=16,
            symbolType="square",
            symbolStrokeColor=Colour.SOFT,
            symbolSize=140,
        ),
    )
    chart = (
        alt.Chart(source)
        .mark_geoshape(stroke=Colour.SOFT, strokeWidth=0.4)
        .encode(color=shade)
        .project(type="naturalEarth1")
        .properties(width=680, height=320)
    )
    told = f"{sum(1 for number in known.values() if number):,} countries have accounts that are caught."
    return drawn(chart, name, title, f"{told} The numbers are in the table of places.", world=world)


def steps(numbers: Sequence[int]) -> list[int]:
    """Where each step begins, at most five of them, in round numbers that cover whatever is greater than 0."""
    if not numbers:
        return []
    low, high = math.floor(math.log10(min(numbers))), math.floor(math.log10(max(numbers)))
    within = {0: (1, 2, 5), 1: (1, 3)}.get(high - low, (1,))
    every = [factor * 10**power for power in range(low, high + 1) for factor in within]
    used = [bound for bound in every if bound <= max(numbers)]
    while len(used) > 1 and used[1] <= min(numbers):
        del used[0]
    return [used[0], *used[1:][-4:]]


def _range(bounds: Sequence[int], n: int) -> str:
    if n + 1 == len(bounds):
        return f"{bounds[n]:,} or more"
    last = bounds[n + 1] - 1
    return f"{bounds[n]:,}" if last == bounds[n] else f"{bounds[n]:,} to {last:,}"
