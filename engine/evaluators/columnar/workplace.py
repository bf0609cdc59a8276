"""Where tables are computed and kept: DuckDB in a file of its own beside a population, or Spark."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Protocol

import duckdb
import ibis.expr.types as ir
import pyarrow as pa

from engine.accounts.population import PLACES, TABLE, Population
from engine.evaluators.columnar.duck import connect, sql, table

MEMORY = "1500MB"
"""What DuckDB may use; with Python beside it a simulation stays under 2 GB."""
_TOLD_EVERY = 0.5
"""Seconds between two words about progress."""
Progress = Callable[[str, float], None]
"""Told what is being worked on, and how much of it is done, from 0 to 1."""


class Workplace(Protocol):
    """Computes expressions over populations, in bounded memory."""

    @property
    def engine(self) -> str:
        """Its name, for reports."""
        ...

    def accounts(self, population: Population, schema: pa.Schema) -> ir.Table:
        """A population as a table, in the columns of `engine.accounts.layout`."""
        ...

    def places(self, population: Population) -> frozenset[str]:
        """Every place that occurs in a population that is a table here."""
        ...

    def keep(self, name: str, expr: ir.Table, what: str) -> ir.Table:
        """The table, computed and kept under a name; `what` says what it is for, in words."""
        ...

    def rows(self, expr: ir.Table) -> list[dict[str, Any]]:
        """A small table, as it comes."""
        ...

    def write(self, expr: ir.Table, path: Path) -> None:
        """The table as Parquet."""
        ...


class DuckWorkplace:
    """DuckDB in a file below `folder`, to which goes what does not fit into `memory`, a size such as `1500MB`."""

    engine = f"DuckDB {duckdb.__version__}"

    def __init__(self, folder: Path, progress: Progress, *, memory: str = MEMORY, threads: int = 0) -> None:
        self._connection = connect(folder / "work.duckdb", memory=memory, threads=threads)
        self._connection.execute(f"SET temp_directory = {_quoted(folder / 'spilled')}")
        self._progress = progress
        self._files: dict[Path, str] = {}

    def accounts(self, population: Population, schema: pa.Schema) -> ir.Table:
        """A population as a table."""
        name = f"population{len(self._files)}"
        self._connection.execute(f"ATTACH {_quoted(population.accounts)} AS {name}_file (READ_ONLY)")
        self._connection.execute(f"CREATE TEMP VIEW {name} AS FROM {name}_file.{TABLE}")
        self._files[population.folder] = f"{name}_file"
        return table(name, schema)

    def places(self, population: Population) -> frozenset[str]:
        """Every place that occurs in a population that is a table here."""
        rows = self._connection.execute(f"FROM {self._files[population.folder]}.{PLACES}").fetchall()
        return frozenset(code for (code,) in rows)

    def keep(self, name: str, expr: ir.Table, what: str) -> ir.Table:
        """The table, computed and kept under a name."""
        statement = f"CREATE TABLE {name} AS {sql(expr)}"
        with ThreadPoolExecutor(1) as working:
            computing = working.submit(self._connection.execute, statement)
            while not wait([computing], timeout=_TOLD_EVERY).done:
                self._progress(what, max(self._connection.query_progress(), 0.0) / 100)
            computing.result()
        self._progress(what, 1.0)
        return table(name, expr.schema().to_pyarrow())

    def rows(self, expr: ir.Table) -> list[dict[str, Any]]:
        """A small table, as it comes."""
        asked = self._connection.execute(sql(expr))
        names = [name for name, *_ in asked.description or ()]
        return [dict(zip(names, row, strict=True)) for row in asked.fetchall()]

    def write(self, expr: ir.Table, path: Path) -> None:
        """The table as a Parquet file."""
        self._connection.execute(f"COPY ({sql(expr)}) TO {_quoted(path)} (FORMAT parquet, COMPRESSION zstd)")

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()


def _quoted(path: Path) -> str:
    text = str(path).replace("'", "''")
    return f"'{text}'"
