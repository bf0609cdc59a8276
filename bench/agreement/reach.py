"""What an expression can reach where it stands: facts of the request, derived lists, list elements and parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import attrs

from bench.agreement.words import VOCABULARY
from engine.vocabulary import Type

Known = frozenset[str]
"""Paths of facts known to be present."""


@attrs.frozen
class Reached:
    """A fact in reach: its path as written, its type, and whether it has to be tested before it is read."""

    path: str
    type: Type
    is_optional: bool


class Focus:
    """The fields that one program speaks of, of each record: few, so that its parts speak of the same facts."""

    def __init__(self, rng: Random) -> None:
        parts = [name for name in VOCABULARY.facts if name != "customer"]
        self.roots = ("customer", "customer", *rng.sample(parts, 2))
        chosen: dict[str, list[str]] = {}
        for record in VOCABULARY.records.values():
            above = chosen.get(record.extends, [])
            inherited = VOCABULARY.records[record.extends].fields if record.extends else {}
            own = [name for name in record.fields if name not in inherited]
            # What a customer's lists hold is spoken of in every program, or no loop would find elements.
            lists = [name for name in ("beneficial_owners", "holders") if name in own and rng.random() < 0.7]
            # Always-there fields of derived records: they are few, and all of them matter.
            always = [name for name in own if record.fields[name].always]
            chosen[record.name] = list(
                dict.fromkeys([*above, *lists, *always, *rng.sample(own, min(len(own), rng.randint(2, 5)))])
            )
        self.fields: Mapping[str, Sequence[str]] = chosen


@attrs.frozen
class Place:
    """Where an expression stands. `locals` are list elements and parameters in reach, each with its type."""

    focus: Focus
    locals: tuple[tuple[str, Type], ...] = ()
    knows_measures: bool = True

    def within(self, name: str, type_: Type) -> Place:
        """The place inside a loop."""
        return attrs.evolve(self, locals=(*self.locals, (name, type_)))

    def draw(self, rng: Random) -> Reached:
        """A fact in reach; what the place is about is spoken of more often."""
        if self.locals and rng.random() < 0.6:
            name, type_ = rng.choice(self.locals)
            if type_.kind != "record":
                return Reached(name, type_, is_optional=False)
            return self._below(rng, name, type_)
        if rng.random() < 0.12:
            derived = [name for name in VOCABULARY.derived if self.knows_measures or name != "measures"]
            name = rng.choice(derived)
            return Reached(name, VOCABULARY.derived[name].type, is_optional=False)
        root = rng.choice(self.focus.roots)
        return self._below(rng, root, VOCABULARY.facts[root].type)

    def _below(self, rng: Random, path: str, type_: Type) -> Reached:
        fields = VOCABULARY.records[type_.name].fields
        names = self.focus.fields[type_.name] if rng.random() < 0.95 else list(fields)
        field = fields[rng.choice(names)]
        here = f"{path}.{field.name}"
        if field.type.kind == "record" and rng.random() < 0.85:
            return self._below(rng, here, field.type)
        return Reached(here, field.type, is_optional=not field.always)

    def draw_of(self, rng: Random, wanted: Type, known: Known) -> str | None:
        """The path of a fact of a type that may be read here, when a few draws come upon one."""
        for _ in range(6):
            found = self.draw(rng)
            if found.type == wanted and (not found.is_optional or found.path in known):
                return found.path
        return None

    def records(self, taken: str) -> list[str]:
        """The paths of records that a function of that record takes."""
        accepted = VOCABULARY.extending(taken)
        found = [name for name, type_ in self.locals if type_.name in accepted]
        found += [name for name in dict.fromkeys(self.focus.roots) if VOCABULARY.facts[name].type.name in accepted]
        for name, type_ in (*self.locals, ("customer", VOCABULARY.facts["customer"].type)):
            fields = VOCABULARY.records[type_.name].fields if type_.kind == "record" else {}
            found += [f"{name}.{field.name}" for field in fields.values() if field.type.name in accepted]
        return found
