"""Random facts in the words of a random program, absent, null and empty ones among them."""

from __future__ import annotations

from random import Random
from typing import Any

from bench.agreement.programs import Program
from bench.agreement.words import IDS, VOCABULARY, beside
from engine.vocabulary import Field, Type

_ELSEWHERE = 0.02
"""How often a fact is said that the program does not speak of."""
_DEEPEST = 3
_SHARES = (25, 25.0, 24.999999999999996, 50, 50.000001, 12.5, 100, 0, -0.0, 33.333333333333336, 75)
_GRAPH = {"owner_of", "related_to", "id"}


class Facts:
    """Draws requests for a program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        # The days on which the law changes and those beside them; half of the requests are of one day.
        turns = [near for day in program.days for near in beside("date", day)]
        self._days = (*turns, *[program.days[0]] * len(turns), *program.words.some("date", 3))
        self._actions = (*program.actions * 20, *VOCABULARY.enums["action"])

    def request(self, rng: Random) -> dict[str, Any]:
        """A request that fits the vocabulary."""
        presence = rng.choice((0.3, 0.7, 0.95))
        roots = dict.fromkeys(self._program.focus.roots)
        facts = {
            name: self._record(rng, field.type.name, presence, 0)
            for name, field in VOCABULARY.facts.items()
            if rng.random() < (0.93 if name in roots else 0.05)
        }
        return {"action": rng.choice(self._actions), "as_of": rng.choice(self._days), "facts": facts}

    def _record(self, rng: Random, record: str, presence: float, depth: int) -> dict[str, Any] | None:
        if rng.random() < 0.04:
            return rng.choice((None, {}))
        made: dict[str, Any] = {}
        focus = self._program.focus.fields[record]
        for name, field in VOCABULARY.records[record].fields.items():
            chance = presence if name in focus else 0.5 if name in _GRAPH or name == "pct" else _ELSEWHERE
            if rng.random() < chance:
                made[name] = self._field(rng, field, presence, depth)
            elif name in focus and rng.random() < 0.2:
                made[name] = None
        return made

    def _field(self, rng: Random, field: Field, presence: float, depth: int) -> Any:
        if field.name in _GRAPH:
            return rng.choice(IDS) if field.type.element is None else rng.sample(IDS, rng.randint(0, 2))
        if field.type.kind == "pct" and rng.random() < 0.5:
            return rng.choice(_SHARES)
        return self._value(rng, field.type, presence, depth)

    def _value(self, rng: Random, type_: Type, presence: float, depth: int) -> Any:
        if type_.element is not None:
            number = 0 if depth >= _DEEPEST else rng.choice((0, 1, 1, 2, 2, 3))
            # An element is not null.
            return [self._value(rng, type_.element, presence, depth + 1) or {} for _ in range(number)]
        if type_.kind == "record":
            return self._record(rng, type_.name, presence, depth + 1)
        return self._program.words.fact(rng, type_)
