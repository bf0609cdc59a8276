"""The columns of a population as Arrow has them, and cases as rows of it.

Beside the facts and what is worked out of them (see `engine.vocabulary.columns`) an account has:

    row        int64, from 0: the place in the population
    action     what is asked of it
    as_of      the day for which it was asked, where the source says so, else null
    malicious  whether it is known to be used for malicious activity, null where nothing is known
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa

from engine.vocabulary.columns import Column, columns_of, element_columns, flattened, nested
from engine.vocabulary.derived import Derived, DerivedLists
from engine.vocabulary.model import Type, Vocabulary

AT = "at"
"""Field of the elements of a derived list: the JSON Pointer of the facts that the element stands for."""
DERIVED = ("owners", "ownership_problems")
"""The derived lists that are kept beside the facts. Which orders touch an account is asked of each program anew."""
_SCALARS: Mapping[str, pa.DataType] = {
    "bool": pa.bool_(),
    "int": pa.int64(),
    "number": pa.float64(),
    "pct": pa.float64(),
    "date": pa.date32(),
}
"""Whatever is not named here is text; an `object` is its JSON."""


class Layout:
    """How cases of a vocabulary become rows, and rows cases again. `derived` names the derived lists that rows have."""

    def __init__(self, vocabulary: Vocabulary, derived: Sequence[str] = DERIVED) -> None:
        self._vocabulary = vocabulary
        self.facts = columns_of(vocabulary, vocabulary.facts)
        self.derived = {name: _element_type(vocabulary.derived[name].type) for name in derived}
        self._elements: dict[str, tuple[Column, ...]] = {}
        self.schema = pa.schema(
            [
                pa.field("row", pa.int64(), nullable=False),
                pa.field("action", pa.string(), nullable=False),
                ("as_of", pa.date32()),
                ("malicious", pa.bool_()),
                *((column.path, self.arrow(column.type)) for column in self.facts),
                *((name, pa.list_(self._struct(record, with_at=True))) for name, record in self.derived.items()),
            ]
        )

    def row(
        self,
        number: int,
        action: str,
        facts: Mapping[str, Any],
        derived: DerivedLists,
        *,
        as_of: str | None = None,
        malicious: bool | None = None,
    ) -> dict[str, Any]:
        """The row of a case that fits the vocabulary; `derived` holds its derived lists."""
        row: dict[str, Any] = {
            "row": number,
            "action": action,
            "as_of": None if as_of is None else datetime.date.fromisoformat(as_of),
            "malicious": malicious,
        }
        values = flattened(self.facts, facts)
        for column in self.facts:
            row[column.path] = self.stored(values[column.path], column.type)
        for name, record in self.derived.items():
            elements = derived[name]
            row[name] = [self._element(element, record) | {AT: element.at} for element in elements] or None
        return row

    def case_facts(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The facts of a row: what it was made of, without what said nothing."""
        return nested({column.path: self._said(row[column.path], column.type) for column in self.facts})

    def case_derived(self, row: Mapping[str, Any]) -> dict[str, Sequence[Derived]]:
        """The derived lists of a row."""
        found: dict[str, Sequence[Derived]] = {}
        for name, record in self.derived.items():
            elements = []
            for stored in row[name] or ():
                element = Derived(self._said_element(stored, record))
                element.at = stored[AT]
                elements.append(element)
            found[name] = elements
        return found

    def element(self, record: str) -> tuple[Column, ...]:
        """The fields of the elements of a list of such records."""
        if record not in self._elements:
            self._elements[record] = element_columns(self._vocabulary, record)
        return self._elements[record]

    def arrow(self, type_: Type) -> pa.DataType:
        """How values of a type are kept."""
        if type_.kind == "record":
            return self._struct(type_.name)
        if type_.element is not None:
            element = type_.element
            return pa.list_(self._struct(element.name) if element.kind == "record" else self.arrow(element))
        return _SCALARS.get(type_.kind, pa.string())

    def _struct(self, record: str, *, with_at: bool = False) -> pa.DataType:
        fields = [(column.path, self.arrow(column.type)) for column in self.element(record)]
        return pa.struct([*fields, *([(AT, pa.string())] if with_at else [])])

    def stored(self, value: Any, type_: Type) -> Any:  # noqa: ANN401 - a JSON value
        """A JSON value as it is kept."""
        if value is None:
            return None
        if type_.kind == "record":
            return self._element(value, type_.name)
        if type_.element is not None:
            element = type_.element
            if element.kind == "record":
                return [self._element(item, element.name) for item in value]
            return [self.stored(item, element) for item in value]
        if type_.kind == "date":
            return datetime.date.fromisoformat(value)
        if type_.kind == "object":
            return orjson.dumps(value).decode()
        return float(value) if type_.kind in {"number", "pct"} else value

    def _element(self, record: Mapping[str, Any], name: str) -> dict[str, Any]:
        columns = self.element(name)
        values = flattened(columns, record)
        return {column.path: self.stored(values[column.path], column.type) for column in columns}

    def _said(self, value: Any, type_: Type) -> Any:  # noqa: ANN401 - a JSON value
        if value is None:
            return None
        if type_.element is not None:
            element = type_.element
            if element.kind == "record":
                return [self._said_element(item, element.name) for item in value]
            return [self._said(item, element) for item in value]
        if type_.kind == "date":
            return value.isoformat()
        return orjson.loads(value) if type_.kind == "object" else value

    def _said_element(self, stored: Mapping[str, Any], name: str) -> dict[str, Any]:
        return nested({column.path: self._said(stored[column.path], column.type) for column in self.element(name)})


def _element_type(type_: Type) -> str:
    assert type_.element is not None
    return type_.element.name
