"""Random facts that fit the vocabulary: complete requests with a few facts removed, altered or added.

Everything is drawn from a `random.Random`, which may be one that a property-testing library controls. The first choice
is the plainest, so that such a library can simplify what it finds.
"""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from engine.vocabulary import Field, Type, Vocabulary

MAX_EDITS = 6
KEEP_FIELD = 0.6
MANY = 101

# Values beside which something changes, and few enough that facts meet: an id names somebody, a day is the day in
# question.
EDGES: Mapping[str, Sequence[Any]] = {
    "bool": (False, True),
    "int": (1, 0, 2),
    "number": (0, 1, 1e26, 2.5),
    "pct": (100, 25, 24.999, 0, 25.0, 50, 50.5, 13, 33.4),
    "string": ("a", "customer", "c-101", "o-1", "o-2", "h-1", "Hynkel Hosting Group", "名 \N{ZERO WIDTH SPACE}x"),
    "date": ("2026-11-22", "2026-11-21", "2026-11-23", "2024-01-29", "0001-01-01", "9999-12-31"),
    "instant": ("2026-11-20T09:30:00+01:00", "2026-11-22T00:00:00Z"),
    "email": ("a@b.example",),
    "object": ({}, {"a": [1, None]}),
}
PLACES = ("US", "FR", "US-DE", "PR", "DE", "DE-BY", "UM-81", "GB", "X-FREEDONIA", "X-SYLVANIA", "X-KLOPSTOKIA")


class RandomCases:
    """Draws facts. `complete` are the facts to start from; `places` are the known codes."""

    def __init__(self, vocabulary: Vocabulary, places: Sequence[str], complete: Sequence[Mapping[str, Any]]) -> None:
        self._vocabulary = vocabulary
        self._places = places
        self._edges = [place for place in PLACES if place in set(places)]
        self._complete = complete
        self._weights = {
            field.type: math.sqrt(self._leaves(field.type))
            for fields in (vocabulary.facts, *(record.fields for record in vocabulary.records.values()))
            for field in fields.values()
        }

    def facts(self, draw: random.Random) -> dict[str, Any]:
        """Facts of one request."""
        facts = copy.deepcopy(dict(draw.choice(self._complete)))
        for _ in range(draw.randint(0, MAX_EDITS)):
            self._edit(facts, self._vocabulary.facts, draw)
        return facts

    def value(self, type_: Type, draw: random.Random) -> Any:
        """A value of the type."""
        if type_.element is not None:
            return [self.value(type_.element, draw) for _ in range(draw.choice((1, 0, 2, 3)))]
        if type_.kind == "enum":
            return draw.choice(self._vocabulary.enums[type_.name])
        if type_.kind == "record":
            fields = self._vocabulary.records[type_.name].fields.values()
            return {f.name: self._value_or_null(f.type, draw) for f in fields if draw.random() < KEEP_FIELD}
        if type_.kind == "place":
            return draw.choice(self._edges if draw.random() < 0.8 else self._places)
        return copy.copy(draw.choice(EDGES[type_.kind]))

    def _value_or_null(self, type_: Type, draw: random.Random) -> Any:
        return self.value(type_, draw) if draw.random() < 0.95 else None

    def _edit(self, record: dict[str, Any], fields: Mapping[str, Field], draw: random.Random) -> None:
        """Change one fact, here or further down."""
        present = [name for name in fields if record.get(name) not in (None, [], {})]
        names = present if present and draw.random() < 0.6 else list(fields)
        name = draw.choices(names, [self._weights[fields[name].type] for name in names])[0]
        type_, value = fields[name].type, record.get(name)
        if value and draw.random() < 0.8:
            if type_.kind == "record":
                self._edit(value, self._vocabulary.records[type_.name].fields, draw)
                return
            if type_.element is not None and draw.random() < 0.8:
                self._edit_list(value, type_.element, draw)
                return
        if draw.random() < 0.5:
            record.pop(name, None)
        else:
            record[name] = self._value_or_null(type_, draw)

    def _edit_list(self, elements: list[Any], type_: Type, draw: random.Random) -> None:
        how, index = draw.choice(("within", "add", "remove", "repeat")), draw.randrange(len(elements))
        if draw.random() < 0.01:
            elements.extend(copy.deepcopy(elements[index]) for _ in range(MANY))
        elif how == "remove":
            del elements[index]
        elif how == "repeat":
            elements.insert(index, copy.deepcopy(elements[index]))
        elif how == "within" and type_.kind == "record":
            self._edit(elements[index], self._vocabulary.records[type_.name].fields, draw)
        else:
            elements.append(self.value(type_, draw))

    def _leaves(self, type_: Type) -> int:
        """How much there is to say: a part of the facts is edited the more often, the more it holds."""
        if type_.element is not None:
            return self._leaves(type_.element)
        if type_.kind != "record":
            return 1
        return sum(self._leaves(field.type) for field in self._vocabulary.records[type_.name].fields.values())
