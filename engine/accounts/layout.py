"""The columns of a population as Arrow has them, and cases as rows of it.

Beside the facts and what is worked out of them (see `engine.vocabulary.columns`) an account has:

    row        int64, from 0: the place in the population
    action     what is asked of it
    as_of      the day for which it was asked, where the source says so, else null
    malicious  whether it is known to be used for malicious activity, null where nothing is known
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import orjson
import pyarrow as pa

from engine.vocabulary.columns import Column, columns_of, element_columns, nested
from engine.vocabulary.derived import Derived, DerivedLists
from engine.vocabulary.model import Field, Type, Vocabulary
from engine.vocabulary.presence import is_present

ROW, MALICIOUS = "row", "malicious"
"""Columns that others name: see above."""
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


def size_of(column: str) -> str:
    """The column of a population that says how many elements a list of records has, null where it is not there."""
    return f"{column}#"


class NotKeptError(ValueError):
    """A value that fits the vocabulary and no column: `path` is that of the column, the message says why."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(why)
        self.path = path


_Stored: TypeAlias = Callable[[Any], Any]
_Types: TypeAlias = dict[str, Type]
_Plan: TypeAlias = "dict[str, _Plan | tuple[str, _Stored | None]]"
"""What becomes of each field of a record: those of a record in it, or a column and how a value is stored there, None
for as it is."""


class Layout:
    """How cases of a vocabulary become rows, and rows cases again.

    `schema` is that of rows, `kept` that of populations on disk, where the sizes of lists of records stand beside them;
    `lists` has the columns with such lists, and the records' name.

    Rows of a layout that is not `exact` are asked and nothing more: every case has one. Numbers are rounded to what
    programs read, and an object says no more than that it is there.
    """

    def __init__(self, vocabulary: Vocabulary, derived: Sequence[str] = DERIVED, *, exact: bool = True) -> None:
        self.vocabulary = vocabulary
        self._exact = exact
        self.facts = columns_of(vocabulary, vocabulary.facts)
        self.derived = {name: _element_type(vocabulary.derived[name].type) for name in derived}
        self._elements: dict[str, tuple[Column, ...]] = {}
        self._plans: dict[str, _Plan] = {}
        self._plan = self._plan_of(vocabulary.facts, "")
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
        self.lists = {
            column.path: column.type.element.name
            for column in self.facts
            if column.type.element is not None and column.type.element.kind == "record"
        } | self.derived
        self.kept = pa.schema([*self.schema, *((size_of(name), pa.int32()) for name in self.lists)])
        self._names = tuple(self.schema.names)
        self._types: _Types = {column.path: column.type for column in self.facts}
        self._types_of: dict[str, _Types] = {}

    def kept_elements(self, column: str) -> pa.Schema:
        """How populations keep the elements of a derived list as rows of their own, with the row of the account."""
        of_list: pa.ListType = self.schema.field(column).type
        return pa.schema([self.schema.field(ROW), *of_list.value_type])

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
        """The row of a case that fits the vocabulary; `derived` holds its derived lists.

        Raises:
            NotKeptError: a value is more than its column can hold.
        """
        said = self.sparse_row(number, action, facts, derived, as_of=as_of, malicious=malicious)
        return {**dict.fromkeys(self._names), **said}

    def sparse_row(
        self,
        number: int,
        action: str,
        facts: Mapping[str, Any],
        derived: DerivedLists,
        *,
        as_of: str | None = None,
        malicious: bool | None = None,
    ) -> dict[str, Any]:
        """The same without the columns that are null. Raises as `row` does."""
        row: dict[str, Any] = {"row": number, "action": action}
        if malicious is not None:
            row["malicious"] = malicious
        if as_of is not None:
            row["as_of"] = datetime.date.fromisoformat(as_of)
        _store(row, facts, self._plan)
        return row | self.derived_columns(derived)

    def derived_columns(self, derived: DerivedLists) -> dict[str, Any]:
        """The columns of derived lists that have elements."""
        return {
            name: [{**_element(element, self._element_plan(record)), AT: element.at} for element in derived[name]]
            for name, record in self.derived.items()
            if derived[name]
        }

    def case_facts(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The facts of a row, or of some of its columns: what it was made of, without what said nothing."""
        return self._said_columns(row, self._types)

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
            self._elements[record] = element_columns(self.vocabulary, record)
        return self._elements[record]

    def arrow(self, type_: Type) -> pa.DataType:
        """How values of a type are kept."""
        if type_.kind == "record":
            return self._struct(type_.name)
        if type_.element is not None:
            element = type_.element
            return pa.list_(self._struct(element.name) if element.kind == "record" else self.arrow(element))
        return _SCALARS.get(type_.kind, pa.string())

    def stored(self, value: Any, type_: Type) -> Any:  # noqa: ANN401 - a JSON value
        """A JSON value as it is kept. Raises as `row` does."""
        if value is None or type_.kind == "record":
            return None if value is None else _element(value, self._element_plan(type_.name))
        store = self._storing("", type_)
        return value if store is None else store(value)

    def _struct(self, record: str, *, with_at: bool = False) -> pa.DataType:
        fields = [(column.path, self.arrow(column.type)) for column in self.element(record)]
        return pa.struct([*fields, *([(AT, pa.string())] if with_at else [])])

    def _plan_of(self, fields: Mapping[str, Field], above: str) -> _Plan:
        plan: _Plan = {}
        for name, field in fields.items():
            path = f"{above}{name}"
            if field.type.kind == "record":
                plan[name] = self._plan_of(self.vocabulary.records[field.type.name].fields, f"{path}.")
            else:
                plan[name] = path, self._storing(path, field.type)
        return plan

    def _element_plan(self, record: str) -> _Plan:
        """What becomes of the fields of a list's elements; made when one is met, as records may hold each other."""
        if record not in self._plans:
            self._plans[record] = self._plan_of(self.vocabulary.records[record].fields, "")
        return self._plans[record]

    def _storing(self, path: str, type_: Type) -> _Stored | None:
        if type_.element is not None and type_.element.kind == "record":
            record = type_.element.name
            return lambda value: [_element(item, self._element_plan(record)) for item in value]
        if type_.element is not None:
            store = self._storing(path, type_.element)
            return None if store is None else lambda value: [store(item) for item in value]
        match type_.kind:
            case "date":
                return datetime.date.fromisoformat
            case "object":
                return (lambda value: _as_json(path, value)) if self._exact else _as_there
            case "number" | "pct":
                return (lambda value: _as_double(path, value)) if self._exact else float
            case "int":
                # JSON has 2.0 for 2, and so has the schema.
                return int
        return None

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
        if name not in self._types_of:
            self._types_of[name] = {column.path: column.type for column in self.element(name)}
        return self._said_columns(stored, self._types_of[name])

    def _said_columns(self, stored: Mapping[str, Any], types: _Types) -> dict[str, Any]:
        """What columns of these types say. Most are null, and whatever has no type is none of them."""
        said = ((path, value) for path, value in stored.items() if value is not None and path in types)
        return nested({path: self._said(value, types[path]) for path, value in said})


def _store(values: dict[str, Any], record: Mapping[str, Any], plan: _Plan) -> None:
    """Put what a record says into the values of columns."""
    for name, value in record.items():
        if value is None or value == []:
            continue
        step = plan[name]
        if isinstance(step, dict):
            _store(values, value, step)
        else:
            path, stored = step
            values[path] = value if stored is None else stored(value)


def _element(record: Mapping[str, Any], plan: _Plan) -> dict[str, Any]:
    values: dict[str, Any] = {}
    _store(values, record, plan)
    return values


def _as_double(path: str, value: float) -> float:
    double = float(value)
    if double != value:
        raise NotKeptError(path, "is a whole number of more digits than a number can keep exactly")
    return double


def _as_there(value: Mapping[str, Any]) -> str | None:
    return "" if is_present(value) else None


def _as_json(path: str, value: Mapping[str, Any]) -> str | None:
    try:
        return orjson.dumps(value).decode() if is_present(value) else None
    except orjson.JSONEncodeError as error:
        raise NotKeptError(path, "holds what JSON in UTF-8 cannot say, or objects too deep in one another") from error


def _element_type(type_: Type) -> str:
    assert type_.element is not None
    return type_.element.name
