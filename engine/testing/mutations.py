"""The mistakes an author could have made in an expression, one small change at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from engine.program.cel_text import cel_text
from engine.program.expressions import (
    FALSE,
    TRUE,
    And,
    Arithmetic,
    Choose,
    Compare,
    Expr,
    Has,
    Literal,
    Member,
    Named,
    Not,
    Or,
    Quantify,
    children,
    negation,
)
from engine.program.presence import Presence, presence

Place = tuple[int, ...]
"""Where an operation stands in an expression: the numbers of the operands (of `children`) on the way down to it."""

ALWAYS, NEVER, ABSENCE = "always", "never", "absence"
_BOUNDARY = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_REVERSED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_QUANTIFIERS = {"exists": "all", "all": "exists", "exists_one": "exists"}
_ARITHMETIC = {"+": "-", "-": "+", "*": "+"}


@attrs.frozen(eq=False)
class Mutation:
    """One change to the operation at `place`; `apply` makes it there, or where the definition is inlined.

    `about` is the place of what an author would look at, `before` and `after` say in CEL or in words what becomes of
    it. `decides` is "true" or "false" when the change is that the condition at `about` no longer makes a difference by
    being so, which is how the coverage of conditions is told.
    """

    place: Place
    kind: str
    before: str
    after: str
    apply: Callable[[Any], Expr]
    about: Place
    decides: str = ""


def mutations(expr: Expr) -> list[Mutation]:
    """Every change to an expression. What stands under a name belongs to its definition and is changed there."""
    memo: dict[Expr, Presence] = {}
    found: list[Mutation] = []
    for place, node, is_condition in _own(expr, (), is_condition=True):
        if is_condition and _is_unit(node):
            found += _truth(node, place)
        if isinstance(node, And | Or):
            found += _groups(node, place)
            found += _absences(node, place, memo)
        found += _operators(node, place)
    return found


def is_atom(expr: Expr) -> bool:
    """Whether a condition is made of no others."""
    return not isinstance(expr, And | Or | Not | Choose | Quantify | Named | Literal)


def _is_unit(expr: Expr) -> bool:
    """Whether a condition is one thing to its author: an atom, a quantifier, a definition under its name."""
    return is_atom(expr) or isinstance(expr, Named | Quantify)


def _own(expr: Expr, place: Place, *, is_condition: bool) -> Iterator[tuple[Place, Expr, bool]]:
    """The operations that stand in the expression itself, each with whether it is a condition."""
    yield place, expr, is_condition
    if isinstance(expr, Has | Named):
        return
    for n, child in enumerate(children(expr)):
        is_logic = isinstance(expr, And | Or | Not) or (isinstance(expr, Choose) and n == 0)
        inside = isinstance(expr, Quantify) and n == 1
        branch = isinstance(expr, Choose) and is_condition
        yield from _own(child, (*place, n), is_condition=is_logic or inside or branch)


def _truth(node: Expr, place: Place) -> Iterator[Mutation]:
    """Always true, always false, the contrary."""
    before, decides = cel_text(node), is_atom(node)
    # The condition stays in front of the constant that settles it, so that what it tells about presence is not lost:
    # `false && x < 5` asks for no guard.
    yield Mutation(place, ALWAYS, before, "true", lambda e: Or((e, TRUE)), place, "false" if decides else "")
    yield Mutation(place, NEVER, before, "false", lambda e: And((e, FALSE)), place, "true" if decides else "")
    yield Mutation(place, "negated", before, cel_text(negation(node)), negation, place)


def _groups(node: And | Or, place: Place) -> Iterator[Mutation]:
    """`&&` for `||` and the other way round, and leaving out what is no unit: units are left out by `_truth`."""
    if isinstance(node, And):
        yield Mutation(place, "operator", "&&", "||", lambda e: Or(e.items), place)
    else:
        yield Mutation(place, "operator", "||", "&&", lambda e: And(e.items), place)
    for n, item in enumerate(node.items):
        inner = item.item if isinstance(item, Not) else item
        if _is_unit(inner):
            continue
        where = (*place, n)
        if isinstance(node, And):
            yield Mutation(where, "left out", cel_text(item), "true", lambda e: Or((e, TRUE)), where)
        else:
            yield Mutation(where, "left out", cel_text(item), "false", lambda e: And((e, FALSE)), where)


def _absences(node: And | Or, place: Place, memo: dict[Expr, Presence]) -> Iterator[Mutation]:
    """`has(x) && x > 1` for `!has(x) || x > 1`, and the other way round: what is not known, read as the contrary."""
    for n, item in enumerate(node.items):
        guard = item if isinstance(node, And) else item.item if isinstance(item, Not) else None
        if not isinstance(guard, Has):
            continue
        guarded = frozenset(
            m for m, other in enumerate(node.items) if m > n and guard.read in presence(other, memo).wanted
        )
        if not guarded:
            continue  # nothing depends on the guard, so it can be left out like any other condition
        about = (*place, n) if isinstance(node, And) else (*place, n, 0)
        after = "true when absent" if isinstance(node, And) else "false when absent"
        yield Mutation(place, ABSENCE, cel_text(item), after, _guards_moved(n, guarded), about, decides="false")


def _guards_moved(guard: int, guarded: frozenset[int]) -> Callable[[Any], Expr]:
    """The operation without its guard, which is turned round and put to each operand that depends on it."""

    def moved(expr: And | Or) -> Expr:
        contrary = negation(expr.items[guard])
        inner = Or if isinstance(expr, And) else And
        kept = [inner((contrary, item)) if n in guarded else item for n, item in enumerate(expr.items) if n != guard]
        return kept[0] if len(kept) == 1 else type(expr)(tuple(kept))

    return moved


def _operators(node: Expr, place: Place) -> Iterator[Mutation]:
    """Another operator, another quantifier, one constant fewer."""

    def change(kind: str, apply: Callable[[Any], Expr]) -> Mutation:
        return Mutation(place, kind, cel_text(node), cel_text(apply(node)), apply, place)

    match node:
        case Compare(operator) if operator in _BOUNDARY:
            yield change("boundary", lambda e: attrs.evolve(e, operator=_BOUNDARY[operator]))
            yield change("operator", lambda e: attrs.evolve(e, operator=_REVERSED[operator]))
        case Member(_, tuple() as values) if len(values) > 1:
            for value in values:
                yield Mutation(place, "constant", cel_text(node), f"without {cel_text(value)}", _without(value), place)
        case Quantify(kind):
            yield change("quantifier", lambda e: attrs.evolve(e, kind=_QUANTIFIERS[kind]))
        case Arithmetic(operator):
            yield change("operator", lambda e: attrs.evolve(e, operator=_ARITHMETIC[operator]))


def _without(value: Literal) -> Callable[[Any], Expr]:
    return lambda e: attrs.evolve(e, values=tuple(other for other in e.values if other != value))
