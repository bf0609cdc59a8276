"""Expressions of a program as plain CEL over maps, for implementations that know nothing of ours.

What our language takes for granted is written out: `has()` step by step, for a map without a key is an error where a
message without a field is not; days as ISO text; places as lists of codes; doubles where JSON may say a whole number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any, Final

from engine.program.cel_text import WRITTEN, CelText
from engine.program.expressions import (
    And,
    Arithmetic,
    Choose,
    DaysBetween,
    Element,
    Expr,
    Has,
    Literal,
    Member,
    Named,
    Parameter,
    Quantify,
    Read,
    Root,
    TextTest,
    Within,
    children,
)

_UNFIT: Final = re.compile(r"\W+")
_LONGEST: Final = 60
INDEX: Final = "index"
"""The name under which documents know the place of an element in its list."""
_ESCAPES: Final = {ord("\\"): "\\\\", ord("'"): "\\'", ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}


class PlainText(CelText):
    """Writes the expressions of one document.

    Named expressions become its `variables`, in an order in which each mentions only those before it, except where
    they are about the element of a list. `roots` are the inputs that are mentioned.
    """

    def __init__(self) -> None:
        super().__init__(SUPPORTED)
        self.variables: dict[str, str] = {}
        self.roots: set[str] = set()
        self._names: dict[Expr, str] = {}
        self._places: dict[frozenset[str], str] = {}
        self._elements: dict[str, str] = {}
        self._free: dict[Expr, frozenset[str]] = {}

    def condition(self, expr: Expr) -> str:
        """The expression where a truth value is asked for: what is read of a map is of no type that is known."""
        text = self.text(expr)
        if isinstance(expr, Choose):
            return f"({text}) == true"
        return f"{text} == true" if isinstance(expr, Read | Element | Root) else text

    def operand(self, outer: Expr, inner: Expr) -> str:
        """As elsewhere, but a number is made a double: JSON may have a whole one for it."""
        if isinstance(inner, Read | Element) and inner.type.kind in {"number", "pct"}:
            return f"double({self.text(inner)})"
        return super().operand(outer, inner)

    def written_as(self, expr: Expr) -> type[Expr]:
        """Here what is written is often another operation."""
        match expr:
            case Named(_, item) if self._elements_in(expr):
                return self.written_as(item)
            case Has(Read(Read())):
                return And
            case Within():
                return Member
            case DaysBetween():
                return Arithmetic
        return type(expr)

    def named(self, expr: Named) -> str:
        """A variable of the document, made when it is first mentioned."""
        if self._elements_in(expr):
            return self.text(expr.item)
        if expr not in self._names:
            text = self.condition(expr.item) if expr.type.kind == "bool" else self.text(expr.item)
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
        name = _free_name(element.key.partition("#")[0], {INDEX, *self._elements.values()})
        self._elements[element.key] = name
        return name

    def leave(self, element: Element) -> None:
        """The end of what is said of each element."""
        del self._elements[element.key]

    def element(self, element: Element) -> str:
        """The name of an element."""
        return self._elements[element.key]

    def _variable(self, label: str, text: str) -> str:
        name = _free_name(_UNFIT.sub("_", label).strip("_")[:_LONGEST].rstrip("_"), self.variables)
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


def _free_name(base: str, taken: Container[str]) -> str:
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def text_literal(text: str) -> str:
    """A text as CEL has it."""
    return f"'{text.translate(_ESCAPES)}'"


def presence(cel: PlainText, read: Read) -> list[str]:
    """The conditions under which a fact is there, from the outermost record inwards."""
    above = presence(cel, read.record) if isinstance(read.record, Read) else []
    return [*above, f"has({cel.text(read)})"]


def _literal(_: PlainText, expr: Literal) -> str:
    if isinstance(expr.value, bool):
        return str(expr.value).lower()
    return text_literal(expr.value) if isinstance(expr.value, str) else repr(expr.value)


def _root(cel: PlainText, expr: Root) -> str:
    cel.roots.add(expr.name)
    return expr.name


def _and(cel: PlainText, expr: And) -> str:
    return " && ".join(dict.fromkeys(_conjuncts(cel, expr)))


def _conjuncts(cel: PlainText, expr: And) -> Iterator[str]:
    for item in expr.items:
        if isinstance(item, Has):
            yield from presence(cel, item.read)
        else:
            yield cel.operand(expr, item)


def _quantify(cel: PlainText, expr: Quantify) -> str:
    over = cel.text(expr.over)
    name = cel.enter(expr.element)
    body = cel.condition(expr.body)
    cel.leave(expr.element)
    return f"{over}.{expr.kind}({name}, {body})"


def _days(cel: PlainText, expr: DaysBetween) -> str:
    # A difference of timestamps overflows after 292 years, whole seconds do not.
    start, end = (f"int(timestamp({cel.operand(expr, day)} + 'T00:00:00Z'))" for day in (expr.start, expr.end))
    return f"({end} - {start}) / 86400"


SUPPORTED: Final[Mapping[type[Expr], Callable[[Any, Any], str]]] = {
    **{kind: written for kind, written in WRITTEN.items() if kind is not Parameter},
    Literal: _literal,
    Named: PlainText.named,
    Root: _root,
    Element: PlainText.element,
    Has: lambda cel, e: " && ".join(presence(cel, e.read)),
    And: _and,
    Within: lambda cel, e: f"{cel.operand(e, e.place)} in {cel.places(e.region, e.places)}",
    Quantify: _quantify,
    TextTest: lambda cel, e: f"string({cel.text(e.text)}).{e.operator}(string({cel.text(e.part)}))",
    DaysBetween: _days,
}
"""How each operation is written."""
