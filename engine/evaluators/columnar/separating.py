"""Loops rid of what is not about the element, so that each asks one thing of a list.

`list.exists(e, a && b(e))` is `a && list.exists(e, b(e))`, and what stands deeper is split by cases (Shannon's
expansion): `list.exists(e, a || b(e))` is `a ? list.exists(e, true) : list.exists(e, b(e))`. What is left is one test
of an account (see `engine.evaluators.columnar.profile`). A loop that compares elements with facts of the account, or
counts them, stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.evaluators.columnar.folding import rewritten
from engine.evaluators.columnar.operands import Elements, operands
from engine.program.expressions import (
    FALSE,
    TRUE,
    And,
    Choose,
    Element,
    Expr,
    Literal,
    Named,
    Not,
    Or,
    Quantify,
    Root,
    conjunction,
    disjunction,
    named,
    negation,
)

ELEMENT = "element"
"""Key of what stands for each element in a loop that was separated: equal loops are equal expressions."""
_CASES = 3
"""By so many conditions on the account a loop is split, into up to eight."""
_CONNECTIVES = (And, Or, Not, Named, Choose)


def is_connective(expr: Expr) -> bool:
    """Whether the expression is true or false by its operands' being so."""
    return isinstance(expr, _CONNECTIVES) and expr.type.kind == "bool"


def is_separate(expr: Expr) -> bool:
    """Whether the expression is a loop that asks of elements alone whether there is one of a kind."""
    return isinstance(expr, Quantify) and expr.element.key == ELEMENT


class Separating:
    """Separates the loops of expressions."""

    def __init__(self) -> None:
        self._elements = Elements()
        self._done: dict[Expr, Expr] = {}

    def separated(self, expr: Expr) -> Expr:
        """The same condition."""
        return rewritten(expr, self._replace, self._done)

    def _replace(self, expr: Expr) -> Expr | None:
        # A loop inside a loop that depends on its element is asked of the element as it is.
        if not isinstance(expr, Quantify) or self._elements.of(expr) or expr.kind == "exists_one" or is_separate(expr):
            return None
        negated = expr.kind == "all"
        exists = self._exists(expr, negation(expr.body) if negated else expr.body, _CASES)
        if exists is None:
            return expr
        return negation(exists) if negated else exists

    def _exists(self, loop: Quantify, body: Expr, cases: int) -> Expr | None:
        """Whether there is an element of which the body holds; None when it cannot be said apart from the account."""
        parts = list(_conjuncts(body, self._elements))
        guard = conjunction(tuple(self.separated(part) for part in parts if not self._elements.of(part)))
        rest = conjunction(tuple(part for part in parts if self._elements.of(part)))
        case = next(self._conditions_on_account(rest), None)
        if case is None:
            if any(isinstance(part, Root) for part in _within(rest)):
                return None
            return FALSE if FALSE in (guard, rest) else conjunction((guard, _loop(loop, rest)))
        if cases == 0:
            return None
        holds, fails = (
            self._exists(loop, rewritten(rest, lambda part: value if part == case else None, {}), cases - 1)  # noqa: B023
            for value in (TRUE, FALSE)
        )
        if holds is None or fails is None:
            return None
        case = named("case", self.separated(case))
        return conjunction((guard, disjunction((conjunction((case, holds)), conjunction((negation(case), fails))))))

    def _conditions_on_account(self, expr: Expr) -> Iterator[Expr]:
        """The largest conditions of an expression that do not depend on the element, in loops inside it, too."""
        if isinstance(expr, Literal):
            return
        if not self._elements.of(expr):
            yield expr
        elif is_connective(expr):
            for operand in operands(expr):
                yield from self._conditions_on_account(operand)
        elif isinstance(expr, Quantify):
            yield from self._conditions_on_account(expr.body)


def _conjuncts(expr: Expr, elements: Elements) -> Iterator[Expr]:
    """The conditions that have to hold together, out of the names that some are under."""
    match expr:
        case And(items):
            for item in items:
                yield from _conjuncts(item, elements)
        case Named(_, And() as item) if elements.of(expr):
            yield from _conjuncts(item, elements)
        case _:
            yield expr


def _within(expr: Expr) -> Iterator[Expr]:
    yield expr
    for operand in operands(expr):
        yield from _within(operand)


def _loop(loop: Quantify, body: Expr) -> Quantify:
    """The loop under the key that all separate loops have."""
    element = Element(ELEMENT, loop.element.type)
    return Quantify(
        "exists", element, loop.over, rewritten(body, lambda part: element if part == loop.element else None, {})
    )
