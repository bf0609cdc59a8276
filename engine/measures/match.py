"""Which special measures touch a case on a day: a look-up by place and by person, never a scan of the orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from engine.measures.order import Order
from engine.program.expressions import Expr
from engine.program.finding import Need
from engine.vocabulary.derived import Derived, DerivedLists
from engine.vocabulary.presence import is_present

Facts = Mapping[str, Any]
_WORDS = ("id", "name")
"""What the target of an order on a person is held against, exactly as it is written."""
Holds = Callable[[Facts, str, str, DerivedLists], bool]
"""A compiled expression: facts, `as_of`, action and derived lists to true or false."""


class Measure(Derived):
    """An order that touches a case: the `measure` of the vocabulary.

    `at` points to the facts that bring the case under the order; `needs` are the absent facts on which its conditions
    depend, `terms` the conditions.
    """

    def __init__(self, record: Mapping[str, str], at: str, order: Order, needs: Sequence[Need]) -> None:
        super().__init__(record)
        self.at = at
        self.order = order.id
        self.needs = [(need.at, need.type) for need in needs]
        self.terms = [condition.message for condition in order.conditions]


@attrs.frozen(eq=False)
class _Case:
    facts: Facts
    as_of: str
    action: str
    derived: DerivedLists


class Matcher:
    """The orders of a policy, indexed. `holds` compiles an expression."""

    def __init__(self, orders: Sequence[Order], holds: Callable[[Expr], Holds]) -> None:
        self._by_place: dict[str, list[Order]] = {}
        self._by_person: dict[str, list[Order]] = {}
        self._conditions = {
            order.id: [(condition, holds(condition.expr)) for condition in order.conditions] for order in orders
        }
        for order in orders:
            if order.target_kind == "person":
                self._by_person.setdefault(order.target, []).append(order)
            for place in order.places:
                self._by_place.setdefault(place, []).append(order)

    def match(self, facts: Facts, as_of: str, action: str, derived: DerivedLists) -> Sequence[Measure]:
        """The measures issued by the day that touch the case, lapsed ones too: one for each order and ground.

        `derived` holds every other derived list.
        """
        if not self._by_place and not self._by_person:
            return ()
        found: dict[tuple[str, str], tuple[Order, str]] = {}
        owners = derived["owners"]
        for order, ground, at in (*self._by_location(facts, owners), *self._by_involvement(facts, owners)):
            if as_of >= order.issued_on:
                found.setdefault((order.id, ground), (order, at))
        # The conditions of an order do not speak of orders.
        case = _Case(facts, as_of, action, {**derived, "measures": ()})
        return [self._measure(order, ground, at, case) for (_, ground), (order, at) in found.items()]

    def _by_location(self, facts: Facts, owners: Sequence[Derived]) -> Iterator[tuple[Order, str, str]]:
        if not self._by_place:
            return
        customer = facts.get("customer") or {}
        resident = list(self._residence(customer))
        yield from resident
        inside = {order.id for order, _, _ in resident}
        for order, ground, at in self._connections(customer):
            if order.id not in inside:
                yield order, ground, at
        for owner in owners:
            for order in self._at(owner.get("located_in")):
                yield order, "owner", f"{owner.at}/located_in"
            for order in self._at((owner.get("address") or {}).get("country")):
                yield order, "owner", f"{owner.at}/address/country"
        for order in self._at((facts.get("reseller") or {}).get("located_in")):
            yield order, "reseller", "/reseller/located_in"

    def _residence(self, customer: Facts) -> Iterator[tuple[Order, str, str]]:
        """Where the customer is located, or has its address when that is all that is known."""
        located_in = customer.get("located_in")
        if located_in is not None:
            for order in self._at(located_in):
                yield order, "residence", "/customer/located_in"
            return
        for order in self._at((customer.get("address") or {}).get("country")):
            yield order, "residence", "/customer/address/country"

    def _connections(self, customer: Facts) -> Iterator[tuple[Order, str, str]]:
        for order in self._at((customer.get("address") or {}).get("country")):
            yield order, "address", "/customer/address/country"
        for index, place in enumerate(customer.get("locations_of_use") or ()):
            for order in self._at(place):
                yield order, "use", f"/customer/locations_of_use/{index}"
        for key in ("organized_in", "branch_of_organized_in"):
            for order in self._at(customer.get(key)):
                yield order, "organization", f"/customer/{key}"

    def _at(self, place: str | None) -> Sequence[Order]:
        return () if place is None else self._by_place.get(place, ())

    def _by_involvement(self, facts: Facts, owners: Sequence[Derived]) -> Iterator[tuple[Order, str, str]]:
        if not self._by_person:
            return
        for word, at in _persons(facts):
            for order in self._by_person.get(word, ()):
                yield order, "involved", at
        matching = [(person, key, at) for person, key, at in _shareholders(facts) if person[key] in self._by_person]
        if not matching:
            return
        with_quarter = {owner.get(key) for owner in owners if owner["reaches_quarter"] for key in _WORDS} - {None}
        for person, key, at in matching:
            # What an entity comes to is worked out for those behind it alone: it is not known to be little.
            is_stake = person.get("kind") != "entity" and with_quarter.isdisjoint(map(person.get, _WORDS))
            for order in self._by_person[person[key]]:
                yield order, "stake" if is_stake else "involved", at

    def _measure(self, order: Order, ground: str, at: str, case: _Case) -> Measure:
        unmet = [
            c for c, holds in self._conditions[order.id] if not holds(case.facts, case.as_of, case.action, case.derived)
        ]
        unknown = [need for c in unmet for need in c.reads if _is_absent(case.facts, need.at)]
        # One condition that fails on facts that are there settles it, whatever the others lack.
        settled = any(not any(_is_absent(case.facts, need.at) for need in c.reads) for c in unmet)
        conditions = "met" if not unmet else "unmet" if settled else "unknown"
        record = {
            "id": order.id,
            "kind": order.kind,
            "target": order.target_kind,
            "state": order.state(case.as_of),
            "ground": ground,
            "conditions": conditions,
        }
        return Measure(record, at, order, unknown if conditions == "unknown" else ())


def _persons(facts: Facts) -> Iterator[tuple[str, str]]:
    """Every id and name in a case but those of shareholders, with its pointer."""
    account, customer = facts.get("account") or {}, facts.get("customer") or {}
    reseller = facts.get("reseller") or {}
    for index, word in enumerate(account.get("involves") or ()):
        yield word, f"/account/involves/{index}"
    for part, person in (("customer", customer), ("reseller", reseller)):
        for key in _WORDS:
            if person.get(key) is not None:
                yield person[key], f"/{part}/{key}"
    for index, word in enumerate(customer.get("trading_names") or ()):
        yield word, f"/customer/trading_names/{index}"


def _shareholders(facts: Facts) -> Iterator[tuple[Facts, str, str]]:
    """Every owner and holder, once with its id and once with its name, and the pointer of that: whether a small share
    involves them is Q31."""
    customer = facts.get("customer") or {}
    for part in ("beneficial_owners", "holders"):
        for index, person in enumerate(customer.get(part) or ()):
            for key in _WORDS:
                if person.get(key) is not None:
                    yield person, key, f"/customer/{part}/{index}/{key}"


def _is_absent(facts: Facts, at: str) -> bool:
    value: Any = facts
    for name in at.split("/")[1:]:
        value = value.get(name) if value else None
    return not is_present(value)
