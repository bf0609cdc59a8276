"""Expressions to CEL in full: definitions are written out, and nothing but standard CEL and `within` is left."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from engine.program.cel_text import WRITTEN, CelText
from engine.program.expressions import (
    Choose,
    DaysBetween,
    Element,
    Expr,
    Literal,
    Member,
    Named,
    Parameter,
    Quantify,
    Root,
    Within,
    children,
)

_LONGEST = 90_000
"""Characters of a text; the library takes 100,000."""
_DEEPEST = 28
"""Levels of a text; the library takes 31."""
_LEVELS: dict[type[Expr], int] = {Named: 0, Choose: 2, Member: 2, DaysBetween: 4}
"""What an operation adds to the levels of the deepest operand, as the library counts; any other adds one."""
_PLAIN = re.compile(r"[ !#-&(-\[\]-~]")


class WholeText(CelText):
    """Writes expressions. `regions` are the sets of places that `within` knows by their numbers; more come to them."""

    def __init__(self) -> None:
        super().__init__(SUPPORTED)
        self.regions: list[frozenset[str]] = []
        self._numbers: dict[frozenset[str], int] = {}
        self._levels: dict[Expr, int] = {}

    def whole(self, expr: Expr) -> str | None:
        """The text of an expression; None when it is longer or deeper than the library takes."""
        if self._levels_of(expr) > _DEEPEST:
            return None
        text = self.text(expr)
        return text if len(text) <= _LONGEST else None

    def region(self, places: frozenset[str]) -> int:
        """The number of a set of places."""
        if places not in self._numbers:
            self._numbers[places] = len(self.regions)
            self.regions.append(places)
        return self._numbers[places]

    def _levels_of(self, expr: Expr) -> int:
        if expr not in self._levels:
            below = max(map(self._levels_of, children(expr)), default=0)
            self._levels[expr] = below + _LEVELS.get(type(expr), 1)
        return self._levels[expr]

    def written_as(self, expr: Expr) -> type[Expr]:
        """For a name, what stands behind it."""
        return self.written_as(expr.item) if isinstance(expr, Named) else type(expr)


def element_name(element: Element) -> str:
    """The variable that is the element: the keys that tell loops apart, in letters CEL takes."""
    return "e_" + re.sub(r"\W", "_", element.key)


def outer_names(expr: Expr) -> dict[str, Root | Element]:
    """What the expression mentions that is neither a fact, nor derived, nor bound by a quantifier in it, by the name
    it is written under: elements of lists around it, and constants that were left open."""
    return dict(_outer_names(expr, frozenset(), set()))


def _outer_names(
    expr: Expr, bound: frozenset[Element], seen: set[tuple[Expr, frozenset[Element]]]
) -> Iterator[tuple[str, Root | Element]]:
    if (expr, bound) in seen:
        return
    seen.add((expr, bound))
    match expr:
        case Element() if expr not in bound:
            yield element_name(expr), expr
        case Root(name, type_) if type_.kind not in {"record", "list"} and name not in {"as_of", "action"}:
            yield name, expr
        case Quantify(_, element, over, body):
            yield from _outer_names(over, bound, seen)
            yield from _outer_names(body, bound | {element}, seen)
        case _:
            for child in children(expr):
                yield from _outer_names(child, bound, seen)


def _literal(_: CelText, expr: Literal) -> str:
    match expr.type.kind:
        case "bool":
            return "true" if expr.value else "false"
        case "date":
            return f"timestamp('{expr.value}T00:00:00Z')"
        case "int":
            return repr(expr.value)
        case "number" | "pct":
            return repr(float(expr.value))
    # Escaped as far as may be: the text is then one line of ASCII whatever stands in it.
    return "'" + "".join(char if _PLAIN.fullmatch(char) else f"\\U{ord(char):08x}" for char in str(expr.value)) + "'"


def _within(cel: WholeText, expr: Within) -> str:
    return f"{cel.operand(expr, expr.place)}.within({cel.region(expr.places)})"


SUPPORTED: dict[type[Expr], Callable[[Any, Any], str]] = {
    **{kind: written for kind, written in WRITTEN.items() if kind is not Parameter},
    Literal: _literal,
    Named: lambda cel, e: cel.text(e.item),
    Element: lambda _, e: element_name(e),
    Within: _within,
    # A difference of timestamps overflows after 292 years, whole seconds do not.
    DaysBetween: lambda cel, e: f"(int({cel.text(e.end)}) - int({cel.text(e.start)})) / 86400",
}
"""How each operation is written."""
