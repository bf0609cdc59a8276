"""Functions that Ibis does not have as they are needed, named as DuckDB does; `spark_text` has Spark's names.

Ibis has a hash, but on Spark one of 32 bits, which two of a hundred thousand profiles would share.
"""

from __future__ import annotations

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir


@ibis.udf.scalar.builtin(name="hash", signature=((None,), dt.uint64))  # type: ignore[untyped-decorator]
def hash64(value: ir.Value) -> ir.IntegerValue:
    """A number that equal values have in common and others seldom: one of 64 bits, with a sign or without."""
