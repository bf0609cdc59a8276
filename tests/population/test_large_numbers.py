"""Numbers and days that no column can hold are misfits of their rows, and it is said what to do about each."""

from __future__ import annotations

import decimal
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from accounts_to_read import facts, read

from engine.population.reading import MisfitsError

LARGEST = 2**63 - 1


def refused(path: Path, content: bytes | None = None) -> str:
    with pytest.raises(MisfitsError) as caught:
        read(path, content)
    return re.sub(r"\s+", " ", str(caught.value))


@pytest.mark.parametrize(
    ("fact", "number", "says", "do"),
    [
        ("tier", "9223372036854775808", "has a whole number beyond 64 bits", "write a large number with an exponent"),
        ("tier", "1" * 500, "has a number that is more than a number can be", "write at most `1.7e308`"),
        ("tier", "1e30", "is more than 9223372036854775807", "write one of fewer digits"),
        ("ops", "1e400", "has a number that is more than a number can be", "write at most `1.7e308`"),
        ("ops", "-1e400", "has a number that is more than a number can be", "write at most `1.7e308`"),
        ("ops", "9007199254740993", "of more digits than a number can keep exactly", "write fewer digits"),
        ("ops", "-1", "is less than 0", "write a number of at least 0"),
        ("ops", "NaN", "is not well-formed JSON", "write it as RFC 8259 has it"),
    ],
)
def test_in_a_line_of_json(tmp_path: Path, fact: str, number: str, says: str, do: str) -> None:
    part = {"tier": "reseller", "ops": "training"}[fact]
    lines = [
        f'{{"action": "account.open", "facts": {{"{part}": {{"{fact}": {said}}}}}}}\n' for said in ("1", number, "2")
    ]
    said = refused(tmp_path / "accounts.ndjson", "".join(lines).encode())
    assert "1 of 3 lines does not fit" in said
    assert says in said
    assert f"line 2; {do}" in said


@pytest.mark.parametrize(
    ("path", "cell", "says", "do"),
    [
        ("reseller.tier", str(2**63), "has more digits than a whole number can have", "write at most 18"),
        ("reseller.tier", "-" + "1" * 500, "has more digits than a whole number can have", "write at most 18"),
        ("training.ops", "1e999", "is more than a number can be", "write at most `1.7e308`"),
        ("training.ops", "9007199254740993", "of more digits than a number can keep exactly", "write fewer digits"),
        ("account.opened_on", "10000-01-01", "is not a day that exists", "write it as YYYY-MM-DD"),
    ],
)
def test_in_a_cell(tmp_path: Path, path: str, cell: str, says: str, do: str) -> None:
    content = f"action,{path}\naccount.open,\naccount.open,{cell}\n"
    said = refused(tmp_path / "accounts.csv", content.encode())
    assert f"column `{path}`, /facts/{path.replace('.', '/')}" in said
    assert says in said
    assert f"line 3; {do}" in said


DAYS = ("is no day and no instant that can be kept", "write days and instants of the years 1 to 9999")


@pytest.mark.parametrize(
    ("path", "values", "says", "do"),
    [
        (
            "reseller.tier",
            pa.array([1, 2**64 - 1], pa.uint64()),
            f"is more than {LARGEST}",
            "write one of fewer digits",
        ),
        ("reseller.tier", pa.array([1.0, 1e30]), f"is more than {LARGEST}", "write one of fewer digits"),
        (
            "reseller.tier",
            pa.array([decimal.Decimal(1), decimal.Decimal(10**30)], pa.decimal128(38, 1)),
            f"is more than {LARGEST}",
            "write one of fewer digits",
        ),
        ("training.ops", pa.array([1, 2**53 + 1]), "more digits than a number can keep exactly", "write fewer digits"),
        ("account.opened_on", pa.array([0, 3_000_000], pa.int32()).cast(pa.date32()), *DAYS),
        ("account.opened_on", pa.array([0, -1_000_000], pa.int32()).cast(pa.date32()), *DAYS),
        ("customer.identity.verified_on", pa.array([0, 2**62], pa.int64()).cast(pa.date64(), safe=False), *DAYS),
        (
            "customer.access_log",
            pa.array([[{"at": at}] for at in (0, 2**62)], pa.list_(pa.struct({"at": pa.timestamp("us", "UTC")}))),
            *DAYS,
        ),
    ],
)
def test_in_a_column(tmp_path: Path, path: str, values: pa.Array, says: str, do: str) -> None:
    file = tmp_path / "accounts.parquet"
    pq.write_table(pa.table({"action": ["account.open"] * 2, path: values}), file)
    said = refused(file)
    assert "1 of 2 rows does not fit" in said
    assert f"column `{path}`" in said
    assert says in said
    assert f"row 2; {do}" in said


def test_the_other_rows_of_a_column_are_read(tmp_path: Path) -> None:
    days = pa.array([19_782, 3_000_000, None, 19_783], pa.int32()).cast(pa.date32())
    file = tmp_path / "accounts.parquet"
    pq.write_table(pa.table({"action": ["account.open"] * 4, "account.opened_on": days}), file)
    population = read(file, leave_out=True)
    assert facts(population) == [{"account": {"opened_on": "2024-02-29"}}, {}, {"account": {"opened_on": "2024-03-01"}}]
    assert list(population.manifest.left_out_because.values()) == [1]
