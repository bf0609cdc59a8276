"""Where tables are computed and kept: DuckDB in a file of its own beside a population, or Spark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import duckdb
import ibis.expr.types as ir
import pyarrow as pa

from engine.accounts.population import PLACES, TABLE, Population
from engine.accounts.quoting import quoted
from engine.evaluators.columnar.duck import connect, sql, table

MEMORY = "1500MB"
"""What DuckDB may use; with Python beside it a simulation stays under 2 GB."""
_TOLD_EVERY = 0.5
"""Seconds between two words about progress."""
Progress = Callable[[str, float], None]
"""Told what is being worked on, and how much of it is done, from 0 to 1."""


class WorkplaceError(RuntimeError):
    """Nothing can be computed or kept there: the message says where, why, and what to do."""


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


def compute_telling(compute: Callable[[], object], tell: Callable[[], None], stop: Callable[[], None]) -> None:
    """Compute something in a thread of its own and tell of it meanwhile. Whoever leaves does not wait for it."""
    with ThreadPoolExecutor(1) as working:
        computing = working.submit(compute)
        try:
            while not wait([computing], timeout=_TOLD_EVERY).done:
                tell()
        except BaseException:
            stop()
            raise
        computing.result()


class DuckWorkplace:
    """DuckDB in a file below `folder`, to which goes what does not fit into `memory`, a size such as `1500MB`.

    Raises:
        WorkplaceError: the disk is full or cannot be written, or a population cannot be read, at any time.
    """

    engine = f"DuckDB {duckdb.__version__}"

    def __init__(self, folder: Path, progress: Progress, *, memory: str = MEMORY, threads: int = 0) -> None:
        self._folder = folder
        self._progress = progress
        self._files: dict[Path, str] = {}
        with self._telling_why():
            self._connection = connect(folder / "work.duckdb", memory=memory, threads=threads)
        self._execute(f"SET temp_directory = {quoted(folder / 'spilled')}")

    def accounts(self, population: Population, schema: pa.Schema) -> ir.Table:
        """A population as a table."""
        name = f"population{len(self._files)}"
        try:
            self._connection.execute(f"ATTACH {quoted(population.accounts)} AS {name}_file (READ_ONLY)")
            self._connection.execute(f"CREATE TEMP VIEW {name} AS FROM {name}_file.{TABLE}")
        except duckdb.Error as error:
            message = f"{population.accounts}: cannot be read ({_first_line(error)}); read or generate it again"
            raise WorkplaceError(message) from error
        self._files[population.folder] = f"{name}_file"
        return table(name, schema)

    def places(self, population: Population) -> frozenset[str]:
        """Every place that occurs in a population that is a table here."""
        rows = self._execute(f"FROM {self._files[population.folder]}.{PLACES}").fetchall()
        return frozenset(code for (code,) in rows)

    def keep(self, name: str, expr: ir.Table, what: str) -> ir.Table:
        """The table, computed and kept under a name."""
        statement = f'CREATE TABLE "{name}" AS {sql(expr)}'
        compute_telling(
            lambda: self._execute(statement),
            lambda: self._progress(what, max(self._connection.query_progress(), 0.0) / 100),
            self._connection.interrupt,
        )
        self._progress(what, 1.0)
        return table(name, expr.schema().to_pyarrow())

    def rows(self, expr: ir.Table) -> list[dict[str, Any]]:
        """A small table, as it comes."""
        asked = self._execute(sql(expr))
        names = [name for name, *_ in asked.description or ()]
        return [dict(zip(names, row, strict=True)) for row in asked.fetchall()]

    def write(self, expr: ir.Table, path: Path) -> None:
        """The table as a Parquet file."""
        self._execute(f"COPY ({sql(expr)}) TO {quoted(path)} (FORMAT parquet, COMPRESSION zstd)")

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()

    def _execute(self, statement: str) -> duckdb.DuckDBPyConnection:
        with self._telling_why():
            return self._connection.execute(statement)

    @contextmanager
    def _telling_why(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            message = f"{self._folder.parent}: the simulation cannot be computed there ({_first_line(error)})"
            raise WorkplaceError(f"{message}; make room, then repeat") from error


def _first_line(error: duckdb.Error) -> str:
    return str(error).partition("\n")[0]
