"""Leaf conditions to functions of a case, written for this evaluator alone: no text is generated, nothing is shared.

A leaf is true, false or, where it rests on a fact that is absent, unsettled (None). Whatever a program decides is
settled all the same, because it asks whether a fact is there before it reads it; that is checked, not assumed.
"""

from __future__ import annotations

import datetime
import operator
from collections.abc import Callable, Container, Mapping
from typing import Any

import attrs

from engine.program.expressions import (
    And,
    Arithmetic,
    Choose,
    Compare,
    DaysBetween,
    Element,
    Expr,
    Has,
    Literal,
    Member,
    Named,
    Not,
    Or,
    Quantify,
    Read,
    Root,
    Size,
    TextTest,
    Within,
)
from engine.vocabulary.derived import DerivedLists

_FRACTIONS = frozenset({"number", "pct"})
"""Kinds of value that are doubles, even where JSON wrote them without a fraction."""
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SUMS: Mapping[str, Callable[[Any, Any], float]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
_TEXTS: Mapping[str, Callable[[str, str], bool]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": operator.contains,
}


@attrs.define
class Case:
    """What an expression is evaluated on; `elements` holds what each loop around it stands at, by the loop's key."""

    facts: Mapping[str, Any]
    as_of: str
    action: str
    derived: DerivedLists
    elements: dict[str, Any] = attrs.Factory(dict)


Value = Callable[[Case], Any]
"""An expression as a function of a case; None stands for a fact that is absent and for what cannot be told from it."""


def value_of(expr: Expr) -> Value:
    """The expression as a function of a case."""
    return _VALUES[type(expr)](expr)


def _literal(expr: Literal) -> Value:
    value = float(expr.value) if expr.type.kind in _FRACTIONS else expr.value
    return lambda _: value


def _root(expr: Root) -> Value:
    name = expr.name
    if name == "as_of":
        return lambda case: case.as_of
    if name == "action":
        return lambda case: case.action
    if expr.type.kind == "list":
        return lambda case: case.derived[name]
    return lambda case: case.facts.get(name)


def _read(expr: Read) -> Value:
    record, field, is_fraction = value_of(expr.record), expr.field, expr.type.kind in _FRACTIONS

    def read(case: Case) -> Any:  # noqa: ANN401 - a fact of any kind
        there = record(case)
        value = None if there is None else there.get(field)
        return float(value) if is_fraction and value is not None else value

    return read


def _element(expr: Element) -> Value:
    key = expr.key
    if expr.type.kind in _FRACTIONS:
        return lambda case: float(case.elements[key])
    return lambda case: case.elements[key]


def _has(expr: Has) -> Value:
    read = value_of(expr.read)
    return lambda case: _says_something(read(case))


def _says_something(value: object) -> bool:
    match value:
        case dict():
            return any(_says_something(field) for field in value.values())
        case list() | tuple():
            return len(value) > 0
    return value is not None


def _not(expr: Not) -> Value:
    item = value_of(expr.item)

    def contrary(case: Case) -> bool | None:
        holds = item(case)
        return None if holds is None else not holds

    return contrary


def _every(expr: And) -> Value:
    items = [value_of(item) for item in expr.items]
    return lambda case: _all([item(case) for item in items])


def _some(expr: Or) -> Value:
    items = [value_of(item) for item in expr.items]
    return lambda case: _any([item(case) for item in items])


def _choose(expr: Choose) -> Value:
    condition, then, otherwise = value_of(expr.condition), value_of(expr.then), value_of(expr.otherwise)

    def chosen(case: Case) -> Any:  # noqa: ANN401 - whatever stands in the branches
        holds = condition(case)
        return None if holds is None else then(case) if holds else otherwise(case)

    return chosen


def _of_two(apply: Callable[[Any, Any], Any], left: Expr, right: Expr) -> Value:
    """A function of two values, unsettled unless both are there."""
    one, other = value_of(left), value_of(right)

    def applied(case: Case) -> Any:  # noqa: ANN401 - what the function gives
        a, b = one(case), other(case)
        return None if a is None or b is None else apply(a, b)

    return applied


def _member(expr: Member) -> Value:
    if isinstance(expr.values, Read):
        return _of_two(lambda item, listed: any(item == one for one in listed), expr.item, expr.values)
    item, words = value_of(expr.item), [value_of(literal)(_NOWHERE) for literal in expr.values]

    return lambda case: _in(item(case), words)


def _within(expr: Within) -> Value:
    place, places = value_of(expr.place), expr.places

    return lambda case: _in(place(case), places)


def _in(value: object, among: Container[object]) -> bool | None:
    return None if value is None else value in among


def _quantify(expr: Quantify) -> Value:
    over, body, key = value_of(expr.over), value_of(expr.body), expr.element.key
    settle = _QUANTIFIERS[expr.kind]

    def quantified(case: Case) -> bool | None:
        listed = over(case)
        if listed is None:
            return None
        answers: list[bool | None] = []
        for element in listed:
            case.elements[key] = element
            answers.append(body(case))
        return settle(answers)

    return quantified


def _any(answers: list[bool | None]) -> bool | None:
    return True if True in answers else None if None in answers else False


def _all(answers: list[bool | None]) -> bool | None:
    return False if False in answers else None if None in answers else True


def _one(answers: list[bool | None]) -> bool | None:
    holding = answers.count(True)
    return False if holding > 1 else None if None in answers else holding == 1


_QUANTIFIERS: Mapping[str, Callable[[list[bool | None]], bool | None]] = {
    "exists": _any,
    "all": _all,
    "exists_one": _one,
}


def _size(expr: Size) -> Value:
    item = value_of(expr.item)

    def size(case: Case) -> int | None:
        value = item(case)
        return None if value is None else len(value)

    return size


def _days_between(start: str, end: str) -> int:
    return (datetime.date.fromisoformat(end) - datetime.date.fromisoformat(start)).days


def _named(expr: Named) -> Value:
    return value_of(expr.item)


_NOWHERE = Case({}, "", "", {})
_VALUES: dict[type[Expr], Callable[[Any], Value]] = {
    Literal: _literal,
    Named: _named,
    Root: _root,
    Element: _element,
    Read: _read,
    Has: _has,
    Not: _not,
    And: _every,
    Or: _some,
    Compare: lambda e: _of_two(_COMPARISONS[e.operator], e.left, e.right),
    Member: _member,
    Within: _within,
    Choose: _choose,
    Quantify: _quantify,
    Size: _size,
    TextTest: lambda e: _of_two(_TEXTS[e.operator], e.text, e.part),
    Arithmetic: lambda e: _of_two(_SUMS[e.operator], e.left, e.right),
    DaysBetween: lambda e: _of_two(_days_between, e.start, e.end),
}
SUPPORTED = frozenset(_VALUES)
"""The operations that this evaluator knows: connectives become rules, and are functions inside quantifiers."""
