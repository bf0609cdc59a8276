"""A simulation's result on a terminal: a line for each alternative, in columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from api.report.answer import widest
from api.report.wording import MADE_UP, Wording, day, way_in_words
from engine.simulation.result import Alternative, SimulationResult

_TITLE = 32
"""Letters of an alternative's title that are shown."""


def summary(result: SimulationResult) -> Iterator[str]:
    """What was asked, a table of the alternatives, why one of them changes nothing, and what names the result."""
    words = Wording(result.suppressed_below)
    yield f"{result.title}: {words.accounts(result.population.accounts)}"
    yield ""
    yield from _table([_HEAD, *(_row(one, words) for one in result.alternatives)])
    yield ""
    for one in result.alternatives:
        if others := [
            shift for shift in one.main.shifts if shift.accounts != 0 and shift.kind in {"other", "released"}
        ]:
            parts = ", ".join(f"{shift.before} to {shift.after} {words.count(shift.accounts)}" for shift in others)
            total = words.total(shift.accounts for shift in others)
            yield f"{one.title}: another outcome without being caught: {total} ({parts})"
        if one.no_effect:
            yield f"{one.title}: nothing changes. {one.no_effect}"
    if drawn := max((way.sample for one in result.alternatives for way in one.evasion), default=0):
        yield f"ways around were tried with {drawn:,} accounts, drawn at random of those caught"
    if result.population.is_made_up:
        yield MADE_UP
    yield f"{words.accounts(result.rechecked)} decided again one by one, without a difference"
    yield f"the result is {result.digest}"


_HEAD = (
    "alternative",
    "day",
    "caught of allowed before",
    "of malicious",
    "of legitimate",
    "get around it by the widest way",
)


def _row(one: Alternative, words: Wording) -> tuple[str, ...]:
    found = one.precision
    return (
        one.title if len(one.title) <= _TITLE else f"{one.title[: _TITLE - 1]}…",
        day(one.main.date),
        words.caught(one.main, so_told=""),
        words.shared(found.malicious_caught, found.malicious) if found else "no labels",
        words.shared(found.legitimate_caught, found.legitimate) if found else "no labels",
        _around(one, words),
    )


def _around(one: Alternative, words: Wording) -> str:
    way = widest(one)
    if way is None:
        return "none tried"
    if one.main.caught == 0:
        return "nobody to try"
    return f"{words.of(way.evaded, way.tried)}, {way_in_words(way.id).lower()}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows in columns, each as wide as it must be."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
