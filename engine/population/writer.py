"""Rows into a folder, a batch at a time: memory stays bounded whatever their number."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa

from engine.population.layout import Layout
from engine.population.population import ACCOUNTS, TABLE, Manifest, Population

MEMORY = "1GB"
"""What DuckDB may use before it writes to disk."""


class PopulationWriter:
    """Writes a population into a folder of its own, which appears under its name only when all of it is there.

    Used as a context: what is not finished leaves nothing behind.
    """

    def __init__(self, folder: Path, layout: Layout) -> None:
        self._folder = folder
        self._unfinished = folder.with_name(folder.name + ".unfinished")
        self._layout = layout
        shutil.rmtree(self._unfinished, ignore_errors=True)
        self._unfinished.mkdir(parents=True)
        self._connection = duckdb.connect(self._unfinished / ACCOUNTS, config={"memory_limit": MEMORY})
        empty = layout.schema.empty_table()
        self._connection.register("empty", empty)
        self._connection.execute(f"CREATE TABLE {TABLE} AS FROM empty")
        self._connection.unregister("empty")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        shutil.rmtree(self._unfinished, ignore_errors=True)

    def add(self, batch: pa.Table) -> None:
        """Add rows in the schema of the layout."""
        self._connection.register("batch", batch)
        self._connection.execute(f"INSERT INTO {TABLE} FROM batch")
        self._connection.unregister("batch")

    def finish(self, manifest: Manifest) -> Population:
        """The population, in its folder. One that stood there under the same name is replaced."""
        self._connection.execute("CHECKPOINT")
        self._connection.close()
        manifest.write(self._unfinished)
        if self._folder.exists():
            shutil.rmtree(self._folder)
        self._unfinished.rename(self._folder)
        return Population(self._folder, manifest)
