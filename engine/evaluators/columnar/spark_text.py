"""Expressions as Spark SQL.

Ibis' own connection to Spark is not used: it cannot be imported beside pandas 3, of which it wants nothing here, and
would be the one who runs the queries. Its compiler is enough, with the operations below written otherwise.
"""

from __future__ import annotations

from typing import Any

import ibis.expr.operations as ops
import ibis.expr.types as ir
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.base import FALSE, NULL
from ibis.backends.sql.compilers.pyspark import PySparkCompiler


class _SparkText(PySparkCompiler):  # type: ignore[misc]
    """As Ibis writes Spark SQL, but for what means something else there than in DuckDB, and what it writes twice."""

    SIMPLE_OPS = {ops.BitOr: "bit_or"}  # noqa: RUF012 - as Ibis has it
    SQLGLOT_NEEDS_PARENS = PySparkCompiler.SQLGLOT_NEEDS_PARENS | {sge.In, sge.Not}
    """What is put between parentheses in a comparison: Spark compares no comparisons without them."""

    def visit_Field(self, op: ops.Field, *, rel: Any, name: str) -> sge.Expression:
        """A column; Ibis asks an option of its connection whether NaN is null."""
        return sg.column(self._gen_valid_name(name), table=rel.alias_or_name, quoted=self.quoted)

    def visit_NonNullLiteral(self, op: ops.Literal, *, value: Any, dtype: Any) -> sge.Expression | None:
        """Likewise."""
        return None

    def visit_IsNull(self, op: ops.IsNull, *, arg: sge.Expression) -> sge.Expression:
        """NaN is a number that is there."""
        return arg.is_(NULL)

    def visit_NotNull(self, op: ops.NotNull, *, arg: sge.Expression) -> sge.Expression:
        """Likewise."""
        return arg.is_(sg.not_(NULL))

    def visit_ArrayContains(self, op: ops.ArrayContains, *, arg: sge.Expression, other: sge.Expression) -> Any:
        """Written once: the list may be made by a loop with loops in it, and each would double the text.

        False for a list that is null, where DuckDB says null: both are no to whoever asks.
        """
        return self.f.coalesce(self.f.array_contains(arg, other), FALSE)

    def visit_ScalarUDF(self, op: ops.ScalarUDF, **arguments: sge.Expression) -> Any:
        """A hash, of 64 bits: Spark's `hash` has 32. No other function is used: see `functions`."""
        return self.f.anon.xxhash64(*arguments.values())

    def visit_DateDelta(
        self, op: ops.DateDelta, *, left: sge.Expression, right: sge.Expression, part: sge.Expression
    ) -> Any:
        """Whole days from the right to the left; programs count no others."""
        return self.cast(self.f.anon.datediff(left, right), op.dtype)


_COMPILER = _SparkText()


def spark_sql(expr: ir.Table) -> str:
    """The expression as Spark reads it."""
    return str(_COMPILER.to_sqlglot(expr.unbind()).sql(dialect=_COMPILER.dialect))
