"""Parquet to a population: structs, lists and flat columns, days and instants, and what no fact can be."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from accounts_to_read import facts, leftovers, policy, read, rows

from bench.shipped import DAY, requests
from engine import Decider
from engine.accounts.layout import Layout
from engine.accounts.population import PopulationError
from engine.accounts.tables import accounts_query
from engine.population.reading import ColumnsError, MisfitsError, read_population

FROM = datetime.datetime(2026, 11, 20, 8, 30, tzinfo=datetime.UTC)


def written(path: Path, columns: dict[str, Any]) -> Path:
    pq.write_table(pa.table({name: pa.array(*said) for name, said in columns.items()}), path)
    return path


def with_action(tmp_path: Path, **columns: Any) -> Path:
    """A file of one account with these columns, named with `__` for a dot; each is a list of values and a type."""
    named = {name.replace("__", "."): said for name, said in columns.items()}
    return written(tmp_path / "accounts.parquet", {"action": (["account.open"], pa.string()), **named})


def test_nested_requests_decide_as_they_are(tmp_path: Path) -> None:
    decider = Decider(policy())
    cases = [case for case in requests().values() if "training" not in case["facts"]]
    parts = sorted({part for case in cases for part in case["facts"]})
    records = [{"action": case["action"], **{part: case["facts"].get(part) for part in parts}} for case in cases]
    path = tmp_path / "accounts.parquet"
    pq.write_table(pa.Table.from_pylist(records), path, row_group_size=7)
    population = read(path)
    for case, found in zip(cases, facts(population), strict=True):
        asked = {"action": case["action"], "as_of": DAY}
        decided = decider.decide({**asked, "facts": case["facts"]}).document
        assert orjson.dumps(decider.decide({**asked, "facts": found}).document) == orjson.dumps(decided)


def test_a_population_may_be_read_from_the_columns_of_another(tmp_path: Path) -> None:
    path = tmp_path / "accounts.ndjson"
    first = read(path, b"".join(orjson.dumps(case) + b"\n" for case in requests().values()))
    with duckdb.connect(first.accounts, read_only=True) as connection:
        connection.sql(f"{accounts_query(Layout(policy().vocabulary))} ORDER BY row").write_parquet(
            str(tmp_path / "again.parquet")
        )
    kept = facts(first)
    second = read(tmp_path / "again.parquet", mapping="ignore: [row, owners, ownership_problems]\n")
    assert facts(second) == kept
    assert second.manifest.actions == first.manifest.actions


def test_days_instants_and_numbers_are_read_by_the_type_of_their_fact(tmp_path: Path) -> None:
    path = with_action(
        tmp_path,
        as_of=([datetime.date(2026, 11, 22)], pa.date32()),
        malicious=([False], pa.bool_()),
        account__opened_on=([datetime.date(1, 1, 1)], pa.date32()),
        account__closed_on=(["2026-11-22"], pa.large_string()),
        customer__access_log=(
            [[{"ip": "192.0.2.1", "at": FROM}, {"ip": None, "at": None}]],
            pa.list_(pa.struct([("ip", pa.string()), ("at", pa.timestamp("us", tz="Europe/Berlin"))])),
        ),
        customer__identity=(
            [{"verified_on": datetime.date(2026, 1, 2), "methods": ["documentary"]}],
            pa.struct([("verified_on", pa.date64()), ("methods", pa.list_(pa.dictionary(pa.int8(), pa.string())))]),
        ),
        customer__holders=(
            [[{"pct": decimal.Decimal("25.10"), "owner_of": "customer"}]],
            pa.list_(pa.struct([("pct", pa.decimal128(5, 2)), ("owner_of", pa.string())])),
        ),
        reseller__tier=([2.0], pa.float64()),
        training__ops=([10**15], pa.uint64()),
    )
    population = read(path)
    assert facts(population) == [
        {
            "account": {"opened_on": "0001-01-01", "closed_on": "2026-11-22"},
            "customer": {
                "access_log": [{"ip": "192.0.2.1", "at": "2026-11-20T09:30:00+01:00"}, {}],
                "identity": {"verified_on": "2026-01-02", "methods": ["documentary"]},
                "holders": [{"pct": 25.1, "owner_of": "customer"}],
            },
            "reseller": {"tier": 2},
            "training": {"ops": 1e15},
        }
    ]
    (row,) = rows(population)
    assert (str(row["as_of"]), row["malicious"]) == ("2026-11-22", False)


def test_nulls_and_empty_lists_say_nothing(tmp_path: Path) -> None:
    person = pa.struct([("name", pa.string()), ("emails", pa.list_(pa.string()))])
    path = written(
        tmp_path / "accounts.parquet",
        {
            "action": (["account.open"] * 3, pa.string()),
            "customer": ([None, {"name": None, "emails": []}, {"name": "Ada", "emails": None}], person),
            "reseller.tier": ([None] * 3, pa.int32()),
            "account.involves": ([None] * 3, pa.null()),
        },
    )
    assert facts(read(path)) == [{}, {}, {"customer": {"name": "Ada"}}]


NAIVE = datetime.datetime(2026, 1, 1)  # noqa: DTZ001 - what is not to be guessed


@pytest.mark.parametrize(
    ("name", "values", "type_", "detail"),
    [
        ("training__ops", [float("nan")], pa.float64(), "/facts/training/ops is not a number, or not a finite one"),
        ("training__ops", [float("-inf")], pa.float32(), "/facts/training/ops is not a number, or not a finite one"),
        ("training__ops", [2**53 + 1], pa.int64(), "/facts/training/ops is a whole number of more digits"),
        ("reseller__tier", [2**64 - 1], pa.uint64(), "/facts/reseller/tier is more than"),
        ("reseller__tier", [1.5], pa.float64(), "/facts/reseller/tier is a number, not a whole number"),
        ("account__opened_on", [NAIVE], pa.timestamp("us"), "/facts/account/opened_on is a timestamp, not a day"),
        ("account__opened_on", [FROM], pa.timestamp("s", tz="UTC"), "opened_on is a timestamp, not a day"),
        ("customer__name", [b"Ada"], pa.binary(), "/facts/customer/name is binary data"),
        ("customer__name", [NAIVE.time()], pa.time64("us"), "/facts/customer/name is of a kind that no fact has"),
        ("customer__name", [""], pa.string(), "/facts/customer/name is empty"),
        ("customer__name", [datetime.timedelta(1)], pa.duration("s"), "is of a kind that no fact has"),
        ("customer__emails", [[None]], pa.list_(pa.string()), "/facts/customer/emails/* is nothing, not text"),
        ("customer__emails", ["a@b.example"], pa.string(), "/facts/customer/emails is text, not a list"),
        ("customer__address", [{"town": "Ulm"}], pa.struct([("town", pa.string())]), "/town is not a known key"),
        ("customer__address", [{"x": NAIVE}], pa.struct([("x", pa.timestamp("s"))]), "/x is a timestamp without"),
        ("customer__address", [[("a", "b")]], pa.map_(pa.string(), pa.string()), "is of a kind that no fact has"),
        ("provider__us_person", [1], pa.int8(), "/facts/provider/us_person is a whole number, not true or false"),
        ("malicious", ["true"], pa.string(), "/malicious is not true or false"),
        ("as_of", [NAIVE], pa.timestamp("us"), "/as_of is a timestamp, not a day"),
    ],
)
def test_what_no_fact_can_be_is_a_misfit(tmp_path: Path, name: str, values: list, type_: Any, detail: str) -> None:
    with pytest.raises(MisfitsError) as refused:
        read(with_action(tmp_path, **{name: (values, type_)}))
    assert detail in str(refused.value)
    assert "row 1" in str(refused.value)
    assert leftovers(tmp_path) == []


def test_an_instant_without_a_time_zone_is_not_guessed(tmp_path: Path) -> None:
    struct = pa.list_(pa.struct([("at", pa.timestamp("us"))]))
    with pytest.raises(MisfitsError, match=r"access_log/\*/at is a timestamp without a time zone"):
        read(with_action(tmp_path, customer__access_log=([[{"at": NAIVE}]], struct)))


def test_instants_finer_than_a_microsecond_keep_what_they_say(tmp_path: Path) -> None:
    nanoseconds = pa.array([1_764_000_000_000_000_001], pa.int64()).cast(pa.timestamp("ns", tz="UTC"))
    struct = pa.StructArray.from_arrays([nanoseconds], names=["at"])
    log = pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), struct)
    path = tmp_path / "accounts.parquet"
    pq.write_table(pa.table({"action": ["account.open"], "customer.access_log": log}), path)
    (found,) = facts(read(path))
    assert found["customer"]["access_log"] == [{"at": "2025-11-24T16:00:00.000000001+00:00"}]


def test_columns_may_be_mapped_and_ignored(tmp_path: Path) -> None:
    path = written(
        tmp_path / "crm.parquet",
        {
            "kind": ([1, 2], pa.int16()),
            "countries": (["DE,FR", None], pa.string()),
            "home.city": (["Ulm", "Rom"], pa.string()),
            "blob": ([b"x", b"y"], pa.binary()),
        },
    )
    mapping = """
columns:
  kind: {path: customer.kind, values: {1: individual, 2: entity}}
  countries: {path: customer.locations_of_use, separator: ","}
  home.city: customer.address.city
set: {action: account.maintain}
ignore: [blob]
"""
    assert facts(read(path, mapping=mapping)) == [
        {"customer": {"kind": "individual", "locations_of_use": ["DE", "FR"], "address": {"city": "Ulm"}}},
        {"customer": {"kind": "entity", "address": {"city": "Rom"}}},
    ]


def test_names_of_columns_are_judged_first(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["account.open"])] * 2, names=["action", "action"])
    pq.write_table(table, tmp_path / "accounts.parquet")
    with pytest.raises(ColumnsError, match="the column `action` stands 2 times"):
        read(tmp_path / "accounts.parquet")
    with pytest.raises(ColumnsError, match=r"accounts\.parquet:1:1: the column `customer\.knd` is not a path"):
        read(with_action(tmp_path, customer__knd=(["entity"], pa.string())))


def test_a_file_that_is_no_parquet_or_has_no_row_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "accounts.parquet"
    for content in (b"", b"PAR1", b"action\naccount.open\n"):
        with pytest.raises(PopulationError, match="cannot be read as Parquet"):
            read(path, content)
    with pytest.raises(PopulationError, match="it has no row"):
        read(written(path, {"action": ([], pa.string())}))
    with pytest.raises(PopulationError, match=r"none.parquet: the file cannot be read: no such file"):
        read_population(tmp_path / "none.parquet", tmp_path / "made", policy())


def test_a_damaged_part_is_said_with_its_rows(tmp_path: Path) -> None:
    names = [f"name {number}" for number in range(20_000)]
    path = with_action(tmp_path)
    table = pa.table({"action": ["account.open"] * len(names), "customer.name": names})
    pq.write_table(table, path, row_group_size=5_000, use_dictionary=False, compression="zstd")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2_000] = b"\0" * 2_000
    with pytest.raises(PopulationError, match="and those after it cannot be read"):
        read(path, bytes(content))
    assert leftovers(tmp_path) == []
