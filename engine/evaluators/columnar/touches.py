"""Which orders touch a case, as expressions: one for each order and ground, in place of a list made for each case.

`engine.measures.match` says the same of one case at a time, and says where. The orders are known when a population is
asked, so a loop over `measures` becomes one test for each order and ground. Sources: 7.307(b), Q30, Q31.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import attrs

from engine.measures.order import Order
from engine.program.expressions import (
    FALSE,
    Choose,
    Compare,
    Element,
    Expr,
    Has,
    Literal,
    Read,
    Within,
    conjunction,
    disjunction,
    named,
    negation,
)
from engine.program.finding import Need
from engine.program.paths import Paths
from engine.vocabulary.model import DATE, STRING, Vocabulary

_WORDS = ("id", "name")


@attrs.frozen(eq=False)
class Touch:
    """An order that may touch a case on one ground: when it does, and the fields of the `measure` that it then is.

    `needs` are the absent facts on which its conditions depend, each with when it is one of them.
    """

    order: Order
    ground: str
    present: Expr
    fields: dict[str, Expr]
    needs: tuple[tuple[Need, Expr], ...]


def touches_of(orders: Sequence[Order], vocabulary: Vocabulary, as_of: Expr) -> list[Touch]:
    """Everything that `measures` may hold on a day, for some case."""
    writing = _Writing(vocabulary, as_of)
    return [touch for order in orders for touch in writing.touches(order)]


class _Writing:
    def __init__(self, vocabulary: Vocabulary, as_of: Expr) -> None:
        self._vocabulary = vocabulary
        self._paths = Paths(vocabulary)
        self._as_of = as_of

    def touches(self, order: Order) -> Iterator[Touch]:
        grounds = self._jurisdiction(order) if order.target_kind == "jurisdiction" else self._person(order)
        issued = Compare(">=", self._as_of, Literal(order.issued_on, DATE))
        fields, needs = self._fields(order), self._needs(order)
        for ground, holds in grounds:
            label = f"{order.id} by {ground}"
            present = named(label, conjunction((issued, holds)))
            yield Touch(order, ground, present, {**fields, "ground": self._word("ground", ground)}, needs)

    # -- orders on a jurisdiction

    def _jurisdiction(self, order: Order) -> Iterator[tuple[str, Expr]]:
        inside = partial(Within, region=order.target, places=order.places)
        located, address = self._paths.fact("customer.located_in"), self._paths.fact("customer.address.country")
        by_address = self._paths.said(address, inside)
        residence = disjunction(
            (self._paths.said(located, inside), conjunction((negation(Has(located)), by_address))),
        )
        residence = named(f"residence in {order.target}", residence)
        organized = [self._paths.fact("customer.organized_in"), self._paths.fact("customer.branch_of_organized_in")]
        yield "residence", residence
        for ground, holds in (
            ("address", by_address),
            ("use", self._some("customer.locations_of_use", inside)),
            ("organization", disjunction(tuple(self._paths.said(path, inside) for path in organized))),
        ):
            yield ground, conjunction((negation(residence), holds))
        yield "owner", self._any_owner(inside)
        yield "reseller", self._paths.said(self._paths.fact("reseller.located_in"), inside)

    def _any_owner(self, inside: Callable[[Expr], Expr]) -> Expr:
        def is_there(owner: Element) -> Expr:
            places = (self._paths.below(owner, "located_in"), self._paths.below(owner, "address.country"))
            return disjunction(tuple(self._paths.said(place, inside) for place in places))

        return self._paths.some(self._paths.derived("owners"), "owner", is_there)

    # -- orders on a person

    def _person(self, order: Order) -> Iterator[tuple[str, Expr]]:
        target = Literal(order.target, STRING)

        def is_target(word: Expr) -> Expr:
            return Compare("==", word, target)

        words = [self._paths.fact(f"{part}.{word}") for part in ("customer", "reseller") for word in _WORDS]
        lists = [self._some(path, is_target) for path in ("account.involves", "customer.trading_names")]
        parts = ("customer.beneficial_owners", "customer.holders")
        stakes = [self._some_shareholder(path, is_target, is_stake=True) for path in parts]
        involved = [self._some_shareholder(path, is_target, is_stake=False) for path in parts]
        said = [self._paths.said(word, is_target) for word in words]
        yield "involved", disjunction((*lists, *said, *involved))
        yield "stake", disjunction(tuple(stakes))

    def _some_shareholder(self, path: str, is_target: Callable[[Expr], Expr], *, is_stake: bool) -> Expr:
        """Whether somebody of the list is the target, and is known to have less than a quarter, or is not."""

        def is_meant(shareholder: Element) -> Expr:
            words = [self._paths.below(shareholder, word) for word in _WORDS]
            named_so = disjunction(tuple(self._paths.said(word, is_target) for word in words))
            small = self._has_small_share(shareholder, words)
            return conjunction((named_so, small if is_stake else negation(small)))

        return self._paths.some(self._paths.fact(path), "shareholder", is_meant)

    def _has_small_share(self, shareholder: Element, words: Sequence[Read]) -> Expr:
        """What an entity comes to is worked out for those behind it alone: it is not known to be little."""

        def is_same_with_quarter(owner: Element) -> Expr:
            same = [
                conjunction((Has(own), Has(word), Compare("==", own, word)))
                for own in (self._paths.below(owner, word) for word in _WORDS)
                for word in words
            ]
            return conjunction((self._paths.below(owner, "reaches_quarter"), disjunction(tuple(same))))

        with_quarter = self._paths.some(self._paths.derived("owners"), "owner", is_same_with_quarter)
        is_entity: Expr = FALSE
        if "kind" in self._vocabulary.records[shareholder.type.name].fields:
            kind = self._paths.below(shareholder, "kind")
            is_entity = conjunction((Has(kind), Compare("==", kind, Literal("entity", kind.type))))
        return conjunction((negation(is_entity), negation(with_quarter)))

    # -- what the measure says of itself

    def _fields(self, order: Order) -> dict[str, Expr]:
        return {
            "id": Literal(order.id, STRING),
            "kind": self._word("kind", order.kind),
            "target": self._word("target", order.target_kind),
            "state": self._state(order),
            "conditions": self._conditions(order),
        }

    def _state(self, order: Order) -> Expr:
        state: Expr = self._word("state", "lapsed")
        for period in reversed(order.periods):
            within = Compare("<=", self._as_of, Literal(period.until, DATE))
            state = Choose(within, self._word("state", period.state), state, state.type)
        return state

    def _conditions(self, order: Order) -> Expr:
        """One condition that fails on facts that are there settles it, whatever the others lack."""
        met, unmet, unknown = (self._word("conditions", word) for word in ("met", "unmet", "unknown"))
        otherwise = Choose(self._is_settled(order), unmet, unknown, met.type)
        return Choose(disjunction(tuple(_unmet(order))), otherwise, met, met.type)

    def _is_settled(self, order: Order) -> Expr:
        failing = [
            conjunction((fails, *(Has(self._read(need)) for need in condition.reads)))
            for fails, condition in zip(_unmet(order), order.conditions, strict=True)
        ]
        return disjunction(tuple(failing))

    def _needs(self, order: Order) -> tuple[tuple[Need, Expr], ...]:
        """What the conditions that are not met lack, unless one of them is settled without."""
        found: dict[str, tuple[Need, list[Expr]]] = {}
        for fails, condition in zip(_unmet(order), order.conditions, strict=True):
            for need in condition.reads:
                found.setdefault(need.at, (need, []))[1].append(fails)
        open_ = negation(self._is_settled(order))
        return tuple(
            (need, conjunction((open_, disjunction(tuple(fails)), negation(Has(self._read(need))))))
            for need, fails in found.values()
        )

    # -- small parts

    def _word(self, field: str, word: str) -> Literal:
        return Literal(word, self._vocabulary.records["measure"].fields[field].type)

    def _read(self, need: Need) -> Read:
        return self._paths.fact(need.at.removeprefix("/").replace("/", "."))

    def _some(self, path: str, test: Callable[[Expr], Expr]) -> Expr:
        over = self._paths.fact(path)
        return conjunction((Has(over), self._paths.some(over, "item", test)))


def _unmet(order: Order) -> list[Expr]:
    return [negation(condition.expr) for condition in order.conditions]
