"""The page of a report: what a result holds, in words, tables and drawings, in the order in which one reads.

It is made of the result alone, so it says the same whenever and wherever it is made. It loads nothing and runs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from api.report.answer import Answer, Order, answer, order_in_words
from api.report.detail import Detail, detail_of
from api.report.drawings import compared
from api.report.made_of import made_of
from api.report.wording import ASKS, DOES, MADE_UP, MEANINGS, Wording, date_of, day, listing, standing, way_in_words
from engine.language.rendering import harmless
from engine.language.rule_file import EFFECTS
from engine.simulation.result import Alternative, Bite, SimulationResult

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@attrs.frozen
class Page:
    """Everything the templates read.

    `made_up` says that the accounts are made up, empty where they are not.
    `orders` are those of all candidates, each once; `source` is what the population was made of, by name and value;
    `comparison` draws the alternatives side by side, None where nobody is caught.
    """

    result: SimulationResult
    words: Wording
    dates: str
    made_up: str
    answer: Answer
    orders: Sequence[Order]
    details: Sequence[Detail]
    comparison: Markup | None
    source: Sequence[tuple[str, str]]
    outcomes: Sequence[tuple[str, str]]


def render(result: SimulationResult) -> str:
    """The report as HTML."""
    page = _TEMPLATES.get_template("report.html").render(
        page=page_of(result),
        day=day,
        does=DOES,
        asks=ASKS,
        way_in_words=way_in_words,
        coded=coded,
        days_of=days_of,
        standing=standing,
    )
    # A mark in somebody's text that reverses the letters after it would reverse the figures beside it.
    return harmless(page)


def days_of(bite: Bite) -> str:
    """From when until when a candidate changes something."""
    if bite.from_ == bite.until:
        return f"on {day(bite.from_)}"
    return f"between {day(bite.from_)} and {day(bite.until)}"


def coded(text: str) -> Markup:
    """A sentence with what stands in backticks as code."""
    parts = [escape(part) for part in text.split("`")]
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))


def page_of(result: SimulationResult) -> Page:
    """What the page says of a result."""
    words = Wording(result.suppressed_below)
    labels = _labels(result.alternatives)
    orders = {order.id: order_in_words(order, labels) for one in result.alternatives for order in one.orders}
    return Page(
        result=result,
        words=words,
        dates=_dates(result.alternatives),
        made_up=MADE_UP if result.population.is_made_up else "",
        answer=answer(result, words),
        orders=list(orders.values()),
        details=[detail_of(one, n, words, labels) for n, one in enumerate(result.alternatives, 1)],
        comparison=compared(result.alternatives, words),
        source=list(made_of(result.population.source)),
        outcomes=[(outcome, MEANINGS[outcome]) for outcome in EFFECTS],
    )


def _labels(alternatives: Sequence[Alternative]) -> Mapping[str, str]:
    """Places in words by their code, as the simulation names them."""
    cells = (cell for one in alternatives for cell in one.impact.get("place", ()))
    return {cell.value: cell.label for cell in cells if cell.label}


def _dates(alternatives: Sequence[Alternative]) -> str:
    every = sorted({one.date for alternative in alternatives for one in (*alternative.timeline, alternative.main)})
    real = [text for text in every if date_of(text) is not None]
    if len(real) <= 1:
        return listing([day(text) for text in real]) or "no day"
    return f"{len(real):,} days from {day(real[0])} to {day(real[-1])}"
