"""DuckDB as Ibis has it, set up for programs."""

from __future__ import annotations

from pathlib import Path

import ibis
from ibis.backends.duckdb import Backend

_MERGING = "projection_pullup,projection_placement,in_clause,common_subexpressions"
"""Passes of the optimizer that undo a program's structure: they write shared conditions out wherever they are used, and
take up to a hundred times as long to plan."""


def connect(database: Path | None = None, *, threads: int | None = None, memory: str | None = None) -> Backend:
    """A connection to a database file, or to one in memory. `memory` is a size such as `1500MB`."""
    settings = {"threads": threads, "memory_limit": memory}
    backend = ibis.duckdb.connect(
        database or ":memory:", **{name: value for name, value in settings.items() if value is not None}
    )
    backend.raw_sql(f"SET disabled_optimizers = '{_MERGING}'")
    backend.raw_sql("SET preserve_insertion_order = false")
    return backend
