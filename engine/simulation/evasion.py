"""Ways around a measure as they are gone: an account's facts to what they would be, to be decided anew."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import attrs

from engine.decision.decider import Case
from engine.evaluators.compiled import Compiled
from engine.evaluators.evaluator import Holds
from engine.measures.order import Order
from engine.simulation.policies import Policies
from engine.simulation.ways import EACH, ElementEdit, FactPath, Way, with_place
from engine.vocabulary.derived import DerivedLists


class NoPlaceLeftError(ValueError):
    """The orders of a candidate touch every place to which a way could lead. The message says what to do."""


@attrs.frozen
class Target:
    """What is gone around: the places and persons that orders are on."""

    places: frozenset[str]
    persons: frozenset[str]

    def has(self, person: Mapping[str, Any]) -> bool:
        """Whether an owner or a holder is located or has an address there, or is one of the persons by id or name."""
        places = {person.get("located_in"), (person.get("address") or {}).get("country")}
        return not (self.places.isdisjoint(places) and self.persons.isdisjoint({person.get("id"), person.get("name")}))


@attrs.frozen(eq=False)
class Route:
    """A way around one candidate: `elsewhere` is the place to which it leads, `is_open` what its condition asks."""

    way: Way
    target: Target
    elsewhere: str
    is_open: Holds | None

    def apply(self, case: Case, derived: DerivedLists) -> Case | None:
        """The case of somebody who goes this way, as a case of its own; None when the way is not open to this one, or
        changes none of its facts. `derived` are the derived lists of the case."""
        if self.is_open is not None and not self.is_open(case.facts, case.as_of, case.action, derived):
            return None
        facts = copy.deepcopy(dict(case.facts))
        for edit in self.way.each:
            self._edit_elements(facts, edit)
        for path in self.way.moves:
            for above, key in _ends(facts, path):
                above[key] = self.elsewhere if above[key] in self.target.places else above[key]
        self._set(facts, self.way.sets)
        for path in self.way.removes:
            _remove(facts, path)
        return None if facts == case.facts else attrs.evolve(case, facts=facts)

    def _set(self, record: dict[str, Any], values: Mapping[FactPath, Any]) -> None:
        for path, value in values.items():
            for above, key in _ends(record, path, create=True):
                # Made anew for each place, so that no two share a list.
                above[key] = copy.deepcopy(with_place(value, self.elsewhere))

    def _edit_elements(self, facts: dict[str, Any], edit: ElementEdit) -> None:
        for above, name in _ends(facts, edit.of):
            elements = above[name] or []
            for element in elements:
                if self._is_meant(element, edit):
                    self._set(element, edit.sets)
                    for path in edit.removes:
                        _remove(element, path)
            if edit.leave_out:
                above[name] = [element for element in elements if not self._is_meant(element, edit)]

    def _is_meant(self, element: dict[str, Any], edit: ElementEdit) -> bool:
        if edit.in_target and not self.target.has(element):
            return False
        numbers = [(_read(element, path), least) for path, least in edit.at_least.items()]
        return all(number is not None and number >= least for number, least in numbers)


def routes(policies: Policies, candidate: str) -> tuple[Route, ...]:
    """The ways around a candidate. What is gone around are the orders that it adds, or all it has when it adds none.

    Raises:
        NoPlaceLeftError: a way has no place left to lead to.
    """
    policy = policies.candidates[candidate]
    target = _target(policies.added_orders(candidate) or policy.orders)
    touched = _target(policy.orders).places
    compiled = Compiled(())
    found = []
    for way in policies.ways:
        elsewhere = next((place for place in way.elsewhere if place not in touched), None)
        if elsewhere is None:
            message = f"the way `{way.id}` leads nowhere: orders touch {', '.join(way.elsewhere)}"
            raise NoPlaceLeftError(f"{message}; name another place under its `elsewhere`")
        found.append(Route(way, target, elsewhere, None if way.when is None else compiled.expression(way.when)))
    return tuple(found)


def _target(orders: tuple[Order, ...]) -> Target:
    return Target(
        frozenset(place for order in orders for place in order.places),
        frozenset(order.target for order in orders if order.target_kind == "person"),
    )


def _ends(facts: dict[str, Any], path: FactPath, *, create: bool = False) -> Iterator[tuple[Any, Any]]:
    """What holds the ends of a path, with the key or index of each; a path that begins in nothing has none, unless the
    records on the way are to be created."""
    here: list[Any] = [facts]
    last = path[-1]
    for name, following in pairwise(path):
        if name == EACH:
            here = [element for elements in here for element in elements]
            continue
        if not create or following == EACH:
            here = [record for record in here if record.get(name)]
        for record in here:
            record[name] = record.get(name) or {}
        here = [record[name] for record in here]
    for end in here:
        if last == EACH:
            yield from ((end, index) for index in range(len(end)))
        elif create or last in end:
            yield end, last


def _remove(facts: dict[str, Any], path: FactPath) -> None:
    for above, key in _ends(facts, path):
        above.pop(key)


def _read(element: dict[str, Any], path: FactPath) -> Any:  # noqa: ANN401 - a JSON value
    return next((above[key] for above, key in _ends(element, path)), None)
