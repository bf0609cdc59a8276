"""Random definitions files: functions over records and scalars, overloads, variables of every kind."""

from __future__ import annotations

from itertools import count
from random import Random
from typing import Any

from bench.agreement.conditions import Conditions, Function
from bench.agreement.reach import Focus, Known, Place
from bench.agreement.values import KINDS, Values
from bench.agreement.words import VOCABULARY, Words
from engine.vocabulary import Type

_RECORDS = ("person", "person", "customer", "beneficial_owner", "holder", "owner", "address", "payment", "identity")
_MORE_SPECIFIC = {"person": ("customer", "beneficial_owner", "owner", "holder"), "beneficial_owner": ("owner",)}
_SCALARS = ("string", "place", "date", "number", "pct", "bool", "customer_kind", "identity_status")
_STEMS = ("out", "items", "i", "E", "K0", "facts", "derived", "float", "len", "e_x", "RANK", "has_name", "v")
"""Names of variables, which the generated code of an evaluator might want for itself."""


class Definitions:
    """Draws definitions; each may use those before it. Names are unlike each other in the whole program."""

    def __init__(self, rng: Random, words: Words, focus: Focus) -> None:
        self._rng = rng
        self._words = words
        self._place = Place(focus)
        self._serial = count()
        self.functions: list[Function] = []

    def file(self, name: str, variables: list[tuple[str, str]]) -> dict[str, Any]:
        """A definitions file; its variables are added to those given."""
        functions = [made for _ in range(self._rng.randint(0, 3)) for made in self._function(name)]
        defined = self.variables(variables, frozenset(), self._rng.randint(0, 3))
        made = {"name": f"definitions.{name}", "functions": functions, "variables": defined}
        return {key: value for key, value in made.items() if value}

    def variables(self, names: list[tuple[str, str]], known: Known, number: int) -> list[dict[str, str]]:
        """Variables, added to the names in scope; those of a rule may lean on the guards around it."""
        made = []
        for _ in range(number):
            serial = next(self._serial)
            name = self._rng.choice(_STEMS) if serial == 0 else f"{self._rng.choice(_STEMS)}_{serial}"
            kind = self._rng.choice(("bool", "bool", "bool", *KINDS))
            made.append({"name": name, "expression": self._expression(kind, names, known, self._place)})
            names.append((name, kind))
        return made

    def _function(self, file: str) -> list[dict[str, Any]]:
        name, gives = f"f{next(self._serial)}", self._rng.choice(("bool", "bool", *KINDS))
        first = self._rng.choice((*_RECORDS, *_SCALARS))
        takes = [first, *self._rng.sample((*_SCALARS, "person"), self._rng.choice((0, 0, 1)))]
        forms = [takes]
        if first in _MORE_SPECIFIC and self._rng.random() < 0.4:
            forms.append([self._rng.choice(_MORE_SPECIFIC[first]), *takes[1:]])
        made = [self._form(name, gives, form) for form in forms]
        # The first form takes whatever the more specific one does.
        self.functions.append(Function(f"{file}.{name}", tuple(takes), gives))
        return made

    def _form(self, name: str, gives: str, takes: list[str]) -> dict[str, Any]:
        parameters = dict(zip(("p", "q"), takes, strict=False))
        place = self._place
        for parameter, word in parameters.items():
            place = place.within(parameter, _type(word))
        return {"name": name, "parameters": parameters, "expression": self._expression(gives, [], frozenset(), place)}

    def _expression(self, kind: str, names: list[tuple[str, str]], known: Known, place: Place) -> str:
        conditions = Conditions(self._rng, self._words, names, self.functions)
        if kind == "bool" and self._rng.random() < 0.3:
            return conditions.quantified(known, place)
        if kind == "bool":
            return conditions.condition(2, known, place)
        return Values(self._rng, self._words, conditions).value(kind, 2, known, place)


def _type(word: str) -> Type:
    if word in VOCABULARY.records:
        return Type("record", word)
    return Type("enum", word) if word in VOCABULARY.enums else Type(word)
