"""The vocabulary as types: fields, records and the closed sets of words they use."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

SCALARS = frozenset({"bool", "int", "number", "string", "date", "instant", "place", "pct", "email", "object"})
"""Kinds of value that are neither a record, an enum nor a list."""


@attrs.frozen
class Type:
    """The type of a field: a scalar kind, an enum, a record, or a list of one of these.

    `kind` is a member of `SCALARS`, or "enum", "record", "list"; `name` is the enum's or record's name;
    `element` is the type of a list's elements.
    """

    kind: str
    name: str = ""
    element: Type | None = None

    def __str__(self) -> str:
        if self.element is not None:
            return f"list of {self.element}"
        return self.name or self.kind


BOOL = Type("bool")
INT = Type("int")
NUMBER = Type("number")
STRING = Type("string")
DATE = Type("date")
INSTANT = Type("instant")


@attrs.frozen
class Field:
    """One fact: its name, its type, what it means, and the section that speaks of it (empty when none does).

    `always` marks a derived fact that is there in every case; any other may be absent.
    """

    name: str
    type: Type
    about: str
    section: str = ""
    always: bool = False


@attrs.frozen
class Record:
    """A named group of fields. `extends` names the record whose fields come first among them, or is empty."""

    name: str
    fields: Mapping[str, Field]
    extends: str = ""


@attrs.frozen(eq=False)
class Vocabulary:
    """All words: closed sets, records, the parts of a request's facts, and what the engine derives.

    `source` is the parsed content of the file, the part of a policy's identity that the vocabulary contributes.
    """

    enums: Mapping[str, tuple[str, ...]]
    records: Mapping[str, Record]
    facts: Mapping[str, Field]
    derived: Mapping[str, Field]
    source: Mapping[str, object]

    @property
    def roots(self) -> dict[str, Field]:
        """Every name an expression may begin with: the parts of the facts, then what is derived."""
        return {**self.facts, **self.derived}

    def extending(self, record: str) -> tuple[str, ...]:
        """Names of the record itself and of every record that includes its fields, directly or through another."""
        return tuple(name for name in self.records if record in self.lineage(name))

    def lineage(self, record: str) -> tuple[str, ...]:
        """Names of the record and of those whose fields it includes, the nearest first."""
        above = self.records[record].extends
        return (record, *(self.lineage(above) if above else ()))

    def distance(self, type_: Type, taken: Type) -> int:
        """How many records lie between a type and one that it may be given for."""
        return self.lineage(type_.name).index(taken.name) if type_.kind == "record" else 0

    def is_always_there(self, record: str, field: str) -> bool:
        """Whether a fact is there in every case: callers may leave any of theirs out."""
        return self.records[record].fields[field].always
