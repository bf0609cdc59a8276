"""Random expressions that are no conditions: numbers, texts and days, for both sides of a comparison."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from bench.agreement.reach import Known, Place
from bench.agreement.words import Words, literal
from engine.vocabulary import Type

if TYPE_CHECKING:
    from bench.agreement.conditions import Conditions

KINDS = ("number", "int", "string", "date")
# An address is no text here: two of them cannot be put in order.
_READ_AS = {"number": ("number", "pct"), "int": ("int",), "string": ("string",), "date": ("date",)}


class Values:
    """Draws values; what they depend on is drawn by the conditions they stand in."""

    def __init__(self, rng: Random, words: Words, conditions: Conditions) -> None:
        self._rng = rng
        self._words = words
        self._conditions = conditions

    def value(self, kind: str, depth: int, known: Known, place: Place) -> str:
        """A value of one of `KINDS` that is safe when the known facts are present."""
        pick = self._rng.randint(0 if depth > 0 else 3, 7)
        if pick == 0:
            test = self._conditions.condition(0, known, place)
            return f"({test} ? {self.value(kind, depth - 1, known, place)} : {self.value(kind, 0, known, place)})"
        if pick == 1:
            return self._guarded(kind, place)
        if pick == 2:
            return self._made(kind, depth - 1, known, place)
        if pick == 3 and (names := self._conditions.variables_of(kind)):
            return f"variables.{self._rng.choice(names)}"
        if pick == 4 and (called := self._conditions.call(kind, known, place)):
            return called
        if pick == 5:
            found = place.draw_of(self._rng, Type(self._rng.choice(_READ_AS[kind])), known)
            if found is not None:
                return found
        if kind == "date" and self._conditions.flip():
            return "as_of"
        return literal(kind, self._words.constant(kind))

    def _guarded(self, kind: str, place: Place) -> str:
        """A fact where it is there, a constant where it is not."""
        other = literal(kind, self._words.constant(kind))
        for _ in range(8):
            found = place.draw(self._rng)
            if found.type.kind in _READ_AS[kind]:
                return f"(has({found.path}) ? {found.path} : {other})" if "." in found.path else found.path
        return other

    def _made(self, kind: str, depth: int, known: Known, place: Place) -> str:
        """What only this kind can be made of."""
        if kind == "number":
            left, right = (self.value(kind, depth, known, place) for _ in range(2))
            return f"({left} {self._rng.choice('+-*')} {right})"
        if kind == "int":
            if self._conditions.flip():
                start, end = (self.value("date", depth, known, place) for _ in range(2))
                return f"calendar.days_between({start}, {end})"
            return f"size({self.value('string', 0, known, place)})"
        return self.value(kind, depth, known, place)
