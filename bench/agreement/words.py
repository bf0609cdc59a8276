"""The constants that random programs mention, and the values beside them at which something changes."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from engine.vocabulary import Type, read_vocabulary

VOCABULARY = read_vocabulary()
CONSTANTS: Mapping[str, Sequence[Any]] = {
    "string": (
        *("Ada", "ada", "Ada Byron", "x", "a\u0301da", "ß", "İ", "Ä\U0001f600 \"quoted\" 'text' \\"),
        *("\U0010fffd", "\uffe6", "two\nlines", " x ", "\u200bx", "{facts}", "%s", "None", "0", "25"),
    ),
    "email": ("ada@example.org", "Ada@example.org", "a@b.example", "ada+x@b.example"),
    "place": (
        "US",
        "US-CA",
        "DE",
        "DE-BY",
        "FR",
        "FR-971",
        "GP",
        "PR",
        "US-PR",
        "VI",
        "GB",
        "HK",
        "CN-HK",
        "BQ",
        "NL-BQ1",
    ),
    "date": (
        *("2024-01-29", "2026-05-26", "2026-11-22", "2024-02-29", "2023-02-28", "2100-02-28", "2000-02-29"),
        *("1999-12-31", "0001-01-01", "9999-12-31", "1970-01-01"),
    ),
    "int": (0, 1, 2, 3, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63)),
    "number": (0.0, 1.0, 25.0, 24.999999999999996, 0.1, 100.0, 1e26, 2.0**53, 2.0**53, 5e-324, 1.7976931348623157e308),
    "instant": ("2026-11-20T09:30:00+01:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    "object": ({"a": [1]}, {"b": None}, {}, {"c": {"d": []}}),
}
"""What is drawn from, by kind. A fact takes them too, and the values beside them."""
ODD_NUMBERS = (
    -0.0,
    0,
    10**26,
    9007199254740993,
    9007199254740992,
    5e-324,
    1.7976931348623157e308,
    2**63,
    0.30000000000000004,
)
_ELEMENTS = ("e", "e", "owner", "out", "items", "i", "K0", "float", "element")
"""Names for list elements, some of which the generated code of an evaluator might want for itself."""
IDS = ("customer", "h-1", "h-2", "o-1", "Ada")
"""Who holds what in an ownership graph."""


def kind_of(type_: Type) -> str:
    """The kind under which a type's constants are kept."""
    return {"pct": "number"}.get(type_.kind, type_.kind)


def cel_text(text: str) -> str:
    """A text as a CEL literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def literal(kind: str, value: Any) -> str:
    """A constant as CEL has it."""
    if kind == "date":
        return f"date('{value}')"
    return cel_text(value) if isinstance(value, str) else repr(value)


def beside(kind: str, value: Any) -> list[Any]:
    """The value itself and those next to it, as a fact of that kind may have them."""
    match kind:
        case "number":
            near = [value, value, math.nextafter(value, math.inf), math.nextafter(value, 0.0), value + 1.0]
            near += [int(value), int(value) + 1] if value < 1e300 else []
            return [number for number in near if number >= 0 and math.isfinite(number)]
        case "int":
            return [number for number in (value, value - 1, value + 1) if -(2**63) <= number < 2**63]
        case "date":
            return [_days_after(value, days) for days in (0, 0, -1, 1, 366)]
        case "string":
            near = [value, value, value + "x", "x" + value, value[:-1], value[1:], value.swapcase(), value[::-1]]
            return [text for text in near if text.strip()]
        case _:
            return [value]


def _days_after(day: str, days: int) -> str:
    ordinal = datetime.date.fromisoformat(day).toordinal() + days
    return datetime.date.fromordinal(min(max(ordinal, 1), datetime.date.max.toordinal())).isoformat()


class Words:
    """The few constants of one program: so few that a fact often is at the boundary of some condition."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self.element = rng.choice(_ELEMENTS)
        self._said: list[str] = []
        self._chosen = {kind: rng.sample(constants, min(3, len(constants))) for kind, constants in CONSTANTS.items()}

    def remember(self, condition: str) -> None:
        """A condition that means the same anywhere in the program."""
        self._said.append(condition)

    def said_before(self, rng: Random, *, measures: bool) -> str | None:
        """One of those, without special measures where there are none to speak of; None when there is none."""
        fitting = [said for said in self._said if measures or "measures" not in said]
        return rng.choice(fitting) if fitting else None

    def constant(self, kind: str) -> Any:
        """A constant for a condition."""
        return self._rng.choice(self._chosen[kind])

    def some(self, kind: str, number: int) -> list[Any]:
        """Several constants for a list."""
        return self._rng.sample(self._chosen[kind], min(number, len(self._chosen[kind])))

    def fact(self, rng: Random, type_: Type) -> Any:
        """A value of a fact: one that is mentioned, one beside it, or an odd one."""
        if type_.kind == "bool":
            return rng.random() < 0.5
        if type_.kind == "enum":
            return rng.choice(VOCABULARY.enums[type_.name])
        kind = kind_of(type_)
        if kind == "number" and rng.random() < 0.2:
            value: Any = rng.choice(ODD_NUMBERS)
        elif rng.random() < 0.1:
            value = rng.choice(CONSTANTS[kind])
        else:
            value = rng.choice(beside(kind, rng.choice(self._chosen[kind])))
        return min(value, 100) if type_.kind == "pct" else value
