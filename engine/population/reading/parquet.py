"""Parquet: nested columns as structs and lists, or flat columns named by their paths."""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
import pyarrow.parquet as pq

from engine.accounts.population import PopulationError
from engine.decision.request import Violation
from engine.population.reading.mapping import ColumnMapping
from engine.population.reading.source import Row
from engine.population.reading.table import Header, Table, table_of
from engine.population.reading.values import Reader, ValueMisfitError, value_reader
from engine.vocabulary.model import Type, Vocabulary

BATCH = 5_000


@attrs.frozen
class _Column:
    """A column, where its values stand in a request and as what, and how they are read; None for as they are."""

    name: str
    pointer: str
    type: Type
    read: Reader | None


class ParquetFile:
    """A Parquet file that is open for reading: its `table`, and rows in batches.

    Raises:
        PopulationError: it cannot be read.
    """

    def __init__(self, path: Path, mapping: ColumnMapping | None, vocabulary: Vocabulary) -> None:
        self._name = path.name
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            raise PopulationError(f"{path.name}: the file cannot be read as Parquet: {_in_words(error)}") from error
        names = self._file.schema_arrow.names
        self.table: Table = table_of(Header(path.name, names), mapping, vocabulary)
        self._vocabulary = vocabulary
        self._read = 0
        self._columns = [
            _Column(name, self.table.pointer(name), use.type, value_reader(use))
            for name, use in self.table.uses.items()
        ]

    def share(self) -> float:
        """How much of the file has been read, 0 to 1."""
        rows: int = self._file.metadata.num_rows
        return self._read / max(rows, 1)

    def close(self) -> None:
        """Close it."""
        self._file.close()

    def rows(self) -> Iterator[Row]:
        """The rows, numbered from 1.

        Raises:
            PopulationError: a part of the file cannot be read.
        """
        names = [column.name for column in self._columns]
        batches = self._file.iter_batches(batch_size=BATCH, columns=_roots(names, self._file.schema_arrow))
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError) as error:
                raise PopulationError(
                    f"{self._name}: row {self._read + 1:,} and those after it cannot be read: {_in_words(error)}"
                ) from error
            if batch is None:
                return
            said = [column for column in self._columns if batch.column(column.name).null_count < batch.num_rows]
            values = [self._values(batch, column.name) for column in said]
            for index in range(batch.num_rows):
                yield self._row(self._read + index + 1, said, [column[index] for column in values])
            self._read += batch.num_rows

    def _values(self, batch: pa.RecordBatch, name: str) -> list[Any]:
        column = batch.column(name)
        try:
            values: list[Any] = column.to_pylist()
        except (ValueError, OverflowError):
            # Some value is none of Python's, and the others need not suffer for it.
            return [_said_by(scalar) for scalar in column]
        except pa.ArrowException as error:
            raise PopulationError(
                f"{self._name}: row {self._read + 1:,} and those after it: the column `{name[:60]}` cannot be read: "
                f"{_in_words(error)}"
            ) from error
        return values

    def _row(self, number: int, columns: Sequence[_Column], row: Sequence[Any]) -> Row:
        values: dict[str, Any] = {}
        violations: list[Violation] = []
        for column, value in zip(columns, row, strict=True):
            if value is None:
                continue
            plain = value.__class__ in _PLAIN
            said = value if plain else self._said(value, column.type, column.pointer, violations)
            try:
                values[column.name] = said if column.read is None or said is None else column.read(said)
            except ValueMisfitError as error:
                violations.append(Violation(column.pointer, error.detail, error.help))
        return self.table.row(number, values, violations)

    def _said(self, value: Any, type_: Type | None, at: str, violations: list[Violation]) -> Any:  # noqa: ANN401
        """The JSON value of what Arrow gives; None, with a violation, where there is none. An unknown type is None."""
        if value is None or value.__class__ in _PLAIN:
            return value
        if isinstance(value, list):
            of = None if type_ is None else type_.element
            return [self._said(item, of, f"{at}/{index}", violations) for index, item in enumerate(value)]
        if isinstance(value, dict):
            return self._record(value, type_, at, violations)
        wrong = _scalar_misfit(value, type_)
        if wrong is not None:
            violations.append(Violation(at, *wrong))
            return None
        return value.isoformat() if isinstance(value, datetime.date) else float(value)

    def _record(
        self, value: Mapping[str, Any], type_: Type | None, at: str, violations: list[Violation]
    ) -> dict[str, Any]:
        """A struct; fields of records in it may be flat, named by their paths."""
        record: dict[str, Any] = {}
        for path, inner in value.items():
            if inner is None:
                continue
            if inner.__class__ in _PLAIN and "." not in path:
                record[path] = inner
                continue
            steps = path.split(".")
            said = self._said(inner, self._field(type_, steps), "/".join([at, *steps]), violations)
            if said is None:
                continue
            place = record
            for step in steps[:-1]:
                place = place.setdefault(step, {})
            place[steps[-1]] = said
        return record

    def _field(self, type_: Type | None, steps: Sequence[str]) -> Type | None:
        for step in steps:
            if type_ is None or type_.kind != "record":
                return None
            field = self._vocabulary.records[type_.name].fields.get(step)
            type_ = None if field is None else field.type
        return type_


_PLAIN = frozenset({str, bool, int})
"""What JSON has as well."""


@attrs.frozen
class _Unreadable:
    """In the place of a value that cannot be read: what is wrong with it, and what to do."""

    detail: str
    help: str


def _said_by(scalar: pa.Scalar) -> Any:  # noqa: ANN401 - whatever a column holds
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return _Unreadable("is not UTF-8", "write text as UTF-8")
    except (ValueError, OverflowError):
        help_ = "write days and instants of the years 1 to 9999, to the microsecond"
        return _Unreadable("is no day and no instant that can be kept", help_)


def _scalar_misfit(value: object, type_: Type | None) -> tuple[str, str | None] | None:
    """What keeps a value of Arrow from being one of JSON; None for a number, a day and an instant."""
    kind = "" if type_ is None else type_.kind
    if isinstance(value, _Unreadable):
        return value.detail, value.help
    if isinstance(value, float | decimal.Decimal):
        is_number = math.isfinite(value)
        return None if is_number else ("is not a number, or not a finite one", "write null where nothing is known")
    if isinstance(value, datetime.datetime):
        if kind == "date":
            return "is a timestamp, not a day", "write the column as `date32`"
        if value.tzinfo is None:
            return "is a timestamp without a time zone", "write the column as a timestamp with one, such as UTC"
        return None
    if isinstance(value, datetime.date):
        return None
    what = "binary data" if isinstance(value, bytes) else "of a kind that no fact has"
    return f"is {what}", "write text, numbers, days, lists and structs"


def _roots(names: Sequence[str], schema: pa.Schema) -> list[str] | None:
    """The columns to read; None for all: a name with a dot would be taken for a field of a struct."""
    return None if any("." in name for name in schema.names) else list(names)


def _in_words(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
