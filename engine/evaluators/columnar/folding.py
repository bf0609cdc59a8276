"""Expressions made smaller by what is known: the day, the action, and the orders that are loaded."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from engine.program.expressions import (
    FALSE,
    TRUE,
    And,
    Choose,
    Compare,
    Element,
    Expr,
    Has,
    Literal,
    Member,
    Named,
    Not,
    Or,
    Quantify,
    Root,
    Within,
    conjunction,
    disjunction,
    negation,
    rebuilt,
)

COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def rewritten(expr: Expr, replace: Callable[[Expr], Expr | None], done: dict[Expr, Expr]) -> Expr:
    """The expression, folded, with what `replace` gives in the place of whatever it gives something for.

    `done` remembers what has been rewritten already, by the same `replace`.
    """
    if expr not in done:
        new = replace(expr)
        if new is None and isinstance(expr, Literal | Root | Element):
            new = expr
        elif new is None:
            new = folded(rebuilt(expr, lambda child: rewritten(child, replace, done)))
        done[expr] = new
    return done[expr]


def folded(expr: Expr) -> Expr:
    """The operation as a constant, or as a simpler one, where its operands settle it. They are folded already."""
    match expr:
        case Not(item):
            return negation(item)
        case And(items):
            return conjunction(items)
        case Or(items):
            return disjunction(items)
        case Named(_, Literal() as item):
            return item
        case Has(Literal()):
            return TRUE
        case Choose(Literal(value), then, otherwise):
            return then if value else otherwise
        case Choose(condition, Literal(True), Literal(False)):
            return condition
        case Quantify(kind, _, _, Literal(value)) if value == (kind == "all") and kind != "exists_one":
            return TRUE if value else FALSE
        case Compare() | Member() | Within():
            return _folded_test(expr)
        case _:
            return expr


def _folded_test(expr: Compare | Member | Within) -> Expr:
    match expr:
        case Compare(word, Literal(left), Literal(right)):
            return _truth(COMPARISONS[word](left, right))
        case Compare(word, Choose(condition, then, otherwise, _), Literal() as right):
            return _chosen(condition, Compare(word, then, right), Compare(word, otherwise, right))
        case Member(Literal(value), tuple(values)):
            return _truth(any(value == literal.value for literal in values))
        case Member(Choose(condition, then, otherwise, _), tuple(values)):
            return _chosen(condition, Member(then, values), Member(otherwise, values))
        case Within(Literal(place), _, places):
            return _truth(place in places)
        case _:
            return expr


def _chosen(condition: Expr, then: Expr, otherwise: Expr) -> Expr:
    """A test of one of two things is one of two tests."""
    then, otherwise = folded(then), folded(otherwise)
    return disjunction((conjunction((condition, then)), conjunction((negation(condition), otherwise))))


def _truth(value: object) -> Expr:
    return TRUE if value else FALSE
