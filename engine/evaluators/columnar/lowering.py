"""An operation of a program as an operation of Ibis, by one table of operations.

Absent facts are null, and nulls are harmless: whatever reads an absent fact stands behind a guard that is false then,
and `false AND null` is false. What leaves an expression is never null: see `test`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import ibis
import ibis.expr.types as ir

from engine.accounts.layout import Layout, size_of
from engine.evaluators.columnar.folding import COMPARISONS
from engine.evaluators.columnar.loops import filtered, mapped
from engine.evaluators.columnar.operands import Count, has_loop
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
    conjunction,
    path,
)
from engine.vocabulary.model import Type

_YES, _NO = ibis.literal(value=True), ibis.literal(value=False)
Values = Mapping[str, ir.Value]
"""What stands for each element of the loops around an expression, by the element's key."""


@attrs.frozen(eq=False)
class Lowering:
    """Writes expressions over a table of cases (see `engine.accounts.layout`).

    `places` are all that occur in the table, where that is known: a place is compared with these alone. `known` are
    expressions that are columns of the table already, and `loops` the packed answers to the loops over a list.
    """

    table: ir.Table
    layout: Layout
    places: frozenset[str] | None = None
    known: Mapping[Expr, ir.Value] = attrs.Factory(dict)
    loops: Mapping[Expr, Sequence[ir.IntegerValue]] = attrs.Factory(dict)

    def test(self, expr: Expr, elements: Values | None = None) -> ir.BooleanValue:
        """A condition, false where it would be null."""
        return self.value(expr, elements or {}).fill_null(_NO)

    def value(self, expr: Expr, elements: Values) -> Any:  # noqa: ANN401 - Ibis types what it is given
        """A value, null where it reads what is absent."""
        return self.known[expr] if expr in self.known else SUPPORTED[type(expr)](self, expr, elements)

    def fact(self, expr: Expr, elements: Values) -> Any:  # noqa: ANN401
        """The column or the field of an element that a path ends in."""
        names = path(expr)
        assert names is not None
        if names[0] in elements:
            element = elements[names[0]]
            return element[".".join(names[1:])] if len(names) > 1 else element
        return self.table[".".join(names)]

    def occurring(self, places: frozenset[str]) -> frozenset[str]:
        """Those of the places that may occur in the table."""
        return places if self.places is None else places & self.places

    def said_by(self, fact: Expr, elements: Values) -> ir.Value:
        """What is null where a fact, which is no record, is not there: of a list its size, if the table has that."""
        size = self.size(fact, elements)
        return self.value(fact, elements) if size is None else size

    def size(self, item: Expr, elements: Values) -> ir.IntegerValue | None:
        """The size of a list, null where it is not there, if the table has it beside the list; else None."""
        names = path(item)
        if names is None or names[0] in elements:
            return None
        column = size_of(".".join(names))
        return self.table[column] if column in self.table.columns else None

    def said(self, read: Read, elements: Values) -> ir.BooleanValue:
        """Whether a fact is there: a record is, when one of its fields is."""
        if read.type.kind != "record":
            return self.said_by(read, elements).notnull()
        fields = self.layout.element(read.type.name)
        names = path(read)
        assert names is not None
        element = elements.get(names[0])
        above = ".".join(names if element is None else names[1:])
        home: Any = self.table if element is None else element
        said = [home[f"{above}.{column.path}"].notnull() for column in fields]
        return ibis.or_(*said)


def _literal(_: Lowering, expr: Literal, __: Values) -> ir.Value:
    return constant(expr.value, expr.type)


def constant(value: Any, type_: Type) -> ir.Value:  # noqa: ANN401 - what a literal may be
    """A constant of the vocabulary's type."""
    if type_.kind == "date":
        return ibis.literal(datetime.date.fromisoformat(value))
    if type_.kind in {"number", "pct"}:
        # Cast from text: what is written as 0.1 is a decimal for DuckDB, and computed with as such.
        return ibis.literal(repr(float(value))).cast("float64")
    return ibis.literal(value, "int64") if type_.kind == "int" else ibis.literal(value)


def _compare(lowering: Lowering, expr: Compare, elements: Values) -> ir.Value:
    left, right = lowering.value(expr.left, elements), lowering.value(expr.right, elements)
    compared = COMPARISONS[expr.operator](left, right)
    doubtful = [
        value
        for side, value in ((expr.left, left), (expr.right, right))
        if side.type.kind in {"number", "pct"} and not isinstance(side, Literal | Read | Element)
    ]
    if doubtful:
        # IEEE 754: not a number is equal to nothing, itself included. Databases put it above all others.
        return ibis.ifelse(ibis.or_(*(value.isnan() for value in doubtful)), expr.operator == "!=", compared)
    return compared


def _member(lowering: Lowering, expr: Member, elements: Values) -> ir.Value:
    item = lowering.value(expr.item, elements)
    if isinstance(expr.values, Read):
        return lowering.value(expr.values, elements).contains(item)
    return item.isin([constant(literal.value, literal.type) for literal in expr.values])


def _within(lowering: Lowering, expr: Within, elements: Values) -> ir.Value:
    places = lowering.occurring(expr.places)
    return lowering.value(expr.place, elements).isin(sorted(places)) if places else _NO


def _quantify(lowering: Lowering, expr: Quantify, elements: Values) -> ir.Value:
    """A loop. Most accounts have few of the lists: whether there is one is asked first, and none has no elements."""
    found = _among(lowering, expr, elements)
    likely = _without_loops(expr)
    if likely is not None:
        found = ibis.ifelse(_among(lowering, likely, elements), found, _NO)
    absent = lowering.said_by(expr.over, elements).isnull()
    return ibis.ifelse(absent, ibis.literal(expr.kind == "all"), found)


def _among(lowering: Lowering, expr: Quantify, elements: Values) -> ir.BooleanValue:
    """A loop over a list that is there."""
    over = lowering.value(expr.over, elements)

    def holds(element: ir.Value) -> ir.BooleanValue:
        return lowering.test(expr.body, {**elements, expr.element.key: element})

    if expr.kind == "exists":
        return mapped(over, expr.element, holds).contains(_YES)
    if expr.kind == "all":
        return ~mapped(over, expr.element, lambda element: ~holds(element)).contains(_YES)
    one: ir.BooleanValue = filtered(over, expr.element, holds).length() == 1
    return one


def _without_loops(loop: Quantify) -> Quantify | None:
    """What has to hold for a loop that has loops in it and is found sooner; None where there is nothing of the kind.

    Databases put every operand of `and` to every element, and give each its copy of the lists that loops in it are
    over. Few accounts have an element for which everything else holds, such as one who is the person of an order.
    """
    items = loop.body.items if isinstance(loop.body, And) else (loop.body,)
    others = tuple(item for item in items if not has_loop(item))
    is_split = loop.kind == "exists" and 0 < len(others) < len(items)
    return attrs.evolve(loop, body=conjunction(others)) if is_split else None


def _size(lowering: Lowering, expr: Size, elements: Values) -> ir.Value:
    size = lowering.size(expr.item, elements)
    return (lowering.value(expr.item, elements).length() if size is None else size.cast("int64")).fill_null(0)


def _text_test(lowering: Lowering, expr: TextTest, elements: Values) -> ir.Value:
    whole, part = lowering.value(expr.text, elements), lowering.value(expr.part, elements)
    found: ir.Value = getattr(whole, expr.operator.lower())(part)
    return found


def _arithmetic(lowering: Lowering, expr: Arithmetic, elements: Values) -> ir.Value:
    left, right = lowering.value(expr.left, elements), lowering.value(expr.right, elements)
    computed: ir.Value = (
        left + right if expr.operator == "+" else left - right if expr.operator == "-" else left * right
    )
    return computed


def _days(lowering: Lowering, expr: DaysBetween, elements: Values) -> ir.Value:
    return lowering.value(expr.end, elements).delta(lowering.value(expr.start, elements), unit="day")


def _count(lowering: Lowering, expr: Count, elements: Values) -> ir.Value:
    counted = ibis.literal(0, "int64")
    for item in expr.items:
        counted = counted + ibis.ifelse(lowering.test(item, elements), 1, 0)
    return counted


SUPPORTED: dict[type[Expr | Count], Callable[[Lowering, Any, Values], Any]] = {
    Literal: _literal,
    Named: lambda lowering, e, elements: lowering.value(e.item, elements),
    Root: lambda lowering, e, _: lowering.table[e.name],
    Element: lambda _, e, elements: elements[e.key],
    Read: lambda lowering, e, elements: lowering.fact(e, elements),
    Has: lambda lowering, e, elements: lowering.said(e.read, elements),
    Not: lambda lowering, e, elements: ~lowering.value(e.item, elements),
    And: lambda lowering, e, elements: ibis.and_(*(lowering.value(item, elements) for item in e.items)),
    Or: lambda lowering, e, elements: ibis.or_(*(lowering.value(item, elements) for item in e.items)),
    Compare: _compare,
    Member: _member,
    Within: _within,
    Choose: lambda lowering, e, elements: ibis.ifelse(
        lowering.test(e.condition, elements), lowering.value(e.then, elements), lowering.value(e.otherwise, elements)
    ),
    Quantify: _quantify,
    Size: _size,
    TextTest: _text_test,
    Arithmetic: _arithmetic,
    DaysBetween: _days,
    Count: _count,
}
"""How each operation is written."""
