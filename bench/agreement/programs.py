"""Random programs that load: several rule sets, matches and aggregates in each other, loops, definitions, orders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from random import Random
from typing import Any

import attrs

from bench.agreement.base import LISTS_OF_TERMS, base_files
from bench.agreement.conditions import Conditions
from bench.agreement.definitions import Definitions
from bench.agreement.reach import Focus, Known, Place
from bench.agreement.words import CONSTANTS, IDS, VOCABULARY, Words
from engine.vocabulary import Type

_EFFECTS = ("deny", "deny", "review", "hold", "restrict", "allow")
_DERIVED = {"owners": "beneficial_owner", "ownership_problems": "holder"}
"""What a caller says of the elements of a derived list; nothing of a measure."""
_NAMES = ("o", "w", "out", "i", "items", "x")
_DAYS = ("2024-01-29", "2026-05-26", "2026-11-22", "2024-02-29", "0001-01-01", "0001-01-01", "2024-01-28")

Names = list[tuple[str, str]]


@attrs.frozen
class Program:
    """A program as it was drawn: `files` by path, each as plain data; `focus` and `words` are what it speaks of."""

    files: dict[str, Any]
    focus: Focus
    words: Words
    actions: tuple[str, ...]
    days: tuple[str, ...]


def random_program(rng: Random) -> Program:
    """A program with its switches, definitions and orders."""
    return _Making(rng).program()


class _Making:
    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._words = Words(rng)
        self._focus = Focus(rng)
        self._place = Place(self._focus)
        self._definitions = Definitions(rng, self._words, self._focus)
        self._serial = count()
        self._days: list[str] = ["2026-11-22"]

    def program(self) -> Program:
        rng = self._rng
        files = base_files(rng)
        shared: Names = []
        names = ["d", "second"][: rng.choice((0, 1, 1, 2))]
        for n, name in enumerate(names):
            uses = {"uses": [f"definitions.{other}" for other in names[:n]]} if n else {}
            content = self._definitions.file(name, shared)
            if len(content) == 1:
                content["variables"] = self._definitions.variables(shared, frozenset(), 1)
            files[f"rules/definitions/{name}.yaml"] = {**content, **uses}
        actions = tuple(rng.sample(VOCABULARY.enums["action"], rng.randint(1, 2)))
        for n in range(rng.choice((1, 1, 2, 3))):
            files[f"rules/set_{n}.yaml"] = self._rule_set(f"set.n{n}", names, shared, actions)
        for n in range(rng.choice((0, 0, 1, 2))):
            files[f"jurisdictions/measures/m{n}.yaml"] = self._order(f"m{n}")
        return Program(files, self._focus, self._words, actions, tuple(self._days))

    def _rule_set(self, name: str, uses: Sequence[str], shared: Names, actions: Sequence[str]) -> dict[str, Any]:
        rng = self._rng
        effective = {"from": rng.choice(_DAYS)}
        if rng.random() < 0.2:
            later = [day for day in (*_DAYS, "9999-12-31") if day >= effective["from"]]
            effective["until"] = rng.choice(later)
        self._days += effective.values()
        return {
            "name": name,
            "source": rng.choice(("SRC", "OLD")),
            "section": "7.302",
            "effective": effective,
            "actions": list(actions if rng.random() < 0.8 else actions[:1]),
            **({"uses": [f"definitions.{one}" for one in uses]} if uses else {}),
            "rule": self._block(frozenset(), 2, [*shared], inside_aggregate=False),
        }

    def _conditions(self, names: Names) -> Conditions:
        return Conditions(self._rng, self._words, names, self._definitions.functions)

    def _block(self, known: Known, depth: int, names: Names, *, inside_aggregate: bool) -> dict[str, Any]:
        names = [*names]
        is_match = inside_aggregate or self._rng.random() < 0.5
        variables = self._definitions.variables(names, known, self._rng.choice((0, 0, 1, 2)))
        items = [
            self._nested(known, depth - 1, names, is_match=is_match, inside_aggregate=inside_aggregate)
            if depth > 0 and self._rng.random() < 0.3
            else self._rule(known, names, is_match=is_match)
            for _ in range(self._rng.randint(2, 4))
        ]
        return {**({"variables": variables} if variables else {}), "match" if is_match else "aggregate": items}

    def _nested(
        self, known: Known, depth: int, names: Names, *, is_match: bool, inside_aggregate: bool
    ) -> dict[str, Any]:
        if is_match and self._rng.random() < 0.3:
            # A match without a condition lets the rest of the one around it through.
            return {"rule": self._block(known, 0, names, inside_aggregate=True)}
        inside = inside_aggregate or not is_match
        if self._rng.random() < 0.15:
            # Nothing in it can hold under the switches as they are set, and yet it may be the choice that is taken.
            switched = {**self._rule(known, names, is_match=True), "condition": "interpretation.Q1 == 'wide'"}
            guard = self._conditions(names).condition(1, known, self._place)
            return {"condition": guard, "rule": {"match": [switched]}}
        if self._rng.random() < 0.3:
            guard, facts = self._conditions(names).condition(1, known, self._place), frozenset[str]()
        else:
            guard, facts = self._conditions(names).guard(1, known, self._place)
        return {"condition": guard, "rule": self._block(known | facts, depth, names, inside_aggregate=inside)}

    def _rule(self, known: Known, names: Names, *, is_match: bool) -> dict[str, Any]:
        rng, id_ = self._rng, f"r{next(self._serial)}"
        effect = rng.choice(_EFFECTS)
        rule: dict[str, Any] = {"id": id_, "effect": effect, "message": f"This is {id_}."}
        if rng.random() < 0.3:
            rule["section"] = rng.choice(("(D)", "(d)(1)", "7.304(d)"))
        if effect == "restrict" and rng.random() < 0.5:
            rule["terms"] = rng.choice(LISTS_OF_TERMS)
        place = self._place
        told: tuple[str, Type] | None = None
        if not is_match and rng.random() < 0.35:
            listed, element, said = self._list()
            name = rng.choice(_NAMES)
            place = place.within(name, element)
            rule["for"] = {name: listed}
            told = None if said is None else (name, said)
        rule["condition"] = self._conditions(names).condition(2, known, place)
        if effect not in {"allow", "restrict"} and (effect == "hold" or rng.random() < 0.3):
            rule["needs"] = list(dict.fromkeys(self._fact(told) for _ in range(rng.choice((1, 1, 2)))))
        if rng.random() < 0.3:
            rule["at"] = self._fact(told)
        return rule

    def _list(self) -> tuple[str, Type, Type | None]:
        """A list of records: its path, the type of its elements, and what a caller says of one."""
        found: list[tuple[str, Type, Type | None]] = []
        for name, field in VOCABULARY.derived.items():
            assert field.type.element is not None
            said = Type("record", _DERIVED[name]) if name in _DERIVED else None
            found.append((name, field.type.element, said))
        for root in dict.fromkeys(self._focus.roots):
            record = VOCABULARY.records[VOCABULARY.facts[root].type.name]
            for name, field in record.fields.items():
                element = field.type.element
                if element is not None and element.kind == "record":
                    found += [(f"{root}.{name}", element, element)] * (2 if name in self._focus.fields[root] else 1)
        return self._rng.choice(found)

    def _fact(self, told: tuple[str, Type] | None) -> str:
        """The path of a fact that a caller can supply."""
        if told is not None and self._rng.random() < 0.6:
            name, type_ = told
            return f"{name}.{self._rng.choice(list(VOCABULARY.records[type_.name].fields))}"
        root = self._rng.choice(self._focus.roots)
        path, record = root, VOCABULARY.records[VOCABULARY.facts[root].type.name]
        field = record.fields[self._rng.choice(self._focus.fields[record.name])]
        if field.type.kind == "record" and self._rng.random() < 0.7:
            path = f"{path}.{field.name}"
            field = self._rng.choice(list(VOCABULARY.records[field.type.name].fields.values()))
        return f"{path}.{field.name}"

    def _order(self, id_: str) -> dict[str, Any]:
        rng = self._rng
        foreign = [place for place in CONSTANTS["place"] if place not in {"US", "US-CA", "PR", "US-PR", "VI"}]
        places = [place for place in self._words.some("place", 3) if place in foreign] or foreign
        persons = (*IDS, *self._words.some("string", 2))
        issued = rng.choice(("2026-01-10", "2026-05-26", "2025-05-16", "2024-08-31", "2026-11-22"))
        self._days += [issued, "2026-11-21", "2027-05-10"]
        kind = rng.choice(("prohibition", "conditions", "conditions"))
        place = attrs.evolve(self._place, knows_measures=False)
        conditions = [
            {
                "id": f"c{n}",
                "condition": Conditions(rng, self._words).condition(1, frozenset(), place),
                "message": f"C{n}.",
            }
            for n in range(rng.randint(1, 2))
        ]
        return {
            "id": id_,
            "kind": kind,
            "target": {"jurisdiction": rng.choice(places)} if rng.random() < 0.6 else {"person": rng.choice(persons)},
            "issued_on": issued,
            "finding": "A finding.",
            **({"conditions": conditions} if kind == "conditions" else {}),
        }
