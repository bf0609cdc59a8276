"""Expressions of a program as plain CEL over maps, for implementations that know nothing of ours.

What our language takes for granted is written out: `has()` step by step, for a map without a key is an error where a
message without a field is not; days as ISO text; places as lists of codes; doubles where JSON may say a whole number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs

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

_UNFIT: Final = re.compile(r"\W+")
_LONGEST: Final = 60
_CHOOSE, _OR, _AND, _RELATION, _SUM, _NOT, _WHOLE = range(7)
_RANK: Final[Mapping[type[Expr], int]] = {
    Choose: _CHOOSE,
    Or: _OR,
    And: _AND,
    Compare: _RELATION,
    Member: _RELATION,
    Within: _RELATION,
    Arithmetic: _SUM,
    DaysBetween: _SUM,
    Not: _NOT,
}
"""How tightly an operation binds; what is not listed cannot be torn apart."""
INDEX: Final = "index"
"""The name under which documents know the place of an element in its list."""
_ESCAPES: Final = {ord("\\"): "\\\\", ord("'"): "\\'", ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}


@attrs.define(eq=False)
class PlainText:
    """Writes the expressions of one document.

    Named expressions become its `variables`, in an order in which each mentions only those before it, except where
    they are about the element of a list. `roots` are the inputs that are mentioned.
    """

    variables: dict[str, str] = attrs.field(factory=dict)
    roots: set[str] = attrs.field(factory=set)
    _names: dict[Expr, str] = attrs.field(factory=dict)
    _places: dict[frozenset[str], str] = attrs.field(factory=dict)
    _elements: dict[str, str] = attrs.field(factory=dict)
    _free: dict[Expr, frozenset[str]] = attrs.field(factory=dict)

    def value(self, expr: Expr) -> str:
        """The expression."""
        return WRITTEN[type(expr)](self, expr)

    def condition(self, expr: Expr) -> str:
        """The expression where a truth value is asked for: what is read of a map is of no type that is known."""
        text = self.value(expr)
        if isinstance(expr, Choose):
            return f"({text}) == true"
        return f"{text} == true" if isinstance(expr, Read | Element | Root) else text

    def operand(self, expr: Expr, rank: int) -> str:
        """The expression as an operand of an operation of this rank, in parentheses where it binds no tighter."""
        text = self.value(expr)
        return f"({text})" if self._rank(expr) <= rank else text

    def number(self, expr: Expr, rank: int) -> str:
        """The same for an operand of a comparison or a computation: JSON may have a whole number for a double."""
        if isinstance(expr, Read | Element) and expr.type.kind in {"number", "pct"}:
            return f"double({self.value(expr)})"
        return self.operand(expr, rank)

    def named(self, expr: Named) -> str:
        """A variable of the document, made when it is first mentioned."""
        if self._elements_in(expr):
            return self.value(expr.item)
        if expr not in self._names:
            text = self.condition(expr.item) if expr.type.kind == "bool" else self.value(expr.item)
            self._names[expr] = self._variable(expr.label.removeprefix("variables."), text)
        return f"variables.{self._names[expr]}"

    def places(self, label: str, codes: frozenset[str]) -> str:
        """A variable that lists places."""
        if codes not in self._places:
            listed = ", ".join(text_literal(code) for code in sorted(codes))
            self._places[codes] = self._variable(f"places_{label.lower()}", f"[{listed}]")
        return f"variables.{self._places[codes]}"

    def enter(self, element: Element) -> str:
        """The name under which the elements of a list go from here on."""
        base = element.key.partition("#")[0]
        name, number = base, 1
        taken = {INDEX, *self._elements.values()}
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        self._elements[element.key] = name
        return name

    def leave(self, element: Element) -> None:
        """The end of what is said of each element."""
        del self._elements[element.key]

    def element(self, element: Element) -> str:
        """The name of an element."""
        return self._elements[element.key]

    def _rank(self, expr: Expr) -> int:
        if isinstance(expr, Named):
            return self._rank(expr.item) if self._elements_in(expr) else _WHOLE
        if isinstance(expr, Has):
            return _AND if isinstance(expr.read.record, Read) else _WHOLE
        return _RANK.get(type(expr), _WHOLE)

    def _variable(self, label: str, text: str) -> str:
        base = _UNFIT.sub("_", label).strip("_")[:_LONGEST].rstrip("_")
        name, number = base, 1
        while name in self.variables:
            number += 1
            name = f"{base}_{number}"
        self.variables[name] = text
        return name

    def _elements_in(self, expr: Expr) -> frozenset[str]:
        """The elements an expression is about that are not its own."""
        if expr not in self._free:
            if isinstance(expr, Element):
                free = frozenset({expr.key})
            else:
                free = frozenset().union(*(self._elements_in(child) for child in children(expr)))
                free -= {expr.element.key} if isinstance(expr, Quantify) else frozenset()
            self._free[expr] = free
        return self._free[expr]


def text_literal(text: str) -> str:
    """A text as CEL has it."""
    return f"'{text.translate(_ESCAPES)}'"


def presence(text: PlainText, read: Read) -> list[str]:
    """The conditions under which a fact is there, from the outermost record inwards."""
    above = presence(text, read.record) if isinstance(read.record, Read) else []
    return [*above, f"has({text.value(read)})"]


def _literal(_: PlainText, expr: Literal) -> str:
    if isinstance(expr.value, bool):
        return str(expr.value).lower()
    return text_literal(expr.value) if isinstance(expr.value, str) else repr(expr.value)


def _root(text: PlainText, expr: Root) -> str:
    text.roots.add(expr.name)
    return expr.name


def _and(text: PlainText, expr: And) -> str:
    return " && ".join(dict.fromkeys(_conjuncts(text, expr)))


def _conjuncts(text: PlainText, expr: And) -> Iterator[str]:
    for item in expr.items:
        if isinstance(item, Has):
            yield from presence(text, item.read)
        else:
            yield text.operand(item, _AND)


def _member(text: PlainText, expr: Member) -> str:
    item = text.number(expr.item, _RELATION)
    if isinstance(expr.values, Read):
        return f"{item} in {text.value(expr.values)}"
    return f"{item} in [{', '.join(text.value(value) for value in expr.values)}]"


def _quantify(text: PlainText, expr: Quantify) -> str:
    over = text.value(expr.over)
    name = text.enter(expr.element)
    body = text.condition(expr.body)
    text.leave(expr.element)
    return f"{over}.{expr.kind}({name}, {body})"


def _binary(text: PlainText, expr: Compare | Arithmetic) -> str:
    rank = _RANK[type(expr)]
    return f"{text.number(expr.left, rank)} {expr.operator} {text.number(expr.right, rank)}"


def _choose(text: PlainText, expr: Choose) -> str:
    then, otherwise = (text.number(branch, _CHOOSE) for branch in (expr.then, expr.otherwise))
    return f"{text.operand(expr.condition, _CHOOSE)} ? {then} : {otherwise}"


def _days(text: PlainText, expr: DaysBetween) -> str:
    # A difference of timestamps overflows after 292 years, whole seconds do not.
    start, end = (f"int(timestamp({text.operand(day, _SUM)} + 'T00:00:00Z'))" for day in (expr.start, expr.end))
    return f"({end} - {start}) / 86400"


WRITTEN: Final[Mapping[type[Expr], Callable[[PlainText, Any], str]]] = {
    Literal: _literal,
    Named: PlainText.named,
    Root: _root,
    Element: PlainText.element,
    Read: lambda text, e: f"{text.value(e.record)}.{e.field}",
    Has: lambda text, e: " && ".join(presence(text, e.read)),
    Not: lambda text, e: f"!{text.operand(e.item, _NOT)}",
    And: _and,
    Or: lambda text, e: " || ".join(text.operand(item, _OR) for item in e.items),
    Compare: _binary,
    Member: _member,
    Within: lambda text, e: f"{text.value(e.place)} in {text.places(e.region, e.places)}",
    Choose: _choose,
    Quantify: _quantify,
    Size: lambda text, e: f"size({text.value(e.item)})",
    TextTest: lambda text, e: f"string({text.value(e.text)}).{e.operator}(string({text.value(e.part)}))",
    Arithmetic: _binary,
    DaysBetween: _days,
}
"""How each operation is written."""
