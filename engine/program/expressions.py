"""The operations of a program: small, typed, immutable, compared by structure.

No operation can fail: reads of absent facts are ruled out before an expression is built (`lower`), and whatever could
raise at run time (division, indexing, conversions, integer overflow) is not among them. Every evaluator supports each
class listed in `OPERATIONS`, or says why not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, get_args

import attrs

from engine.vocabulary.model import BOOL, INT, NUMBER, Type

Value = bool | int | float | str


@attrs.frozen(cache_hash=True)
class Literal:
    """A constant. A date is its ISO text, which orders as the days do."""

    value: Value
    type: Type


@attrs.frozen(cache_hash=True)
class Root:
    """A part of the facts, a derived list, `as_of` or `action`."""

    name: str
    type: Type


@attrs.frozen(cache_hash=True)
class Element:
    """What stands for each element of a list in turn; `key` tells apart the loops it may belong to."""

    key: str
    type: Type


@attrs.frozen(cache_hash=True)
class Parameter:
    """A function's parameter. None is left once the function is inlined."""

    name: str
    type: Type


@attrs.frozen(cache_hash=True)
class Read:
    """The field of a record; absent when the record is."""

    record: Expr
    field: str
    type: Type


@attrs.frozen(cache_hash=True)
class Has:
    """Whether a fact is present. `null`, an empty list, and a record that says nothing are not."""

    read: Read
    type: Type = BOOL


@attrs.frozen(cache_hash=True)
class Not:
    """Negation."""

    item: Expr
    type: Type = BOOL


@attrs.frozen(cache_hash=True)
class And:
    """All of the items, left to right."""

    items: tuple[Expr, ...]
    type: Type = BOOL


@attrs.frozen(cache_hash=True)
class Or:
    """Any of the items, left to right."""

    items: tuple[Expr, ...]
    type: Type = BOOL


@attrs.frozen(cache_hash=True)
class Compare:
    """`operator` is one of == != < <= > >=, between two scalars of one type."""

    operator: str
    left: Expr
    right: Expr
    type: Type = BOOL


@attrs.frozen(cache_hash=True)
class Member:
    """Whether a scalar is among constants, or among the elements of a list of scalars."""

    item: Expr
    values: tuple[Literal, ...] | Read
    type: Type = BOOL


@attrs.frozen(cache_hash=True)
class Within:
    """Whether a place is one of `places`: those in `region`, or those with the recorded attribute that it names."""

    place: Expr
    region: str
    places: frozenset[str]
    type: Type = BOOL


@attrs.frozen(cache_hash=True)
class Choose:
    """`then` if the condition holds, else `otherwise`."""

    condition: Expr
    then: Expr
    otherwise: Expr
    type: Type


@attrs.frozen(cache_hash=True)
class Quantify:
    """`kind` is exists, all or exists_one: whether some, all, or exactly one element fulfil the body."""

    kind: str
    element: Element
    over: Expr
    body: Expr
    type: Type = BOOL


@attrs.frozen(cache_hash=True)
class Size:
    """Elements of a list, or characters of a text."""

    item: Expr
    type: Type = INT


@attrs.frozen(cache_hash=True)
class TextTest:
    """`operator` is startsWith, endsWith or contains."""

    operator: str
    text: Expr
    part: Expr
    type: Type = BOOL


@attrs.frozen(cache_hash=True)
class Arithmetic:
    """`operator` is + - or *, on doubles (IEEE 754: no overflow error, no exception)."""

    operator: str
    left: Expr
    right: Expr
    type: Type = NUMBER


@attrs.frozen(cache_hash=True)
class DaysBetween:
    """Whole days from one date to another, negative when the other is earlier."""

    start: Expr
    end: Expr
    type: Type = INT


@attrs.frozen(cache_hash=True)
class Named:
    """A variable, or a function applied: safe to evaluate on its own, so it is evaluated once wherever it is used.

    `label` is how it was written, for explanations.
    """

    label: str
    item: Expr
    type: Type


Expr = (
    Literal
    | Named
    | Root
    | Element
    | Parameter
    | Read
    | Has
    | Not
    | And
    | Or
    | Compare
    | Member
    | Within
    | Choose
    | Quantify
    | Size
    | TextTest
    | Arithmetic
    | DaysBetween
)
OPERATIONS: tuple[type[Expr], ...] = tuple(kind for kind in get_args(Expr) if kind is not Parameter)
"""Everything a built program can contain."""

TRUE = Literal(value=True, type=BOOL)
FALSE = Literal(value=False, type=BOOL)


def children(expr: Expr) -> Iterator[Expr]:
    """The operands of an operation, in evaluation order."""
    match expr:
        case And(items) | Or(items):
            yield from items
        case Member(item, values):
            yield item
            if isinstance(values, Read):
                yield values
        case Has(item) | Not(item) | Size(item) | Read(item) | Within(item) | Named(_, item):
            yield item
        case Compare(_, left, right) | Arithmetic(_, left, right) | TextTest(_, left, right):
            yield left
            yield right
        case DaysBetween(left, right):
            yield left
            yield right
        case Choose(condition, then, otherwise):
            yield condition
            yield then
            yield otherwise
        case Quantify(_, _, over, body):
            yield over
            yield body
        case _:
            return


def all_within(exprs: Iterable[Expr]) -> Iterator[Expr]:
    """The expressions with all their operands, and the operands of these; of equal ones one."""
    waiting, seen = list(exprs), set[Expr]()
    while waiting:
        expr = waiting.pop()
        if expr not in seen:
            seen.add(expr)
            yield expr
            waiting.extend(children(expr))


def substitute(expr: Expr, arguments: dict[str, Expr], done: dict[Expr, Expr]) -> Expr:
    """The expression with parameters replaced; `done` remembers what has been replaced already."""
    if isinstance(expr, Parameter):
        return arguments[expr.name]
    if isinstance(expr, Literal | Root | Element):
        return expr
    if expr not in done:
        done[expr] = rebuilt(expr, lambda child: substitute(child, arguments, done))
    return done[expr]


def rebuilt(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The operation on changed operands, which are given to `change` in the order of `children`.

    Where none of them changes it is the same object, so that what remembers expressions finds it without comparing.
    """
    new: dict[str, Any] = {}
    for field in attrs.fields(type(expr)):
        value = getattr(expr, field.name)
        if field.name == "element":
            continue  # what the body of a quantifier calls the element, no operand
        if isinstance(value, Expr):
            changed: Any = change(value)
            if changed is not value:
                new[field.name] = changed
        elif isinstance(value, tuple) and not isinstance(expr, Member):
            items = tuple(change(item) for item in value)
            if any(item is not before for item, before in zip(items, value, strict=True)):
                new[field.name] = items
    made: Expr = attrs.evolve(expr, **new) if new else expr
    return made


def named(label: str, item: Expr) -> Expr:
    """The expression under a name; what is a constant, a fact or named already needs none."""
    return item if isinstance(item, Literal | Read | Root | Named) else Named(label, item, item.type)


def conjunction(items: Iterator[Expr] | tuple[Expr, ...]) -> Expr:
    """All of the items: flattened, constants folded."""
    flat: list[Expr] = []
    for item in items:
        if item == FALSE:
            return FALSE
        flat.extend(item.items if isinstance(item, And) else () if item == TRUE else (item,))
    unique = tuple(dict.fromkeys(flat))
    return TRUE if not unique else unique[0] if len(unique) == 1 else And(unique)


def disjunction(items: Iterator[Expr] | tuple[Expr, ...]) -> Expr:
    """Any of the items: flattened, constants folded."""
    flat: list[Expr] = []
    for item in items:
        if item == TRUE:
            return TRUE
        flat.extend(item.items if isinstance(item, Or) else () if item == FALSE else (item,))
    unique = tuple(dict.fromkeys(flat))
    return FALSE if not unique else unique[0] if len(unique) == 1 else Or(unique)


def negation(item: Expr) -> Expr:
    """The contrary, constants folded."""
    if isinstance(item, Literal):
        return FALSE if item.value else TRUE
    return item.item if isinstance(item, Not) else Not(item)


def path(expr: Expr) -> tuple[str, ...] | None:
    """The names from a root (or element, or parameter) down to a field; None when the expression is no path."""
    match expr:
        case Root(name) | Parameter(name):
            return (name,)
        case Element(key):
            return (key,)
        case Read(record, field):
            above = path(record)
            return None if above is None else (*above, field)
        case _:
            return None
