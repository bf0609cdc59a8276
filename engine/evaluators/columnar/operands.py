"""Expressions taken apart: their operands, and the list elements they depend on."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from engine.program.expressions import Element, Expr, Quantify, all_within, children
from engine.vocabulary.model import INT, Type


@attrs.frozen(cache_hash=True)
class Count:
    """How many of the items hold: the size of a list whose elements are known beforehand. No program has it."""

    items: tuple[Expr, ...]
    type: Type = INT


def operands(expr: Expr | Count) -> Iterator[Expr]:
    """The operands of an operation, in evaluation order."""
    return iter(expr.items) if isinstance(expr, Count) else children(expr)


def has_loop(expr: Expr) -> bool:
    """Whether there is a loop in the expression."""
    return any(isinstance(part, Quantify) for part in all_within((expr,)))


class Elements:
    """The list elements that expressions depend on, by key; each expression is looked at once."""

    def __init__(self) -> None:
        self._known: dict[Expr, frozenset[str]] = {}

    def of(self, expr: Expr) -> frozenset[str]:
        """Keys of the elements that belong to loops around the expression."""
        if expr not in self._known:
            if isinstance(expr, Element):
                found = frozenset({expr.key})
            else:
                found = frozenset[str]().union(*map(self.of, operands(expr)))
                if isinstance(expr, Quantify):
                    found -= {expr.element.key}
            self._known[expr] = found
        return self._known[expr]
