"""Expressions to Python text, by one table of operations.

Absent facts are `None`; a missing record reads as the empty `E`, so a path needs no checks on its way down.
"""

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
    Quantify,
    Read,
    Root,
    Size,
    TextTest,
    Within,
    children,
)


class PythonText:
    """Writes expressions. `names` are the variables that hold shared values; constants go by name into
    `constants`: `K0`, `K1` and so on."""

    def __init__(self, names: Mapping[Expr, str], constants: dict[str, object]) -> None:
        self.names = names
        self._constants = constants
        self._known: dict[tuple[type, object], str] = {}

    def test(self, expr: Expr) -> str:
        """Text whose truth is the value: for conditions. A list may stand for whether it has elements."""
        if expr in self.names:
            return self.names[expr]
        match expr:
            case Has(read) if read.type.kind == "list":
                return self.value(read)
            case Not(item):
                return f"not {self.operand(item)}"
            case And(items):
                return " and ".join(self.operand(item) for item in _without_implied_presence(items))
            case Or(items):
                return " or ".join(self.operand(item) for item in items)
            case Named(_, item):
                return self.test(item)
        return self.value(expr)

    def value(self, expr: Expr) -> str:
        """Text that gives exactly the value."""
        if expr in self.names:
            name = self.names[expr]
            return f"bool({name})" if isinstance(expr, Named) and expr.type.kind == "bool" else name
        return SUPPORTED[type(expr)](self, expr)

    def scalar(self, expr: Expr) -> str:
        """Text that gives the value as an operand: a JSON number without a fraction is a double all the same."""
        return f"float({self.value(expr)})" if _is_double(expr) else self.value(expr)

    def operand(self, expr: Expr) -> str:
        """The text of `test`, in parentheses where precedence asks for them."""
        text = self.test(expr)
        return text if expr in self.names or not isinstance(_bare(expr), And | Or | Not | Choose) else f"({text})"

    def constant(self, value: object) -> str:
        """The name under which the generated function finds an object."""
        key = (type(value), value)
        if key not in self._known:
            self._known[key] = f"K{len(self._known)}"
            self._constants[self._known[key]] = value
        return self._known[key]


def _read(text: PythonText, expr: Read) -> str:
    value = f"{text.value(expr.record)}.get({expr.field!r})"
    return f"({value} or E)" if expr.type.kind == "record" else value


def _has(text: PythonText, expr: Has) -> str:
    read = text.value(expr.read)
    kind = expr.read.type.kind
    if kind == "list":
        return f"bool({read})"
    return f"is_present({read})" if kind in {"record", "object"} else f"({read} is not None)"


def _compare(text: PythonText, expr: Compare) -> str:
    return f"({text.scalar(expr.left)} {expr.operator} {text.scalar(expr.right)})"


def _member(text: PythonText, expr: Member) -> str:
    if isinstance(expr.values, Read):
        return f"({text.scalar(expr.item)} in {text.value(expr.values)})"
    values = frozenset(literal.value for literal in expr.values)
    if len(values) == 1:
        return f"({text.scalar(expr.item)} == {next(iter(values))!r})"
    return f"({text.scalar(expr.item)} in {text.constant(values)})"


def _quantify(text: PythonText, expr: Quantify) -> str:
    name = _element_name(expr.element)
    body, over = text.test(expr.body), text.value(expr.over)
    if expr.kind == "exists_one":
        return f"(sum(1 for {name} in {over} if {body}) == 1)"
    function = "any" if expr.kind == "exists" else "all"
    return f"{function}({body} for {name} in {over})"


def _text_test(text: PythonText, expr: TextTest) -> str:
    whole, part = text.value(expr.text), text.value(expr.part)
    if expr.operator == "contains":
        return f"({part} in {whole})"
    return f"{whole}.{expr.operator.lower()}({part})"


def _root(_: PythonText, expr: Root) -> str:
    if expr.name in {"as_of", "action"}:
        return expr.name
    if expr.type.kind == "list":
        return f"derived[{expr.name!r}]"
    if expr.type.kind != "record":
        return f"facts[{expr.name!r}]"  # a constant that was left open: whoever decides says what it is
    return f"(facts.get({expr.name!r}) or E)"


SUPPORTED: dict[type[Expr], Callable[[PythonText, Any], str]] = {
    Literal: lambda _, e: repr(e.value),
    Named: lambda text, e: text.value(e.item),
    Root: _root,
    Element: lambda _, e: _element_name(e),
    Read: _read,
    Has: _has,
    Not: lambda text, e: f"(not {text.operand(e.item)})",
    And: lambda text, e: f"bool({text.test(e)})",
    Or: lambda text, e: f"bool({text.test(e)})",
    Compare: _compare,
    Member: _member,
    Within: lambda text, e: f"({text.value(e.place)} in {text.constant(e.places)})",
    Choose: lambda text, e: f"({text.scalar(e.then)} if {text.test(e.condition)} else {text.scalar(e.otherwise)})",
    Quantify: _quantify,
    Size: lambda text, e: f"len({text.value(e.item)})",
    TextTest: _text_test,
    Arithmetic: lambda text, e: f"({text.scalar(e.left)} {e.operator} {text.scalar(e.right)})",
    DaysBetween: lambda text, e: f"days_between({text.value(e.start)}, {text.value(e.end)})",
}
"""How each operation is written."""


def _element_name(element: Element) -> str:
    return "e_" + "".join(char if char.isalnum() else "_" for char in element.key)


def _bare(expr: Expr) -> Expr:
    return _bare(expr.item) if isinstance(expr, Named) else expr


def _without_implied_presence(items: tuple[Expr, ...]) -> list[Expr]:
    """The conjuncts less each `has(x)` that a later one implies: `x == 'a'` is false of an absent x in Python, too.

    What stands between the two must not mention x, since nothing else would keep it from an absent one.
    """
    implied: set[Expr] = set()
    kept: list[Expr] = []
    for item in reversed(items):
        match item:
            case Has(read):
                if read in implied:
                    continue
            case Compare("==", Read() as read, Literal()) if not _is_double(read):
                implied.add(read)
            case Member(Read() as read, tuple()) | Within(Read() as read) if not _is_double(read):
                implied.add(read)
            case Read() if item.type.kind == "bool":
                implied.add(item)
            case _:
                implied -= _mentioned(item, set())
        kept.append(item)
    return kept[::-1]


def _mentioned(expr: Expr, seen: set[Expr]) -> set[Expr]:
    """The expression and all it is made of."""
    if expr not in seen:
        seen.add(expr)
        for child in children(expr):
            _mentioned(child, seen)
    return seen


def _is_double(expr: Expr) -> bool:
    return isinstance(expr, Read | Element) and expr.type.kind in {"number", "pct"}
