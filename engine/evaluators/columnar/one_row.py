"""A question put to tables of one row, planned once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import duckdb
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa

from engine.evaluators.columnar.duck import sql

CASES = "cases"


class OneRow:
    """A prepared statement over a table that has the columns it reads, and no others.

    `number` tells it apart from others of the connection.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        number: int,
        cases: ir.Table,
        schema: pa.Schema,
        answer: Callable[[ir.Table], ir.Table],
    ) -> None:
        self._connection = connection
        self._cases, self._asked = f"{CASES}{number}", f"asked{number}"
        answers = answer(cases)
        read = sorted({field.name for field in answers.op().find(ops.Field) if field.rel == cases.op()})
        self._schema = pa.schema([schema.field(name) for name in read or ["row"]])
        connection.register("empty", self._schema.empty_table())
        connection.execute(f"CREATE TEMP TABLE {self._cases} AS FROM empty")
        connection.execute(f"PREPARE {self._asked} AS WITH {CASES} AS (FROM {self._cases}) {sql(answers)}")

    def ask(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The answers on a case, by the names of their columns."""
        connection = self._connection
        connection.execute(f"TRUNCATE {self._cases}")
        connection.register("one", pa.Table.from_pylist([row], schema=self._schema))
        connection.execute(f"INSERT INTO {self._cases} FROM one")
        asked = connection.execute(f"EXECUTE {self._asked}")
        names = [name for name, *_ in asked.description or ()]
        (answers,) = asked.fetchall()
        return dict(zip(names, answers, strict=True))
