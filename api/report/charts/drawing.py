"""A chart becomes SVG once, in marker colours that turn into the page's CSS variables: one drawing, light and dark.

The numbers of a chart are drawn by Vega in this process; nothing is fetched and nothing runs in the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import altair as alt
import vl_convert
from markupsafe import Markup, escape

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""Of one width on every system, so that what was laid out here fits there."""
WIDTH = 560
"""Of the area within the axes, in pixels of the drawing; the page scales it."""
SIZE = 13
LETTER = 6.6
"""Pixels that a letter of that size takes, about."""
WORLD = "world"


class Colour(StrEnum):
    """The colours a chart may use: a marker that nothing else is drawn in. `variable` is the page's name for it."""

    INK = "#f1f0a1"
    SOFT = "#f1f0a2"
    LINE = "#f1f0a3"
    PAPER = "#f1f0a4"
    CAUGHT = "#f1f0a5"
    RELEASED = "#f1f0a6"
    OTHER = "#f1f0a7"
    SAME = "#f1f0a8"
    TINT_CAUGHT = "#f1f0a9"
    TINT_RELEASED = "#f1f0aa"
    TINT_OTHER = "#f1f0ab"
    TINT_SAME = "#f1f0ac"
    EMPTY = "#f1f0ad"
    FEW = "#f1f0ae"
    STEP_1 = "#f1f0b1"
    STEP_2 = "#f1f0b2"
    STEP_3 = "#f1f0b3"
    STEP_4 = "#f1f0b4"
    STEP_5 = "#f1f0b5"

    @property
    def variable(self) -> str:
        """The name of the CSS variable, as report.css has it."""
        return f"--{self.name.lower().replace('_', '-')}"


_BY_MARKER = {colour.value: f"var({colour.variable})" for colour in Colour}
_MARKER = re.compile(r'(?<==")#f1f0[ab][0-9a-f](?=")')
_LONG_NUMBER = re.compile(r"(\d+\.\d)\d+")
_NO_XML = re.compile(r"[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONFIG: dict[str, Any] = {
    "aria": False,  # the drawing has a title and a description of its own, and its numbers in a table
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": Colour.INK,
        "titleColor": Colour.SOFT,
        "gridColor": Colour.LINE,
        "domainColor": Colour.SOFT,
        "tickColor": Colour.SOFT,
        "labelFontSize": SIZE,
        "titleFontSize": SIZE,
        "titleFontWeight": "normal",
        "titlePadding": 10,
        "labelLimit": 230,
        "labelLineHeight": 15,
        "maxExtent": 320,  # else the title of an axis is drawn over long labels
        "labelOverlap": "greedy",
    },
    "legend": {
        "labelColor": Colour.INK,
        "titleColor": Colour.SOFT,
        "labelFontSize": SIZE,
        "titleFontSize": SIZE,
        "titleFontWeight": "normal",
        "labelLimit": 400,
        "titleLimit": 560,
    },
    "text": {"color": Colour.INK, "fontSize": SIZE},
}


def drawn(
    chart: alt.TopLevelMixin, name: str, title: str, description: str, *, world: Mapping[str, Any] | None = None
) -> Markup:
    """The chart as an SVG element.

    Args:
        chart: in the colours of `Colour`.
        name: unlike that of any other chart of the page; ids begin with it.
        title, description: what it shows, for those who do not see it.
        world: the data that the chart calls `WORLD`, which is too large to be copied about.
    """
    # Altair holds what it writes against a schema, which takes longer than drawing; Vega refuses what it cannot draw.
    specification = chart.to_dict(validate=False)
    specification["config"] = _CONFIG
    if world is not None:
        specification["datasets"] = {WORLD: world}
    # What XML cannot hold stops the drawing program, and with it this one.
    svg: str = vl_convert.vegalite_to_svg(_drawable(specification))
    opening, inside = svg.split(">", 1)
    # In its own size, so that its letters are those of the page; the page makes it smaller where it must.
    size = re.search(r'width="\d+".*viewBox="[^"]*"', opening)
    assert size is not None
    inside = _MARKER.sub(lambda found: _BY_MARKER[found.group()], _LONG_NUMBER.sub(r"\1", inside))
    inside = inside.replace('id="', f'id="{name}-').replace("url(#", f"url(#{name}-")
    return Markup(  # noqa: S704 - Vega escapes what it draws, and the rest is escaped here
        f'<svg class="chart" role="img" {size.group()} aria-labelledby="{name}-title {name}-description">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-description">{escape(description)}</desc>{inside}'
    )


def data(rows: list[dict[str, Any]]) -> alt.InlineData:
    """Rows that are part of the drawing."""
    return alt.InlineData(values=rows)


def accounts_axis(title: str = "Accounts") -> alt.Axis:
    """The axis of a number of accounts: whole numbers with thousands separators."""
    return alt.Axis(title=title, format=",d", tickCount=5, tickMinStep=1)


def _drawable(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    """The value with a sign in the place of each character that XML does not have."""
    if isinstance(value, str):
        return _NO_XML.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {_drawable(name): _drawable(inner) for name, inner in value.items()}
    return [_drawable(inner) for inner in value] if isinstance(value, list | tuple) else value
