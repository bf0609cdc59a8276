"""What single operations come to on Spark, and the files it keeps."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_accounts import shipped

from engine.accounts.layout import Layout
from engine.accounts.parquet import FOLDER, as_parquet
from engine.accounts.population import Manifest, Population, PopulationError
from engine.accounts.writer import PopulationWriter
from engine.evaluators.columnar.drawing import drawn
from engine.evaluators.columnar.duck import connect, sql, table
from engine.evaluators.columnar.spark import SparkWorkplace
from engine.evaluators.columnar.spark_session import SparkError
from engine.evaluators.columnar.workplace import DuckWorkplace
from engine.ownership import LOOK_THROUGH

NAN, INFINITE = float("nan"), float("inf")
TEXTS = (
    "",
    "a\\b",
    "it's",
    'say "so"',
    "${env:HOME}",
    "two\nlines",
    "naïve",
    "🤦🏼",
    "e\u0301",
    "`tick`",
    "%_",
    "\\n",
    "A",
)
DATES = (datetime.date(1, 1, 1), datetime.date(1582, 10, 10), datetime.date(2028, 2, 29), datetime.date(9999, 12, 31))
SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("a.text", pa.string()),
        ("b.text", pa.string()),
        ("number", pa.float64()),
        ("day", pa.date32()),
        ("words", pa.list_(pa.string())),
        ("records", pa.list_(pa.struct([("identity.status", pa.string()), ("in.it", pa.list_(pa.string()))]))),
    ]
)
LISTS = (None, [], [None], ["a", None], ["a", "b"], [""])
RECORDS = (None, [], [{"identity.status": "verified", "in.it": ["a"]}, {"identity.status": None, "in.it": None}])


def cases() -> pa.Table:
    columns: dict[str, tuple[Any, ...]] = {
        "a.text": (None, *TEXTS),
        "b.text": (*TEXTS, None),
        "number": (None, 0.0, -0.0, NAN, INFINITE, -INFINITE, 0.1, 1e26, 5e-324),
        "day": (None, *DATES),
        "words": LISTS,
        "records": RECORDS,
    }
    rows = [{"row": n, **{name: of[n % len(of)] for name, of in columns.items()}} for n in range(60)]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def operations(given: ir.Table) -> dict[str, ir.Value]:
    text, number, day = given["a.text"], given["number"], given["day"]
    words, records = given["words"], given["records"]
    of_texts = {f"is{n}": text == one for n, one in enumerate(TEXTS)}
    return {
        **of_texts,
        "other_text": text < given["b.text"],
        "among": text.isin(TEXTS[:6]),
        "starts": text.startswith(given["b.text"]),
        "ends": text.endswith("\\b"),
        "contains": text.contains("${env:HOME}"),
        "size": text.length(),
        "there": number.notnull(),
        "missing": number.isnull() == text.isnull(),
        "compared": ibis.ifelse(number.isnan(), ibis.literal(value=False), number > 0.05),
        "sum": ibis.ifelse((number + number * 2.0).isnan(), ibis.literal(0.0), number + number * 2.0),
        "days": day.delta(ibis.literal(datetime.date(2000, 3, 1)), unit="day"),
        "before": day < ibis.literal(datetime.date(1582, 10, 15)),
        "listed": words.contains("a").fill_null(ibis.literal(value=False)),
        "listed_itself": words.contains(text).fill_null(ibis.literal(value=False)),
        "length": words.length(),
        "or_none": ibis.coalesce(words, ibis.literal([], words.type())),
        "fields": records.map(lambda record: record["identity.status"]),
        "nested": records.map(lambda record: record["in.it"].map(lambda word: word == text)),
        "kept": records.filter(lambda record: record["identity.status"].notnull()).length(),
        "made": records.map(lambda record: ibis.struct({"w0": record["in.it"].length(), "w1": number.isnull()})),
        "bits": (ibis.ifelse(number > 0.0, ibis.literal(1 << 61, "int64"), ibis.literal(0, "int64")) | 1) & (1 << 61),
        "neither": ~(text.isnull() | (number > 1.0)),
    }


def test_each_operation_comes_to_the_same(workplace: SparkWorkplace, tmp_path: Path) -> None:
    given = cases()
    pq.write_table(given, tmp_path / "given.parquet")
    read = workplace.read("given", tmp_path / "given.parquet", SCHEMA)
    asked = read.select("row", **operations(read)).order_by("row")
    with connect(threads=1) as connection:
        connection.register("given", given)
        over = table("given", SCHEMA)
        answered = connection.execute(sql(over.select("row", **operations(over)).order_by("row")))
        names = [name for name, *_ in answered.description]
        expected = [dict(zip(names, row, strict=True)) for row in answered.fetchall()]
    assert workplace.rows(asked) == expected


def small(folder: Path, rows: list[dict[str, Any]]) -> Population:
    layout = Layout(shipped().vocabulary)
    manifest = Manifest({"kind": "test"}, LOOK_THROUGH, len(rows), {"account.open": len(rows)})
    with PopulationWriter(folder, layout) as writer:
        writer.add(pa.Table.from_pylist(rows, schema=layout.schema))
        return writer.finish(manifest)


@pytest.mark.parametrize("days", [(), DATES], ids=["no accounts", "the first day and the last"])
def test_any_number_of_accounts_and_any_day(
    days: tuple[datetime.date, ...], workplace: SparkWorkplace, tmp_path: Path
) -> None:
    rows = [{"row": n, "action": "account.open", "as_of": day} for n, day in enumerate(days)]
    population = small(tmp_path / "it's a [folder]", rows)
    layout = Layout(shipped().vocabulary)
    accounts = workplace.accounts(population, layout).table
    assert [row["as_of"] for row in workplace.rows(accounts.order_by("row"))] == list(days)


def test_accounts_are_exported_once_and_whole(tmp_path: Path) -> None:
    population = small(tmp_path / "population", [{"row": 0, "action": "account.open"}])
    first = as_parquet(population)
    marks = [path.stat().st_mtime_ns for path in first.iterdir()]
    assert as_parquet(population) == first == population.folder / FOLDER
    assert [path.stat().st_mtime_ns for path in first.iterdir()] == marks
    assert len(list(population.folder.iterdir())) == 3


def test_an_export_that_fails_leaves_nothing(tmp_path: Path) -> None:
    population = small(tmp_path / "population", [{"row": 0, "action": "account.open"}])
    with duckdb.connect(population.accounts) as connection:
        connection.execute("DROP TABLE accounts")
    with pytest.raises(PopulationError, match=r"accounts\.parquet: cannot be written, look for room on the disk"):
        as_parquet(population)
    assert len(list(population.folder.iterdir())) == 2


def test_what_is_written_is_one_file(workplace: SparkWorkplace, tmp_path: Path) -> None:
    pq.write_table(cases(), tmp_path / "given.parquet")
    given = workplace.read("given", tmp_path / "given.parquet", SCHEMA)
    kept = workplace.keep("kept", given.filter(given["row"] < 50), "keeping")
    workplace.write(kept.select("row", "a.text"), tmp_path / "written.parquet")
    assert sorted(pq.read_table(tmp_path / "written.parquet")["row"].to_pylist()) == list(range(50))
    assert {path.name for path in tmp_path.iterdir()} == {"given.parquet", "kept.parquet", "written.parquet"}


def test_what_fails_there_is_said_here(workplace: SparkWorkplace, tmp_path: Path) -> None:
    """A file that is no Parquet, as a cluster finds none that it does not see."""
    (tmp_path / "given.parquet").write_text("no Parquet", "utf-8")
    with pytest.raises(SparkError, match=r"Spark failed at reading .*given\.parquet .*; look for memory and for room"):
        workplace.read("given", tmp_path / "given.parquet", SCHEMA)


def test_the_same_accounts_are_drawn_as_by_duckdb(workplace: SparkWorkplace, tmp_path: Path) -> None:
    beside = tmp_path / "duck"
    beside.mkdir()
    duck = DuckWorkplace(beside, lambda _what, _done: None)
    first, last = (ibis.literal(row, "int64") for row in (999_999_000, 1_000_000_000))
    every = duck.keep("every", ibis.range(first, last, 1).unnest().name("row").as_table(), "making accounts")
    duck.write(every, tmp_path / "every.parquet")
    here = workplace.read("every", tmp_path / "every.parquet", every.schema().to_pyarrow())
    assert drawn(here, workplace, seed="s", at_most=50) == drawn(every, duck, seed="s", at_most=50)
    duck.close()
