"""Which facts must be known to be present before an expression may be evaluated."""

from __future__ import annotations

import attrs

from engine.program.expressions import And, Choose, Expr, Has, Not, Or, Quantify, Read, children
from engine.vocabulary import read_vocabulary

Reads = frozenset[Expr]


@attrs.frozen
class Presence:
    """`wanted` are the facts an expression reads without having tested them itself; the other two are the facts known
    to be present when it is true and when it is false."""

    wanted: Reads = frozenset()
    when_true: Reads = frozenset()
    when_false: Reads = frozenset()


def is_total(expr: Expr, memo: dict[Expr, Presence]) -> bool:
    """Whether the expression can be evaluated on any facts, wherever it stands."""
    return not presence(expr, memo).wanted


def presence(expr: Expr, memo: dict[Expr, Presence]) -> Presence:
    """What the expression asks and tells about presence; `memo` remembers what has been worked out already."""
    if expr not in memo:
        memo[expr] = _presence(expr, memo)
    return memo[expr]


def _presence(expr: Expr, memo: dict[Expr, Presence]) -> Presence:
    match expr:
        case Has(read):
            return Presence(when_true=frozenset({read}))
        case Read():
            return Presence(frozenset({expr}) if _is_optional(expr) else frozenset())
        case Not(item):
            inner = presence(item, memo)
            return Presence(inner.wanted, inner.when_false, inner.when_true)
        case And(items):
            return _in_turn(items, memo)
        case Or(items):
            contrary = _in_turn(items, memo, negated=True)
            return Presence(contrary.wanted, contrary.when_false, contrary.when_true)
        case Choose(condition, then, otherwise):
            test = presence(condition, memo)
            yes, no = presence(then, memo), presence(otherwise, memo)
            return Presence(
                test.wanted | (yes.wanted - test.when_true) | (no.wanted - test.when_false),
                (yes.when_true | test.when_true) & (no.when_true | test.when_false),
                (yes.when_false | test.when_true) & (no.when_false | test.when_false),
            )
        case Quantify(_, _, over, body):
            return Presence(presence(over, memo).wanted | presence(body, memo).wanted)
    parts = [presence(child, memo) for child in children(expr)]
    if len(parts) == 1:
        return parts[0]
    return Presence(frozenset().union(*(part.wanted for part in parts)))


def _in_turn(items: tuple[Expr, ...], memo: dict[Expr, Presence], *, negated: bool = False) -> Presence:
    """Of a conjunction, left to right; of a disjunction, of the conjunction of the contraries."""
    wanted: Reads = frozenset()
    all_hold: Reads = frozenset()
    one_fails: Reads | None = None
    for item in items:
        inner = presence(item, memo)
        holds, fails = (inner.when_false, inner.when_true) if negated else (inner.when_true, inner.when_false)
        wanted |= inner.wanted - all_hold
        one_fails = (fails | all_hold) if one_fails is None else one_fails & (fails | all_hold)
        all_hold |= holds
    return Presence(wanted, all_hold, one_fails or frozenset())


def _is_optional(read: Read) -> bool:
    """Whether the fact may be absent: records read as empty ones."""
    return read.type.kind != "record" and not read_vocabulary().is_always_there(read.record.type.name, read.field)
