"""DuckDB, set up for programs, and tables of it as Ibis has them."""

from __future__ import annotations

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

# Fused projections would write out, wherever it is used, what has a projection of its own to be computed once.
ibis.options.sql.fuse_selects = False

_MERGING = "projection_pullup,projection_placement,in_clause,common_subexpressions"
"""Passes of the optimizer that undo a program's structure: they write shared conditions out wherever they are used, and
take up to a hundred times as long to plan."""


def connect(*, threads: int = 0, memory: str = "") -> duckdb.DuckDBPyConnection:
    """A connection to a database in memory.

    `threads` is 0 for as many as there are processors; `memory` a size such as `1500MB`, empty for DuckDB's own.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "disabled_optimizers": _MERGING,
        "preserve_insertion_order": "false",
    }
    if threads:
        config["threads"] = str(threads)
    if memory:
        config["memory_limit"] = memory
    return duckdb.connect(config=config)


def table(name: str, schema: pa.Schema) -> ir.Table:
    """A table by its name, for expressions over it."""
    return ibis.table(ibis.Schema.from_pyarrow(schema), name=name)


def sql(expr: ir.Table) -> str:
    """The expression as DuckDB reads it."""
    return str(ibis.to_sql(expr, dialect="duckdb", pretty=False))
