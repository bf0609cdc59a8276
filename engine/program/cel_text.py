"""Expressions back to CEL, as an author would type them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    return CelText(WRITTEN).text(expr)


class CelText:
    """Writes expressions by a table of operations."""

    def __init__(self, table: Mapping[type, Callable[[Any, Any], str]]) -> None:
        self._table = table

    def text(self, expr: Expr) -> str:
        """The expression where nothing stands beside it."""
        return self._table[type(expr)](self, expr)

    def operand(self, outer: Expr, inner: Expr) -> str:
        """An operand, in parentheses where it binds no more tightly than what it stands in."""
        mine, its = (_RANK.get(self.written_as(expr), _TIGHT) for expr in (outer, inner))
        is_loose = its < mine or (its == mine and its in _CHAINED) or its == _RANK[Choose]
        return f"({self.text(inner)})" if is_loose else self.text(inner)

    def written_as(self, expr: Expr) -> type[Expr]:
        """The operation that is written for an expression, as far as parentheses are concerned."""
        return type(expr)


def _literal(_: CelText, expr: Literal) -> str:
    if isinstance(expr.value, bool):
        return str(expr.value).lower()
    if expr.type.kind == "date":
        return f"date('{expr.value}')"
    if isinstance(expr.value, str):
        escaped = expr.value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return repr(expr.value)


def _member(cel: CelText, expr: Member) -> str:
    values = expr.values
    among = cel.text(values) if isinstance(values, Read) else f"[{', '.join(cel.text(value) for value in values)}]"
    return f"{cel.operand(expr, expr.item)} in {among}"


def _infix(operator: str) -> Callable[[CelText, Any], str]:
    return lambda cel, expr: f" {operator} ".join(cel.operand(expr, item) for item in expr.items)


def _binary(cel: CelText, expr: Compare | Arithmetic) -> str:
    return f"{cel.operand(expr, expr.left)} {expr.operator} {cel.operand(expr, expr.right)}"


def _choose(cel: CelText, expr: Choose) -> str:
    condition, then, otherwise = (cel.operand(expr, part) for part in (expr.condition, expr.then, expr.otherwise))
    return f"{condition} ? {then} : {otherwise}"


_RANK: dict[type, int] = {Choose: 0, Or: 1, And: 2, Compare: 3, Member: 3, Arithmetic: 4, Not: 5}
"""How tightly an operation binds."""
_CHAINED = frozenset({3, 4})
"""Ranks of which one operation in another is written in parentheses on either side, as nobody reads it without."""
_TIGHT = 9
"""The rank of what is not listed, which needs no parentheses anywhere."""


def _loop_name(element: Element) -> str:
    return element.key.partition("#")[0]


WRITTEN: dict[type, Callable[[CelText, Any], str]] = {
    Literal: _literal,
    Named: lambda _, e: e.label,
    Root: lambda _, e: e.name,
    Element: lambda _, e: _loop_name(e),
    Parameter: lambda _, e: e.name,
    Read: lambda cel, e: f"{cel.text(e.record)}.{e.field}",
    Has: lambda cel, e: f"has({cel.text(e.read)})",
    Not: lambda cel, e: f"!{cel.operand(e, e.item)}",
    And: _infix("&&"),
    Or: _infix("||"),
    Compare: _binary,
    Member: _member,
    Within: lambda cel, e: f"{cel.operand(e, e.place)}.within('{e.region}')",
    Choose: _choose,
    Quantify: lambda cel, e: f"{cel.text(e.over)}.{e.kind}({cel.text(e.element)}, {cel.text(e.body)})",
    Size: lambda cel, e: f"size({cel.text(e.item)})",
    TextTest: lambda cel, e: f"{cel.operand(e, e.text)}.{e.operator}({cel.text(e.part)})",
    Arithmetic: _binary,
    DaysBetween: lambda cel, e: f"calendar.days_between({cel.text(e.start)}, {cel.text(e.end)})",
}
"""How each operation is written."""
