"""Random facts in the words of random programs, absent, null and empty ones among them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from random_words import BELOW, DAYS, NUMBERS, PATHS, PLACES, VOCABULARY, WHOLE, WORDS

from engine.vocabulary import Type

_POOLS: dict[str, Sequence[Any]] = {
    "bool": (True, False),
    "place": PLACES,
    "string": WORDS,
    "email": WORDS,
    "date": DAYS,
    "int": WHOLE,
    "number": NUMBERS,
    "pct": NUMBERS,
    "object": ({"a": [1]}, {"b": None}, {}),
}


def random_facts(rng: Random) -> dict[str, Any]:
    """The facts of a case."""
    presence = rng.choice((0.3, 0.7, 0.95))
    return {
        part: _record(rng, part, [path.partition(".")[2] for path in PATHS if path.startswith(f"{part}.")], presence)
        for part in ("customer", "account", "reseller", "training", "product")
        if rng.random() < 0.9
    }


def _record(rng: Random, record: str, paths: Sequence[str], presence: float) -> dict[str, Any] | None:
    if rng.random() < 0.03:
        return rng.choice((None, {}))
    made: dict[str, Any] = {}
    for name in dict.fromkeys(path.partition(".")[0] for path in paths):
        if rng.random() < presence:
            below = [path.partition(".")[2] for path in paths if path.startswith(f"{name}.")]
            made[name] = _value(rng, VOCABULARY.records[record].fields[name].type, below, presence)
        elif rng.random() < 0.3:
            made[name] = None
    return made


def _value(rng: Random, type_: Type, below: Sequence[str], presence: float) -> Any:
    if type_.element is not None:
        element = type_.element
        paths = BELOW.get(element.name, ())
        return [_value(rng, element, paths, presence) for _ in range(rng.randint(0, 3))]
    if type_.kind == "record":
        return _record(rng, type_.name, below, presence) or {}
    if type_.kind == "enum":
        return rng.choice(VOCABULARY.enums[type_.name])
    return rng.choice(_POOLS[type_.kind])
