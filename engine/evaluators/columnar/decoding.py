"""A row of answers to the findings they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from engine.evaluators.columnar.firings import Firing, Law
from engine.evaluators.columnar.packing import BITS
from engine.program.finding import Finding, derived_finding, element_finding, finding
from engine.vocabulary.derived import Derived, DerivedLists


def findings_of(law: Law, number: int, answers: Mapping[str, Any], derived: DerivedLists) -> list[Finding] | None:
    """The findings of law `number` on a case, in file order; None when no rule set is about it.

    `answers` are the columns of `Asking.answered` and `Asking.with_elements`; `derived` holds every derived list of the
    case, the orders that touch it among them: answers say which of them a finding is about, not where they stand.
    """
    if not answers[f"q{number}_law"]:
        return None
    found: list[tuple[int, int, Finding]] = []
    for place in places_of("f", number, answers):
        firing = law.firings[place]
        for index, one in _bound(firing, answers.get(f"q{number}_e{place}"), derived):
            found.append((firing.rank, index, one))
    found.sort(key=lambda one: one[:2])
    return [one for _, _, one in found]


def places_of(letter: str, number: int, answers: Mapping[str, Any]) -> list[int]:
    """The places in law `number` of the firings that apply (`f`), or of the facts that are lacking (`n`)."""
    places: list[int] = []
    for first in count(step=BITS):
        word = answers.get(f"q{number}_{letter}{first // BITS}")
        if word is None:
            return places
        places += (first + bit for bit in range(BITS) if word >> bit & 1)
    return places


def _bound(firing: Firing, elements: list[bool] | None, derived: DerivedLists) -> Iterator[tuple[int, Finding]]:
    """The findings of a rule that applies, each with the place of its element."""
    rule, rank, touch = firing.rule, firing.rank, firing.touch
    if touch is not None:
        index, measure = _touching(touch.order.id, touch.ground, derived)
        yield index, derived_finding(rule, rank)(measure)
    elif rule.each is None:
        yield 0, finding(rule, rank)
    elif elements is not None:
        at_element = (
            (lambda index, each=rule.each: derived_finding(rule, rank)(derived[each.names[0]][index]))
            if rule.each.is_derived
            else element_finding(rule, rank)
        )
        for index, holds in enumerate(elements):
            if holds:
                yield index, at_element(index)


def _touching(order: str, ground: str, derived: DerivedLists) -> tuple[int, Derived]:
    """The order on its ground among those that were found to touch the case, one by one."""
    for index, measure in enumerate(derived["measures"]):
        if measure["id"] == order and measure["ground"] == ground:
            return index, measure
    raise LookupError(f"order {order} by {ground} was found to touch a case that it does not touch")
