"""Where tables are computed and kept: DuckDB in a file of its own beside a population, or Spark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import duckdb
import ibis.expr.types as ir
import pyarrow as pa

from engine.evaluators.columnar.duck import connect, sql, table

ACCOUNTS = "accounts"
Progress = Callable[[str, float], None]
"""Told what is being worked on, and how much of it is done, from 0 to 1."""


class Workplace(Protocol):
    """Computes expressions over a population, in bounded memory."""

    @property
    def engine(self) -> str:
        """Its name, for reports."""
        ...

    @property
    def accounts(self) -> ir.Table:
        """The population, in the columns of `engine.population.layout`."""
        ...

    def keep(self, name: str, expr: ir.Table, what: str) -> ir.Table:
        """The table, computed and kept under a name; `what` says what it is for, in words."""
        ...

    def rows(self, expr: ir.Table) -> list[dict[str, Any]]:
        """A small table, as it comes."""
        ...

    def write(self, expr: ir.Table, path: Path) -> None:
        """The table as a Parquet file."""
        ...


class DuckWorkplace:
    """DuckDB. What does not fit into `memory` goes to disk, below `folder`."""

    engine = f"DuckDB {duckdb.__version__}"

    def __init__(
        self,
        population: Path,
        schema: pa.Schema,
        folder: Path,
        *,
        memory: str = "1500MB",
        threads: int = 0,
        progress: Progress = lambda what, done: None,
    ) -> None:
        self._connection = connect(folder / "work.duckdb", memory=memory, threads=threads)
        self._connection.execute(f"SET temp_directory = '{_quoted(folder / 'spilled')}'")
        self._connection.execute(f"ATTACH '{_quoted(population)}' AS population (READ_ONLY)")
        self._connection.execute(f"CREATE TEMP VIEW {ACCOUNTS} AS FROM population.{ACCOUNTS}")
        self._progress = progress
        self.accounts = table(ACCOUNTS, schema)

    def keep(self, name: str, expr: ir.Table, what: str) -> ir.Table:
        """The table, computed and kept under a name."""
        self._progress(what, 0.0)
        self._connection.execute(f"CREATE TABLE {name} AS {sql(expr)}")
        self._progress(what, 1.0)
        return table(name, expr.schema().to_pyarrow())

    def rows(self, expr: ir.Table) -> list[dict[str, Any]]:
        """A small table, as it comes."""
        asked = self._connection.execute(sql(expr))
        names = [name for name, *_ in asked.description or ()]
        return [dict(zip(names, row, strict=True)) for row in asked.fetchall()]

    def write(self, expr: ir.Table, path: Path) -> None:
        """The table as a Parquet file."""
        self._connection.execute(f"COPY ({sql(expr)}) TO '{_quoted(path)}' (FORMAT parquet, COMPRESSION zstd)")

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
