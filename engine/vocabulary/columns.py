"""The vocabulary as columns: what a table of cases consists of.

A record has no column of its own, each of its fields has one, named by the path: `customer.identity.status`. A list of
records is one column, whose elements have fields named in the same way, from the element down: `identity.status`.
Absent is null, and so are the empty list, and whatever JSON says with `null`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from engine.vocabulary.model import Field, Type, Vocabulary
from engine.vocabulary.presence import is_present


@attrs.frozen
class Column:
    """A column, or a field of a list's elements: dotted path and type, which is no record."""

    path: str
    type: Type


def columns_of(vocabulary: Vocabulary, fields: Mapping[str, Field]) -> tuple[Column, ...]:
    """The columns of the parts of the facts, or of whatever has fields."""
    return tuple(_columns(vocabulary, fields, ""))


def element_columns(vocabulary: Vocabulary, record: str) -> tuple[Column, ...]:
    """The fields of the elements of a list of such records."""
    return columns_of(vocabulary, vocabulary.records[record].fields)


def _columns(vocabulary: Vocabulary, fields: Mapping[str, Field], above: str) -> Iterator[Column]:
    for name, field in fields.items():
        path = f"{above}{name}"
        if field.type.kind == "record":
            yield from _columns(vocabulary, vocabulary.records[field.type.name].fields, f"{path}.")
        else:
            yield Column(path, field.type)


def flattened(columns: tuple[Column, ...], record: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the columns, None where nothing is said. The elements of lists stay as they are."""
    values: dict[str, Any] = {}
    for column in columns:
        value: Any = record
        for name in column.path.split("."):
            value = value.get(name) if value else None
        values[column.path] = value if is_present(value) else None
    return values


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """The record that has these values; it says nothing of what is None."""
    record: dict[str, Any] = {}
    for path, value in values.items():
        if value is not None:
            *above, name = path.split(".")
            place = record
            for part in above:
                place = place.setdefault(part, {})
            place[name] = value
    return record
