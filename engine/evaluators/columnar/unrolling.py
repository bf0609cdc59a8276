"""Conditions rid of what is known beforehand: first of the orders, then of the day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from engine.evaluators.columnar.folding import rewritten
from engine.evaluators.columnar.operands import Count, Elements, operands
from engine.evaluators.columnar.touches import Touch
from engine.program.expressions import (
    TRUE,
    Element,
    Expr,
    Has,
    Quantify,
    Read,
    Root,
    Size,
    conjunction,
    disjunction,
    negation,
)
from engine.vocabulary.model import DATE

MEASURES = "measures"
AS_OF = Root("as_of", DATE)


class Unrolling:
    """Writes what is said of `measures` in as many words, an order and a ground after another.

    How many there are is left to `OnDay`. Without touches `measures` is a list of the case like any other.
    """

    def __init__(self, touches: Sequence[Touch] | None) -> None:
        self._touches = touches
        self._elements = Elements()
        self._done: dict[Expr, Expr] = {}
        self._asking: dict[Expr, bool] = {}

    def unrolled(self, expr: Expr) -> Expr:
        """The same condition."""
        return rewritten(expr, self._replace, self._done)

    @property
    def presences(self) -> list[Expr]:
        """When each of the orders touches a case, on each of its grounds."""
        return [self.unrolled(touch.present) for touch in self._touches or ()]

    def asks_for_day(self, expr: Expr) -> bool:
        """Whether it turns on the day what an unrolled condition comes to."""
        if expr not in self._asking:
            is_day = expr == AS_OF or (self._touches is not None and isinstance(expr, Size) and _is_measures(expr.item))
            self._asking[expr] = is_day or any(map(self.asks_for_day, operands(expr)))
        return self._asking[expr]

    def bound(self, expr: Expr, element: Element, touch: Touch) -> Expr:
        """The expression of the element that the order is, on its ground."""

        def replace(part: Expr) -> Expr | None:
            if element.key not in self._elements.of(part):
                return part
            match part:
                case Has(Read(record, _)) if record == element:
                    return TRUE
                case Read(record, field) if record == element:
                    return self.unrolled(touch.fields[field])
                case _:
                    return None

        return rewritten(expr, replace, {})

    def _replace(self, expr: Expr) -> Expr | None:
        match expr:
            case Quantify(kind, element, over, body) if self._touches is not None and _is_measures(over):
                return self._quantified(kind, element, self.unrolled(body), self._touches)
            case _:
                return None

    def _quantified(self, kind: str, element: Element, body: Expr, touches: Sequence[Touch]) -> Expr:
        bodies = [(self.unrolled(touch.present), self.bound(body, element, touch)) for touch in touches]
        if kind == "all":
            return conjunction(tuple(disjunction((negation(present), holds)) for present, holds in bodies))
        each = tuple(conjunction(pair) for pair in bodies)
        if kind == "exists":
            return disjunction(each)
        return disjunction(
            tuple(
                conjunction((one, *(negation(other) for m, other in enumerate(each) if m != n)))
                for n, one in enumerate(each)
            )
        )


class OnDay:
    """Writes unrolled conditions as they stand on a day: a literal, or `AS_OF` for that of each case."""

    def __init__(self, day: Expr, unrolling: Unrolling) -> None:
        self._day = day
        self._unrolling = unrolling
        self._done: dict[Expr, Expr] = {}

    def known(self, expr: Expr) -> Expr:
        """The same condition; the same object where it asks for no day."""
        return rewritten(expr, self._replace, self._done)

    def _replace(self, expr: Expr) -> Expr | None:
        if not self._unrolling.asks_for_day(expr):
            return expr
        match expr:
            case Root("as_of"):
                return self._day
            case Size(over) if _is_measures(over):
                # No operation of a program, and read only where programs are lowered to columns.
                return cast(Expr, Count(tuple(map(self.known, self._unrolling.presences))))
            case _:
                return None


def _is_measures(expr: Expr) -> bool:
    return isinstance(expr, Root) and expr.name == MEASURES
