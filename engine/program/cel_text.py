"""Expressions back to CEL, as an author would type them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
    Parameter,
    Quantify,
    Read,
    Root,
    Size,
    TextTest,
    Within,
)


def cel_text(expr: Expr) -> str:
    """The expression on one line. Definitions stand under their names; `Element`s without what tells loops apart."""
    return _WRITTEN[type(expr)](expr)


def _literal(expr: Literal) -> str:
    if isinstance(expr.value, bool):
        return str(expr.value).lower()
    if expr.type.kind == "date":
        return f"date('{expr.value}')"
    if isinstance(expr.value, str):
        escaped = expr.value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return repr(expr.value)


def _member(expr: Member) -> str:
    values = expr.values
    among = cel_text(values) if isinstance(values, Read) else f"[{', '.join(_literal(value) for value in values)}]"
    return f"{_in(expr, expr.item)} in {among}"


def _infix(operator: str) -> Callable[[Any], str]:
    return lambda expr: f" {operator} ".join(_in(expr, item) for item in expr.items)


def _binary(expr: Compare | Arithmetic) -> str:
    # Both group to the left: the same operator to the right of itself needs its parentheses.
    right = f"({cel_text(expr.right)})" if _RANK.get(type(expr.right)) == _RANK[type(expr)] else _in(expr, expr.right)
    return f"{_in(expr, expr.left)} {expr.operator} {right}"


_RANK: dict[type, int] = {Choose: 0, Or: 1, And: 2, Compare: 3, Member: 3, Arithmetic: 4, Not: 5}
"""How tightly an operation binds; what is not listed needs no parentheses anywhere."""


def _in(outer: Expr, inner: Expr) -> str:
    """An operand, in parentheses where it binds less tightly than what it stands in."""
    is_mixed = isinstance(outer, Arithmetic) and isinstance(inner, Arithmetic)
    loose = is_mixed or _RANK.get(type(inner), 9) < _RANK.get(type(outer), 9) or isinstance(inner, Choose)
    return f"({cel_text(inner)})" if loose else cel_text(inner)


_WRITTEN: dict[type, Callable[[Any], str]] = {
    Literal: _literal,
    Named: lambda e: e.label,
    Root: lambda e: e.name,
    Element: lambda e: e.key.partition("#")[0],
    Parameter: lambda e: e.name,
    Read: lambda e: f"{cel_text(e.record)}.{e.field}",
    Has: lambda e: f"has({cel_text(e.read)})",
    Not: lambda e: f"!{_in(e, e.item)}",
    And: _infix("&&"),
    Or: _infix("||"),
    Compare: _binary,
    Member: _member,
    Within: lambda e: f"{cel_text(e.place)}.within('{e.region}')",
    Choose: lambda e: f"{_in(e, e.condition)} ? {_in(e, e.then)} : {_in(e, e.otherwise)}",
    Quantify: lambda e: f"{cel_text(e.over)}.{e.kind}({e.element.key.partition('#')[0]}, {cel_text(e.body)})",
    Size: lambda e: f"size({cel_text(e.item)})",
    TextTest: lambda e: f"{_in(e, e.text)}.{e.operator}({cel_text(e.part)})",
    Arithmetic: _binary,
    DaysBetween: lambda e: f"calendar.days_between({cel_text(e.start)}, {cel_text(e.end)})",
}
