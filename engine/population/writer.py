"""Rows into a folder, a batch at a time: memory stays bounded whatever their number."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa

from engine.population.layout import Layout
from engine.population.population import ACCOUNTS, PLACES, TABLE, Manifest, Population

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
        occurring = " UNION ".join(_codes(self._layout))
        self._connection.execute(f"CREATE TABLE {PLACES} AS SELECT code FROM ({occurring}) WHERE code IS NOT NULL")
        self._connection.execute("CHECKPOINT")
        self._connection.close()
        manifest.write(self._unfinished)
        if self._folder.exists():
            shutil.rmtree(self._folder)
        self._unfinished.rename(self._folder)
        return Population(self._folder, manifest)


def _codes(layout: Layout) -> Iterator[str]:
    """A query for each column that has places, or lists of them, or elements that do."""
    lists = [(name, record) for name, record in layout.derived.items()]
    for column in layout.facts:
        element = column.type.element
        if element is not None and element.kind == "record":
            lists.append((column.path, element.name))
        elif element is not None and element.kind == "place":
            yield f'SELECT DISTINCT unnest("{column.path}") AS code FROM {TABLE}'
        elif column.type.kind == "place":
            yield f'SELECT DISTINCT "{column.path}" AS code FROM {TABLE}'
    for name, record in lists:
        for column in layout.element(record):
            said = f'list_transform("{name}", lambda element: element."{column.path}")'
            if column.type.kind == "place":
                yield f"SELECT DISTINCT unnest({said}) AS code FROM {TABLE}"
            elif column.type.element is not None and column.type.element.kind == "place":
                yield f"SELECT DISTINCT unnest(flatten({said})) AS code FROM {TABLE}"
