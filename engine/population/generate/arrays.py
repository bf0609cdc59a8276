"""NumPy to Arrow: columns of words, texts, days and lists, with null where nothing is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.population.generate.draws import Bools, Floats, Ints

Columns = dict[str, pa.Array]
"""Columns of one length by their path; a path that is not there is null throughout."""


def words(vocabulary: Sequence[str], index: Ints, present: Bools | None = None) -> pa.Array:
    """The words at these places of a vocabulary."""
    return pa.array(vocabulary, pa.string()).take(pa.array(index, mask=_absent(present)))


def texts(*parts: pa.Array | str) -> pa.Array:
    """Texts put together of parts, null where a part is."""
    return pc.binary_join_element_wise(*parts, "")


def numerals(numbers: Ints) -> pa.Array:
    """Whole numbers as text."""
    return pa.array(numbers).cast(pa.string())


def flags(values: Bools, present: Bools | None = None) -> pa.Array:
    """Truth values."""
    return pa.array(values, mask=_absent(present))


def amounts(values: Floats, present: Bools | None = None) -> pa.Array:
    """Numbers."""
    return pa.array(values, mask=_absent(present))


def days(ordinals: Ints, present: Bools | None = None) -> pa.Array:
    """Days, counted from 1970-01-01."""
    return pa.array(ordinals.astype(np.int32), mask=_absent(present)).cast(pa.date32())


def only(column: pa.Array, present: Bools) -> pa.Array:
    """The column, null where it is not present."""
    return pc.if_else(pa.array(present), column, pa.scalar(None, column.type))


def repeated(counts: Ints) -> tuple[Ints, Ints]:
    """Of so many elements for each row: the row of each element, and its place among those of the row, from 0."""
    rows = np.repeat(np.arange(len(counts)), counts)
    return rows, np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)


def lists(elements: pa.Array, counts: Ints) -> pa.Array:
    """Lists of so many elements each; null where there are none."""
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), elements, mask=pa.array(counts == 0))


def records(columns: Mapping[str, pa.Array], type_: pa.StructType, count: int) -> pa.Array:
    """Records of a type, from the columns of its fields."""
    fields = [type_.field(index) for index in range(type_.num_fields)]
    filled = [columns[field.name] if field.name in columns else pa.nulls(count, field.type) for field in fields]
    return pa.StructArray.from_arrays([c.cast(f.type) for c, f in zip(filled, fields, strict=True)], fields=fields)


def _absent(present: Bools | None) -> Bools | None:
    return None if present is None else ~present
