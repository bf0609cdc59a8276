"""What was asked and the answer, in sentences with numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from api.report.places import name_of
from api.report.wording import Wording, day, way_in_words, weight
from engine.simulation.result import Alternative, Evasion, OrderText, SimulationResult


@attrs.frozen
class Line:
    """What is said of an alternative, by its title; empty where there is no other."""

    title: str
    said: str


@attrs.frozen
class Answer:
    """The answer: a sentence, and lines to it."""

    lead: str
    lines: Sequence[Line]


@attrs.frozen
class Order:
    """An order in words: a sentence on what it is and when it binds, and its file as written."""

    id: str
    sentence: str
    finding: str
    text: str


def order_in_words(order: OrderText, labels: Mapping[str, str]) -> Order:
    """What an order is on, and its days."""
    kind, target = next(iter(order.target.items()), ("person", "nobody"))
    on = f"the jurisdiction {name_of(target, labels)}" if kind == "jurisdiction" else f"the person {target}"
    what = {"prohibition": "Prohibition", "conditions": "Conditions"}.get(order.kind, order.kind)
    lapses = f"in force through {day(order.lapses_after)}" if order.lapses_after else "its end is not stated"
    sentence = f"{what} on {on}: issued {day(order.issued_on)}, binding from {day(order.binding_on)}, {lapses}."
    return Order(order.id, sentence, order.finding, order.text)


def widest(alternative: Alternative) -> Evasion | None:
    """The way around that the most accounts could take; ways overlap, so they are never added up."""
    return max(alternative.evasion, key=lambda way: weight(way.evaded), default=None)


def answer(result: SimulationResult, words: Wording) -> Answer:
    """How many accounts each candidate catches, whom that hits and who gets around it; or why nothing changes."""
    alternatives = result.alternatives
    if not alternatives:
        return Answer("No candidate was given, so nothing is compared. The baseline stands as it is.", ())
    dates = {one.main.date for one in alternatives}
    when = f"On {day(next(iter(dates)))}" if len(dates) == 1 else "On the day that is looked at in detail"
    whole = words.accounts(result.population.accounts)
    if all(one.main.changed == 0 for one in alternatives):
        reasons = dict.fromkeys(one.no_effect for one in alternatives if one.no_effect)
        lead = f"{when}, none of {whole} would have another outcome than under the baseline."
        return Answer(" ".join([lead, *reasons]), ())
    if len(alternatives) == 1:
        (one,) = alternatives
        return Answer(
            f"{when}, of {whole}, {words.caught(one.main)} would no longer be allowed.",
            tuple(Line("", said) for said in _said(one, words)),
        )
    return Answer(
        f"{when}, of {whole}, would no longer be allowed:",
        tuple(Line(one.title, _line(one, words)) for one in alternatives),
    )


def _line(one: Alternative, words: Wording) -> str:
    if one.main.changed == 0:
        return f"none. {one.no_effect or ''}".rstrip()
    return " ".join([f"{words.caught(one.main)}.", *_said(one, words)])


def _said(one: Alternative, words: Wording) -> list[str]:
    """Whom an alternative hits, and who gets around it: sentences, each only where something is known."""
    said = []
    if one.precision is not None:
        found = one.precision
        malicious = words.of(found.malicious_caught, found.malicious)
        legitimate = words.of(found.legitimate_caught, found.legitimate)
        said.append(f"Of those labelled malicious {malicious}, of those labelled legitimate {legitimate}.")
    way = widest(one)
    if way is not None and way.evaded != 0:
        drawn = ", which were drawn at random of those caught" if way.sample else ""
        left = words.of(way.evaded, way.tried)
        said.append(f"The widest way around, “{way_in_words(way.id)}”, leaves allowed {left}{drawn}.")
    elif way is not None and one.main.caught != 0:
        said.append("None of the ways around that were tried leads past it.")
    if one.main.caught == 0:
        said.append(f"The outcome is another than before, whether allowed or not, for {words.count(one.main.changed)}.")
    return said
