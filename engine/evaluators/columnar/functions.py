"""Functions that engines have and Ibis does not know. They are named as DuckDB does; `spark_text` has Spark's."""

from __future__ import annotations

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir


@ibis.udf.scalar.builtin(name="hash", signature=((None,), dt.uint64))  # type: ignore[untyped-decorator]
def hash64(value: ir.Value) -> ir.IntegerValue:
    """A number that equal values have in common and others seldom: one of 64 bits, with a sign or without."""


@ibis.udf.scalar.builtin(name="list_bit_or", signature=((None,), dt.int64))  # type: ignore[untyped-decorator]
def bits_of_any(words: ir.ArrayValue) -> ir.IntegerValue:
    """The bits that are set in any of the integers; null where there is none."""
