"""One Spark for all tests: it takes seconds to start, and a process has one.

These tests stand apart, as PySpark weighs half a gigabyte: `make test-spark` runs them, and `make test` does not.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.agreement.tabled import Query
from engine.evaluators.columnar.spark import SparkWorkplace
from engine.evaluators.columnar.spark_session import started

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TESTS = Path(__file__).parents[1]
# The corpus of the matrix and the accounts made up for tests are those of every other evaluator.
sys.path += [str(TESTS / "evaluators"), str(TESTS / "population")]


@pytest.fixture(scope="session")
def session() -> SparkSession:
    return started("local[2]", java_home=os.environ.get("JAVA_HOME", ""))


@pytest.fixture
def workplace(session: SparkSession, tmp_path: Path) -> Iterator[SparkWorkplace]:
    made = SparkWorkplace(session, tmp_path, lambda _what, _done: None)
    yield made
    made.close()


@pytest.fixture
def query(workplace: SparkWorkplace, tmp_path: Path) -> Query:
    """Asks Spark about a table `cases`."""

    def rows(expr: ir.Table, cases: pa.Table) -> list[dict[str, Any]]:
        path = tmp_path / "cases.parquet"
        pq.write_table(cases, path)
        workplace.read("cases", path, cases.schema)
        return workplace.rows(expr)

    return rows
