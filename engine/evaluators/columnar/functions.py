"""Functions that engines have and Ibis does not know, named as DuckDB does; `spark_text` has Spark's names."""

from __future__ import annotations

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir


@ibis.udf.scalar.builtin(name="hash", signature=((None,), dt.uint64))  # type: ignore[untyped-decorator]
def hash64(value: ir.Value) -> ir.IntegerValue:
    """A number that equal values have in common and others seldom: one of 64 bits, with a sign or without."""
