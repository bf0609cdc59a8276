"""Rows into a folder, a batch at a time: memory stays bounded whatever their number."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa

from engine.accounts.layout import Layout
from engine.accounts.places import places_query
from engine.accounts.population import ACCOUNTS, MANIFEST, PLACES, Manifest, Population, PopulationError, first_line
from engine.accounts.tables import inserting, tables_of

MEMORY = "1GB"
"""What DuckDB may use before it writes to disk."""
THREADS = 1
"""More of them wait for each other here: one takes less time, and leaves a processor to whoever makes the rows."""
_ROW_GROUP = 122_880
"""Rows that DuckDB compresses together: fewer at once are written twice."""


class PopulationWriter:
    """Writes a population into a folder of its own, which appears under its name only when all of it is there.

    Used as a context: what is not finished leaves nothing behind. `unfinished` is the folder until then: what else is
    put there becomes part of the population's.

    Raises:
        PopulationError: something that is no population stands under that name, another process is writing one there,
            or it cannot be written, at any time.
    """

    def __init__(self, folder: Path, layout: Layout) -> None:
        refuse_other_than_population(folder)
        self._folder = folder
        self._layout = layout
        self.unfinished = folder.with_name(folder.name + ".unfinished")
        self._refuse_second_writer()
        shutil.rmtree(self.unfinished, ignore_errors=True)
        try:
            self.unfinished.mkdir(parents=True)
        except OSError as error:
            why = (error.strerror or "unknown error").lower()
            raise PopulationError(f"{folder}: nothing can be written there ({why}); name another folder") from error
        self._waiting: list[pa.Table] = []
        try:
            self._connection = duckdb.connect(
                self.unfinished / ACCOUNTS, config={"memory_limit": MEMORY, "threads": THREADS}
            )
            for name, schema in tables_of(layout).items():
                self._connection.register("empty", schema.empty_table())
                self._connection.execute(f'CREATE TABLE "{name}" AS FROM empty')
                self._connection.unregister("empty")
        except duckdb.Error as error:
            shutil.rmtree(self.unfinished, ignore_errors=True)
            raise not_written(folder, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        shutil.rmtree(self.unfinished, ignore_errors=True)

    def _refuse_second_writer(self) -> None:
        """What a process left unfinished is replaced, but not what one is writing: DuckDB holds its file then."""
        if not (self.unfinished / ACCOUNTS).is_file():
            return
        try:
            duckdb.connect(self.unfinished / ACCOUNTS).close()
        except duckdb.Error as error:
            # Anything else is damaged, and goes.
            if isinstance(error, duckdb.ConnectionException) or "lock" in str(error).lower():
                message = f"{self._folder}: another process is writing it; wait until it is done, then repeat"
                raise PopulationError(message) from error

    def add(self, batch: pa.Table) -> None:
        """Add rows in the schema of the layout, any number of them."""
        self._waiting.append(batch)
        if sum(table.num_rows for table in self._waiting) >= _ROW_GROUP:
            waiting = pa.concat_tables(self._waiting)
            whole = waiting.num_rows - waiting.num_rows % _ROW_GROUP
            self._insert(waiting.slice(0, whole))
            self._waiting = [waiting.slice(whole)]

    def _insert(self, rows: pa.Table) -> None:
        self._connection.register("rows", rows)
        for statement in inserting(self._layout, "rows"):
            self._execute(statement)
        self._connection.unregister("rows")

    def _execute(self, statement: str) -> None:
        try:
            self._connection.execute(statement)
        except duckdb.Error as error:
            raise not_written(self._folder, error) from error

    def finish(self, manifest: Manifest) -> Population:
        """The population, in its folder. One that stood there under the same name is replaced."""
        for rows in self._waiting:
            self._insert(rows)
        self._execute(f"CREATE TABLE {PLACES} AS {places_query(self._layout)}")
        self._execute("CHECKPOINT")
        self._connection.close()
        try:
            manifest.write(self.unfinished)
            if self._folder.exists():
                shutil.rmtree(self._folder)
            self.unfinished.rename(self._folder)
        except OSError as error:
            raise not_written(self._folder, error) from error
        return Population(self._folder, manifest)


def not_written(folder: Path, error: Exception) -> PopulationError:
    """What is said where a population cannot be written for want of room, or of the right to."""
    what = f"the population cannot be written ({first_line(error)})"
    return PopulationError(f"{folder}: {what}; make room, then repeat")


def refuse_other_than_population(folder: Path) -> None:
    """Raise PopulationError when replacing what stands under that name would destroy something else."""
    if folder.is_dir():
        if (folder / MANIFEST).is_file() or not any(folder.iterdir()):
            return
        raise PopulationError(f"{folder}: the folder holds something that is no population; name another one")
    if folder.exists() or folder.is_symlink():
        raise PopulationError(f"{folder}: is no folder; name another one")
