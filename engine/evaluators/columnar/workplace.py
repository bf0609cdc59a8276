"""Where tables are computed and kept: DuckDB in this process, or Spark (`engine.evaluators.columnar.spark`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import attrs
import duckdb
import ibis.expr.types as ir

from engine.accounts.layout import Layout
from engine.accounts.population import PLACES, TABLE, Population, first_line
from engine.accounts.quoting import quoted
from engine.accounts.tables import tables_of
from engine.evaluators.columnar.duck import connect, sql, table

MEMORY = "1500MB"
"""What DuckDB may use; with Python beside it a simulation stays under 2 GB."""
_TOLD_EVERY = 0.5
"""Seconds between two words about progress."""
Progress = Callable[[str, float], None]
"""Told what is being worked on, and how much of it is done, from 0 to 1."""


class WorkplaceError(RuntimeError):
    """Nothing can be computed or kept there: the message says where, why, and what to do."""


@attrs.frozen(eq=False)
class Accounts:
    """A population as tables.

    `table` has the columns of the layout. `elements` are those of some lists of records, by the list's column: `row`
    and a column a field; of other lists they have to be taken out of them. `places` are all that occur in the
    population, where that is known.
    """

    table: ir.Table
    layout: Layout
    elements: Mapping[str, ir.Table] = attrs.Factory(dict)
    places: frozenset[str] | None = None


class Workplace(Protocol):
    """Computes expressions over populations, in bounded memory."""

    @property
    def engine(self) -> str:
        """Its name, for reports."""
        ...

    def accounts(self, population: Population, layout: Layout) -> Accounts:
        """A population as tables."""
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
    """DuckDB in memory; what does not fit into `memory`, a size such as `1500MB`, goes to files below `folder`.

    Raises:
        WorkplaceError: the disk is full or cannot be written, or a population cannot be read, at any time.
    """

    engine = f"DuckDB {duckdb.__version__}"

    def __init__(self, folder: Path, progress: Progress, *, memory: str = MEMORY, threads: int = 0) -> None:
        self._folder = folder
        self._progress = progress
        self._populations = 0
        self._connection = connect(memory=memory, threads=threads)
        self._execute(f"SET temp_directory = {quoted(folder / 'spilled')}")

    def accounts(self, population: Population, layout: Layout) -> Accounts:
        """A population as tables."""
        name = f"population{self._populations}"
        self._populations += 1
        schemas = tables_of(layout)
        try:
            self._connection.execute(f"ATTACH {quoted(population.accounts)} AS {name}_file (READ_ONLY)")
            for of in schemas:
                self._connection.execute(f'CREATE TEMP VIEW "{name} {of}" AS FROM {name}_file."{of}"')
            rows = self._connection.execute(f"FROM {name}_file.{PLACES}").fetchall()
        except duckdb.Error as error:
            message = f"{population.accounts}: cannot be read ({first_line(error)}); read or generate it again"
            raise WorkplaceError(message) from error
        tables = {of: table(f"{name} {of}", schema) for of, schema in schemas.items()}
        return Accounts(tables.pop(TABLE), layout, tables, frozenset(code for (code,) in rows))

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
            message = f"{self._folder.parent}: the simulation cannot be computed there ({first_line(error)})"
            raise WorkplaceError(f"{message}; make room, then repeat") from error
