"""Which charts an alternative has: one is drawn only where there is something to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
from markupsafe import Markup

from api.report.answer import widest
from api.report.charts.bars import Bar, Series, draw_bars
from api.report.charts.drawing import Colour
from api.report.charts.shifts import draw_shifts
from api.report.charts.timeline import draw_timeline, marks_of
from api.report.charts.world import draw_world
from api.report.tables import Impact
from api.report.wording import Wording, value_of, way_in_words
from engine.simulation.dimensions import DIRECT
from engine.simulation.result import Alternative, Count

_CAUGHT = Series("caught", Colour.CAUGHT)
_WAYS = (Series("could try", Colour.SAME), Series("get around it", Colour.CAUGHT))


@attrs.frozen
class Drawings:
    """The charts of an alternative; None where there is nothing to draw, which the page says in words."""

    shifts: Markup
    world: Markup | None
    timeline: Markup | None
    resellers: Markup | None
    evasion: Markup | None


def draw(
    alternative: Alternative,
    impacts: Sequence[Impact],
    caught: Mapping[str, Sequence[Count]],
    words: Wording,
    key: str,
) -> Drawings:
    """The charts; their ids begin with the key. `caught` is by the country's key on the map."""
    title, days = alternative.title, alternative.timeline
    shifts = draw_shifts(alternative.main.shifts, words, f"{key}-shifts", f"Outcomes before and after: {title}")
    world = timeline = resellers = evasion = None
    if any(count != 0 for counts in caught.values() for count in counts):
        world = draw_world(caught, words, f"{key}-world", f"Accounts caught in the world: {title}")
    if len(days) > 1:
        marks = marks_of(alternative.orders)
        timeline = draw_timeline(days, marks, words, f"{key}-days", f"What changes by day: {title}")
    cells = next((impact.cells for impact in impacts if impact.dimension == "reseller"), ())
    # Most accounts have none, and would leave the others without a scale.
    resold = [cell for cell in cells if cell.value != DIRECT and cell.caught != 0]
    bars = [Bar(value_of(cell), (cell.caught,)) for cell in resold]
    if len(bars) > 1 and any(bar.counts[0] for bar in bars):
        name, said = f"{key}-resellers", f"Accounts caught by reseller: {title}"
        resellers = draw_bars(bars, [_CAUGHT], words, name=name, title=said, axis="Reseller")
    ways = [Bar(way_in_words(way.id), (way.tried, way.evaded)) for way in alternative.evasion if way.tried != 0]
    if ways:
        name, said = f"{key}-ways", f"Ways around: {title}"
        evasion = draw_bars(ways, _WAYS, words, name=name, title=said, axis="Way around")
    return Drawings(shifts, world, timeline, resellers, evasion)


def compared(alternatives: Sequence[Alternative], words: Wording) -> Markup | None:
    """The alternatives beside one another: what they catch, and what gets around them at most."""
    if all(one.main.caught == 0 for one in alternatives):
        return None
    bars = [
        Bar(one.title, (one.main.caught, 0 if (way := widest(one)) is None else way.evaded)) for one in alternatives
    ]
    series = (_CAUGHT, Series("of these, get around it by the widest way", Colour.RELEASED))
    return draw_bars(bars, series, words, name="compared", title="Alternatives side by side", axis="Alternative")
