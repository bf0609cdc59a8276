"""What the impact of a measure is told by: a word for each account, as an expression of its facts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from engine.evaluators.columnar.folding import rewritten
from engine.evaluators.columnar.touches import Touch, touches_of
from engine.measures.order import Order
from engine.policy.policy import Policy
from engine.program.expressions import (
    TRUE,
    Choose,
    Compare,
    DaysBetween,
    Element,
    Expr,
    Has,
    Literal,
    Read,
    Root,
    Within,
    disjunction,
    negation,
)
from engine.program.paths import Paths
from engine.simulation.dates import LAST_OF_ALL
from engine.simulation.result import DIMENSIONS
from engine.vocabulary.model import DATE, INT, STRING, Vocabulary

UNKNOWN = "unknown"
DIRECT = "direct"
"""Of accounts without a reseller: had from the provider itself."""
HOME = "US"
ABROAD, NOT_ABROAD, NOBODY = "abroad", "not abroad", "none"
"""Of owners: one is located outside the United States, none is known to be, there are none."""
_YEAR = 365
_OLDEST = 5
"""Accounts of so many years and more are told together."""
_WORDS = ("id", "name")
_OPENING = "account.open"


def dimensions(policy: Policy, day: str) -> dict[str, Expr]:
    """For each of `DIMENSIONS` the value of an account on a day, as text."""
    paths = Paths(policy.vocabulary)
    found = {
        "place": _first_said(paths.fact("customer.located_in"), paths.fact("customer.address.country")),
        "product": _first_said(paths.fact("product.kind")),
        "reseller": Choose(Has(paths.fact("reseller.id")), paths.fact("reseller.id"), _no_reseller(paths), STRING),
        "tier": _tier(paths),
        "owner_link": _owner_link(paths, policy.places.within[HOME]),
        "account_age": _account_age(paths, day),
    }
    return {name: found[name] for name in DIMENSIONS}


def connections(vocabulary: Vocabulary, orders: tuple[Order, ...]) -> Mapping[str, Expr]:
    """How accounts are connected with what orders are on, for the statutory factors: see `FactorCounts`. Those that the
    orders touch on any ground, once they are issued, are `touched`."""
    paths = Paths(vocabulary)
    # Whether they bind by then is asked apart.
    touches = touches_of(orders, vocabulary, Literal(LAST_OF_ALL, DATE))
    persons = [order for order in orders if order.target_kind == "person"]
    own = [paths.some(paths.derived("owners"), "owner", partial(_is_person, paths, order)) for order in persons]
    own += [_is_word(paths, paths.fact(f"customer.{word}"), order) for order in persons for word in _WORDS]
    offered = [_is_word(paths, paths.fact(f"reseller.{word}"), order) for order in persons for word in _WORDS]
    return {
        "there": _touched(touches, {"residence", "reseller"}),
        "resold_there": _touched(touches, {"reseller"}),
        "own": disjunction(tuple(own)),
        "offered": disjunction(tuple(offered)),
        "touched": _touched(touches, {touch.ground for touch in touches}),
    }


def _touched(touches: Sequence[Touch], grounds: Collection[str]) -> Expr:
    """Whether an order touches an account on one of these grounds."""
    present = [touch.present for touch in touches if touch.ground in grounds]
    return disjunction(tuple(rewritten(expr, lambda _: None, {}) for expr in present))


def _is_word(paths: Paths, word: Read, order: Order) -> Expr:
    return paths.said(word, lambda said: Compare("==", said, Literal(order.target, STRING)))


def _is_person(paths: Paths, order: Order, owner: Element) -> Expr:
    return disjunction(tuple(_is_word(paths, paths.below(owner, word), order) for word in _WORDS))


def _text(word: str) -> Literal:
    return Literal(word, STRING)


def _first_said(*facts: Read) -> Expr:
    expr: Expr = _text(UNKNOWN)
    for fact in reversed(facts):
        expr = Choose(Has(fact), fact, expr, STRING)
    return expr


def _tier(paths: Paths) -> Expr:
    tier = paths.fact("reseller.tier")
    known: Expr = _text("3 and above")
    for number in (2, 1):
        known = Choose(Compare("==", tier, Literal(number, INT)), _text(str(number)), known, STRING)
    return Choose(Has(tier), known, _no_reseller(paths), STRING)


def _no_reseller(paths: Paths) -> Expr:
    """Of accounts of whose reseller this is not said: whether nothing is known of any, or something else is."""
    reseller = paths.vocabulary.records[paths.vocabulary.facts["reseller"].type.name]
    anything = disjunction(tuple(Has(paths.fact(f"reseller.{name}")) for name in reseller.fields))
    return Choose(anything, _text(UNKNOWN), _text(DIRECT), STRING)


def _owner_link(paths: Paths, inside: frozenset[str]) -> Expr:
    """Whether somebody who counts as an owner is located abroad; owners of whom it is not known count as not abroad."""
    owners = paths.derived("owners")
    abroad = paths.some(
        owners,
        "owner",
        lambda owner: paths.said(paths.below(owner, "located_in"), lambda place: negation(Within(place, HOME, inside))),
    )
    anybody = paths.some(owners, "owner", lambda _: TRUE)
    return Choose(abroad, _text(ABROAD), Choose(anybody, _text(NOT_ABROAD), _text(NOBODY), STRING), STRING)


def _account_age(paths: Paths, day: str) -> Expr:
    """Full years of 365 days since the account was opened, as text: `0` to `4`, `5 and more`, `not open yet`.

    An account that is to be opened is not open yet; of others that say no day it is unknown.
    """
    opened = paths.fact("account.opened_on")
    age: Expr = _text(f"{_OLDEST} and more")
    for years in reversed(range(_OLDEST)):
        younger = Compare("<", DaysBetween(opened, Literal(day, DATE)), Literal((years + 1) * _YEAR, INT))
        age = Choose(younger, _text(str(years)), age, STRING)
    is_later = Compare("<", DaysBetween(opened, Literal(day, DATE)), Literal(0, INT))
    not_yet = _text("not open yet")
    is_new = Compare("==", Root("action", STRING), Literal(_OPENING, STRING))
    return Choose(
        Has(opened), Choose(is_later, not_yet, age, STRING), Choose(is_new, not_yet, _text(UNKNOWN), STRING), STRING
    )
