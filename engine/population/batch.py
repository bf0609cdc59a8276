"""Rows to an Arrow table, faster than Arrow makes one of dictionaries: most columns of most rows are null."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from engine.accounts.layout import Layout


class Batch:
    """Collects rows of a layout, as `Layout.row` or `sparse_row` gives them, and makes a table of them."""

    def __init__(self, layout: Layout) -> None:
        self._schema = layout.schema
        self._rows = _Records((field.name, field.type) for field in layout.schema)

    def __len__(self) -> int:
        return self._rows.count

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row."""
        self._rows.add(row)

    def table(self) -> pa.Table:
        """The rows so far, in the schema of the layout."""
        return pa.Table.from_arrays(self._rows.arrays(), schema=self._schema)


class _Records:
    """Records of some fields, as a column for each: a column ends with the last record that says something there."""

    def __init__(self, fields: Iterable[tuple[str, pa.DataType]]) -> None:
        self.count = 0
        self._columns: dict[str, _Column] = {
            name: _Lists(type_) if pa.types.is_list(type_) and pa.types.is_struct(type_.value_type) else _Values(type_)
            for name, type_ in fields
        }

    def add(self, record: Mapping[str, Any]) -> None:
        columns, number = self._columns, self.count
        for name, value in record.items():
            if value is not None:
                columns[name].put(number, value)
        self.count += 1

    def arrays(self) -> list[pa.Array]:
        return [column.array(self.count) for column in self._columns.values()]


class _Values:
    """A column of values that Arrow takes as they are."""

    def __init__(self, type_: pa.DataType) -> None:
        self._type = type_
        self._values: list[Any] = []

    def put(self, number: int, value: Any) -> None:  # noqa: ANN401 - of whatever kind the column is
        values = self._values
        if number > len(values):
            values.extend([None] * (number - len(values)))
        values.append(value)

    def array(self, count: int) -> pa.Array:
        if not self._values:
            return pa.nulls(count, self._type)
        self._values.extend([None] * (count - len(self._values)))
        return pa.array(self._values, self._type)


class _Lists:
    """A column of lists of records."""

    def __init__(self, type_: pa.ListType) -> None:
        self._type = type_
        self._fields = [type_.value_type.field(index) for index in range(type_.value_type.num_fields)]
        self._elements: _Records | None = None
        self._ends: list[int] = []
        self._is_null: list[bool] = []

    def put(self, number: int, value: Iterable[Mapping[str, Any]]) -> None:
        if self._elements is None:
            self._elements = _Records((field.name, field.type) for field in self._fields)
        self._skip_to(number)
        for element in value:
            self._elements.add(element)
        self._ends.append(self._elements.count)
        self._is_null.append(False)

    def array(self, count: int) -> pa.Array:
        if self._elements is None:
            return pa.nulls(count, self._type)
        self._skip_to(count)
        elements = pa.StructArray.from_arrays(self._elements.arrays(), fields=self._fields)
        offsets = pa.array([0, *self._ends], pa.int32())
        return pa.ListArray.from_arrays(offsets, elements, type=self._type, mask=pa.array(self._is_null))

    def _skip_to(self, number: int) -> None:
        missing = number - len(self._ends)
        if missing:
            self._ends.extend([self._ends[-1] if self._ends else 0] * missing)
            self._is_null.extend([True] * missing)


_Column = _Values | _Lists
