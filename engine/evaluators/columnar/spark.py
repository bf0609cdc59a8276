"""Spark as the place where tables are computed: each is kept as Parquet files in a folder."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import ibis.expr.types as ir
import pyarrow as pa
from py4j.protocol import Py4JError

from engine.accounts.layout import Layout
from engine.accounts.parquet import as_parquet, places_of
from engine.accounts.population import Population
from engine.evaluators.columnar.duck import table
from engine.evaluators.columnar.spark_session import SparkError
from engine.evaluators.columnar.spark_text import spark_sql
from engine.evaluators.columnar.workplace import Accounts, Progress, compute_telling

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_PATTERNS = re.compile(r"([\\\[\]{}*?])")
"""What stands for other characters in the names of files that Spark reads."""


class SparkWorkplace:
    """Spark, with its tables as Parquet in `folder`. A cluster has to see that folder, and those of populations, under
    the same paths."""

    def __init__(self, session: SparkSession, folder: Path, progress: Progress) -> None:
        # One of its own: others may use the same names for other tables.
        self._session = session.newSession()
        self.folder = folder
        self._progress = progress
        self._populations = 0
        self._views: list[str] = []

    @property
    def engine(self) -> str:
        """Its name, for reports."""
        return f"Spark {self._session.version}"

    def accounts(self, population: Population, layout: Layout) -> Accounts:
        """A population as a table. Elements stay in their lists: to find them in files of their own takes as long."""
        name = f"population{self._populations}"
        self._populations += 1
        return Accounts(self.read(name, as_parquet(population), layout.kept), layout, places=places_of(population))

    def keep(self, name: str, expr: ir.Table, what: str) -> ir.Table:
        """The table, computed and kept under a name."""
        path = self.folder / f"{name}.parquet"
        self._save(expr, path, what)
        return self.read(name, path, expr.schema().to_pyarrow())

    def rows(self, expr: ir.Table) -> list[dict[str, Any]]:
        """A small table, as it comes."""
        with self._failing("reading answers"):
            return [row.asDict(recursive=True) for row in self._asked(expr).collect()]

    def write(self, expr: ir.Table, path: Path) -> None:
        """The table as a Parquet file, one as DuckDB writes it: Spark writes one for each part of its work."""
        parts = path.with_name(f"{path.name}.parts")
        self._save(expr, parts, "writing")
        with duckdb.connect() as connection:
            connection.read_parquet(str(parts / "*.parquet")).write_parquet(str(path), compression="zstd")
        shutil.rmtree(parts)

    def close(self) -> None:
        """Let go of the tables. Spark itself ends with the process."""
        for view in self._views:
            self._session.catalog.dropTempView(view)

    def read(self, name: str, path: Path, schema: pa.Schema) -> ir.Table:
        """Parquet, a file or a folder of them, as a table."""
        with self._failing(f"reading {path}"):
            self._session.read.parquet(_PATTERNS.sub(r"\\\1", _address(path))).createOrReplaceTempView(name)
        self._views.append(name)
        return table(name, schema)

    def _asked(self, expr: ir.Table) -> DataFrame:
        return self._session.sql(spark_sql(expr))

    def _save(self, expr: ir.Table, path: Path, what: str) -> None:
        with self._failing(what):
            writer = self._asked(expr).write.mode("overwrite")
            compute_telling(
                lambda: writer.parquet(_address(path)),
                lambda: self._progress(what, self._done()),
                self._session.sparkContext.cancelAllJobs,
            )
        self._progress(what, 1.0)

    @contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        """Say in words of here what fails there."""
        from pyspark.errors import PySparkException  # noqa: PLC0415 - it warns when it is imported before `started`

        try:
            yield
        except (PySparkException, Py4JError) as error:
            raise SparkError(
                f"Spark failed at {what} ({_cause(error)}); look for memory and for room on the disk of "
                f"{self.folder}; a cluster has to see it, and the population's folder, under the same paths"
            ) from error

    def _done(self) -> float:
        """How much of the running work is done, from 0 to 1."""
        tracker = self._session.sparkContext.statusTracker()
        stages = [stage for id_ in tracker.getActiveStageIds() if (stage := tracker.getStageInfo(id_)) is not None]
        tasks = sum(stage.numTasks for stage in stages)
        return sum(stage.numCompletedTasks for stage in stages) / tasks if tasks else 0.0


def _address(path: Path) -> str:
    """Of files on this machine, whatever file system a cluster has; it takes no `%20` for a space."""
    return f"file://{path.absolute()}"


def _cause(error: Exception) -> str:
    """What lies below all that Java wraps around it."""
    below = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    while below is not None and below.getCause() is not None:
        below = below.getCause()
    said = str(error) if below is None else str(below.toString())
    return next(iter(said.strip().splitlines()), type(error).__name__)
