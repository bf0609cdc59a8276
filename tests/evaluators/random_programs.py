"""Random rule sets that load: matches and aggregates in each other, loops, variables, functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count
from random import Random
from typing import Any

import attrs
from random_conditions import Conditions
from random_words import Known, Place

from engine.vocabulary import Type

_SHORTHAND = re.compile(r"variables\.(\w+)|d\.(\w+)\(([\w.]+)\)")
_CONSTANTS = {
    "interpretation.Q1": "'narrow'",
    "interpretation.Q2": "'late'",
    "program.unverified.pending": "'restrict'",
}

_LISTS = (("o", "beneficial_owner", "customer.beneficial_owners"), ("w", "owner", "owners"))


@attrs.frozen
class Program:
    """A rule set, a definitions file, and what each variable and function stands for."""

    rules: dict[str, Any]
    definitions: dict[str, Any]
    meanings: dict[str, str]

    def written_out(self, condition: str) -> str:
        """The condition without variables, functions, switches and the provider's program."""
        serial = count()
        while (match := _SHORTHAND.search(condition)) is not None:
            variable, function, argument = match.groups()
            meaning = self.meanings[variable or function]
            if function:
                # The function's own list elements must not take the name of one around the call.
                number = next(serial)
                meaning = re.sub(r"\be(\d)\b", lambda name, n=number: f"f{n}e{name[1]}", meaning)
                meaning = re.sub(r"\bp\b", argument, meaning)
            condition = f"{condition[: match.start()]}({meaning}){condition[match.end() :]}"
        for name, meaning in _CONSTANTS.items():
            condition = condition.replace(name, meaning)
        return condition


def random_program(rng: Random) -> Program:
    """A rule set named `random` with its definitions."""
    making = _Making(rng)
    block = making.block(frozenset(), 2, inside_aggregate=False)
    rules = {
        "name": "random",
        "source": "SRC",
        "section": "7.302",
        "effective": {"from": "2024-01-29"},
        "actions": ["account.open"],
        "uses": ["definitions.d"],
        "rule": block,
    }
    return Program(rules, making.definitions, making.meanings)


class _Making:
    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._serial = count()
        self.meanings: dict[str, str] = {}
        self._functions: list[tuple[str, str]] = []
        shared = {"functions": self._make_functions(), "variables": self._variables([], frozenset(), rng.randint(0, 3))}
        self._shared = [variable["name"] for variable in shared["variables"]]
        self.definitions = {"name": "definitions.d", **{key: made for key, made in shared.items() if made}}

    def _make_functions(self) -> list[dict[str, Any]]:
        made = []
        records = ["person", "beneficial_owner", "person"][: self._rng.randint(0, 3)]
        for takes in [*self._rng.sample(("string", "place", "date", "number"), self._rng.randint(0, 3)), *records]:
            name = f"f{next(self._serial)}"
            conditions = Conditions(self._rng, (), self._functions)
            if takes in records:
                parameter = Place((("p", Type("record", takes)),))
                meaning = conditions.condition(2, frozenset(), parameter)
            else:
                meaning = conditions.says("p", Type(takes), 0, frozenset(), Place())
            self.meanings[name] = meaning
            made.append({"name": name, "parameters": {"p": takes}, "expression": meaning})
            self._functions.append((f"d.{name}", takes))
        return made

    def _variables(self, names: list[str], known: Known, number: int) -> list[dict[str, str]]:
        """Variables, added to the names in scope; those of a rule may lean on the guards around it."""
        made = []
        for _ in range(number):
            name = f"v{next(self._serial)}"
            self.meanings[name] = Conditions(self._rng, names, self._functions).condition(2, known, Place())
            made.append({"name": name, "expression": self.meanings[name]})
            names.append(name)
        return made

    def block(
        self, known: Known, depth: int, *, inside_aggregate: bool, names: Sequence[str] | None = None
    ) -> dict[str, Any]:
        names = [*(self._shared if names is None else names)]
        is_match = inside_aggregate or self._rng.random() < 0.5
        variables = self._variables(names, known, self._rng.choice((0, 0, 1, 2)))
        items = [
            self._nested(names, known, depth - 1, is_match=is_match, inside_aggregate=inside_aggregate)
            if depth > 0 and self._rng.random() < 0.3
            else self._rule(names, known, is_match=is_match)
            for _ in range(self._rng.randint(2, 6))
        ]
        return {**({"variables": variables} if variables else {}), "match" if is_match else "aggregate": items}

    def _nested(
        self, names: list[str], known: Known, depth: int, *, is_match: bool, inside_aggregate: bool
    ) -> dict[str, Any]:
        if is_match and self._rng.random() < 0.3:
            # A match without a condition lets the rest of the one around it through.
            return {"rule": self.block(known, 0, inside_aggregate=True, names=names)}
        guard, facts = Conditions(self._rng, names, self._functions).guard(1, known, Place())
        inside = inside_aggregate or not is_match
        return {"condition": guard, "rule": self.block(known | facts, depth, inside_aggregate=inside, names=names)}

    def _rule(self, names: list[str], known: Known, *, is_match: bool) -> dict[str, Any]:
        id_ = f"r{next(self._serial)}"
        rule = {"id": id_, "effect": "deny", "message": f"No, says {id_}."}
        conditions = Conditions(self._rng, names, self._functions)
        if not is_match and self._rng.random() < 0.3:
            name, record, listed = self._rng.choice(_LISTS)
            condition = conditions.condition(2, known, Place(((name, Type("record", record)),)))
            return {**rule, "for": {name: listed}, "condition": condition}
        return {**rule, "at": "customer", "condition": conditions.condition(2, known, Place())}
