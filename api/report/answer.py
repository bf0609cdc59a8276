"""What was asked and the answer, in sentences with numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from api.report.places import name_of
from api.report.wording import Wording, day, listing, weight
from engine.simulation.result import Alternative, Evasion, OrderText, SimulationResult

LONG = 40
"""Letters of a title that a sentence bears."""


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


def answer(result: SimulationResult, words: Wording) -> list[str]:
    """Two sentences: how many accounts the candidates catch, and whom that hits or who gets around it.

    Where nothing changes, the second says why.
    """
    if not result.alternatives:
        return ["No candidate was given, so nothing is compared.", "The baseline stands as it is."]
    alternatives = result.alternatives
    caught = [(one, words.shared(one.main.caught, result.population.accounts)) for one in alternatives]
    dates = {one.main.date for one in alternatives}
    when = f"On {day(next(iter(dates)))}" if len(dates) == 1 else "Each on the day looked at in detail"
    whole = words.accounts(result.population.accounts)
    if all(one.main.changed == 0 for one in alternatives):
        reasons = dict.fromkeys(one.no_effect for one in alternatives if one.no_effect)
        return [f"{when}, of {whole}, none would have another outcome than under the baseline.", " ".join(reasons)]
    return [f"{when}, of {whole}, {_under(caught)} would no longer be allowed.", _second(alternatives, words)]


def _second(alternatives: Sequence[Alternative], words: Wording) -> str:
    parts = []
    labelled = [(one, one.precision) for one in alternatives if one.precision is not None]
    if labelled:
        malicious = [(one, words.of(found.malicious_caught, found.malicious)) for one, found in labelled]
        legitimate = [(one, words.of(found.legitimate_caught, found.legitimate)) for one, found in labelled]
        parts.append(f"among them are, of the accounts labelled malicious, {_under(malicious)}")
        parts.append(f"and of those labelled legitimate, {_under(legitimate)}")
    ways = [(one, way) for one in alternatives if (way := widest(one)) is not None]
    if ways:
        evaded = [(one, words.of(way.evaded, way.tried)) for one, way in ways]
        parts.append(f"by the widest way around that was tried, {_under(evaded)} would be allowed all the same")
    if not parts:
        changed = [(one, words.count(one.main.changed)) for one in alternatives]
        parts.append(f"the outcome is another than before, whether allowed or not, for {_under(changed)}")
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _under(figures: Sequence[tuple[Alternative, str]]) -> str:
    """Figures by alternative. A single one needs no name; of long names, which would bury them, the numbers."""
    if len(figures) == 1:
        return figures[0][1]
    if any(len(one.title) > LONG for one, _ in figures):
        return listing([f"{figure} under alternative {n}" for n, (_, figure) in enumerate(figures, 1)])
    return listing([f"{figure} under “{one.title}”" for one, figure in figures])
