"""Expressions to nodes of a net: connectives and definitions become rules, everything below them an atom."""

from __future__ import annotations

from engine.evaluators.rete.atoms import Case, Value, value_of
from engine.evaluators.rete.net import ALWAYS, NEVER, Net
from engine.program.expressions import (
    And,
    Choose,
    Compare,
    Element,
    Expr,
    Literal,
    Named,
    Not,
    Or,
    children,
)

_CONNECTIVES = (And, Or, Not, Choose)


class Lowering:
    """Fills a net. Equal expressions are one node, whichever rules they stand in.

    With an `element`, only what speaks of it is evaluated here, for each element anew; all else comes from `outer`,
    which settles it once for the case.
    """

    def __init__(self, element: Element | None = None, outer: Lowering | None = None) -> None:
        self.net = Net()
        self._element = element
        self._outer = outer
        self._nodes: dict[Expr, int] = {}
        self._speaks: dict[Expr, bool] = {}
        self._atoms: list[tuple[int, Value]] = []

    def node(self, expr: Expr) -> int:
        """The node that holds when the expression is true."""
        if expr not in self._nodes:
            if self._outer is not None and not self._speaks_of_element(expr):
                self._nodes[expr] = self.net.imported(self._outer.node(expr))
            else:
                self._nodes[expr] = self._lowered(expr)
        return self._nodes[expr]

    def conjuncts(self, expr: Expr) -> list[int]:
        """The nodes that hold, all of them, when the expression is true."""
        return [self.node(item) for item in (expr.items if isinstance(expr, And) else (expr,))]

    def asserted(self, case: Case) -> list[int]:
        """The atoms that are settled in a case, each as it is; those that rest on absent facts are left out."""
        answers = ((node, leaf(case)) for node, leaf in self._atoms)
        return [node if holds else -node for node, holds in answers if holds is not None]

    def _lowered(self, expr: Expr) -> int:
        net = self.net
        match expr:
            case Literal(value):
                return ALWAYS if value else NEVER
            case Named(_, item):
                return self.node(item)
            case Not(item):
                return -self.node(item)
            case And(items):
                return net.all_of(map(self.node, items))
            case Or(items):
                return net.any_of(map(self.node, items))
            case Choose(condition, then, otherwise):
                test = self.node(condition)
                parts = (net.all_of((test, self.node(then))), net.all_of((-test, self.node(otherwise))))
                return net.any_of(parts)
            case Compare("==" | "!=", left, right) if _is_condition(left) or _is_condition(right):
                one, other = self.node(left), self.node(right)
                same = net.any_of((net.all_of((one, other)), net.all_of((-one, -other))))
                return same if expr.operator == "==" else -same
        atom = net.new_atom()
        self._atoms.append((atom, value_of(expr)))
        return atom

    def _speaks_of_element(self, expr: Expr) -> bool:
        if expr not in self._speaks:
            is_it = expr == self._element
            self._speaks[expr] = is_it or any(self._speaks_of_element(child) for child in children(expr))
        return self._speaks[expr]


def _is_condition(expr: Expr) -> bool:
    """Whether a truth is made from others by connectives, so that rules should make it."""
    if isinstance(expr, Named):
        return _is_condition(expr.item)
    return expr.type.kind == "bool" and isinstance(expr, _CONNECTIVES)
