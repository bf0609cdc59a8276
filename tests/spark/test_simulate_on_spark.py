"""`ostiary simulate --engine spark`, as it is typed: the result that DuckDB gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import small_law

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("OSTIARY_")} | {
    "PYTHONPATH": str(ROOT)
}
DAY = "2027-07-10"
SPARK = ("--engine", "spark", "--master", "local[2]")


def test_the_result_is_that_of_duckdb(tmp_path: Path) -> None:
    small_law.accounts(tmp_path / "accounts.ndjson", each=2)
    small_law.rules(tmp_path / "rules")
    small_law.order(tmp_path / "draft.yaml", target={"jurisdiction": "FR"})
    draft = {"id": "draft", "title": "A draft", "measures": ["draft.yaml"]}
    small_law.job(tmp_path, baseline={"rules": ["rules"]}, candidates=[draft], dates=DAY)
    by_duck, duck_rows = simulated(tmp_path, "duck")
    by_spark, spark_rows = simulated(tmp_path, "spark", *SPARK)
    assert (by_duck.pop("engine").split()[0], by_spark.pop("engine").split()[0]) == ("DuckDB", "Spark")
    assert by_spark.pop("command") == f"{by_duck.pop('command')} --engine spark"
    assert by_spark == by_duck
    assert by_spark["alternatives"][0]["timeline"][0]["changed"] > 0
    assert spark_rows == duck_rows


def simulated(folder: Path, output: str, *more: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The result of the command in a process of its own, and the rows of accounts."""
    words = [sys.executable, "-m", "api", "simulate", "job.yaml", "--no-pdf", "-o", output, *more]
    done = subprocess.run(words, cwd=folder, env=ENVIRONMENT, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    rows = pq.read_table(folder / output / "accounts.parquet").to_pylist()
    return json.loads((folder / output / "result.json").read_text()), sorted(rows, key=lambda row: row["row"])
