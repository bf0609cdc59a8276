"""Beside the accounts of a population: the elements of their derived lists as rows, and how many each list has."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from made_accounts import DAY, shipped, stated

from engine.accounts.layout import Layout, size_of
from engine.accounts.population import Population
from engine.population.generate import generate


@pytest.fixture(scope="module")
def population(tmp_path_factory: pytest.TempPathFactory) -> Population:
    folder = tmp_path_factory.mktemp("made") / "population"
    return generate(folder, shipped(), stated(), accounts=1500, seed=9, as_of=DAY)


@pytest.fixture
def connection(population: Population) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(population.accounts, read_only=True) as opened:
        yield opened


@pytest.mark.parametrize("name", ["owners", "ownership_problems"])
def test_elements_are_those_of_the_lists(name: str, connection: duckdb.DuckDBPyConnection) -> None:
    lists = connection.table("accounts").project(f'row, "{name}"').order("row").fetchall()
    asked = connection.execute(f'FROM "{name}"')
    columns = [column for column, *_ in asked.description or ()]
    beside = [dict(zip(columns, values, strict=True)) for values in asked.fetchall()]
    # Those of an account stand in the order of its list; accounts in any.
    assert sorted(beside, key=lambda element: element["row"]) == [
        {"row": row, **element} for row, elements in lists for element in elements or ()
    ]
    assert beside


def test_sizes_are_those_of_the_lists(connection: duckdb.DuckDBPyConnection) -> None:
    found = {}
    for name in Layout(shipped().vocabulary).lists:
        rows = connection.table("accounts").project(f'"{name}", "{size_of(name)}"').fetchall()
        assert [size for _, size in rows] == [None if elements is None else len(elements) for elements, _ in rows]
        found[name] = sum(size or 0 for _, size in rows)
    assert len(found) == 8
    assert all(
        found[name] for name in ("owners", "customer.beneficial_owners", "customer.payments", "customer.holders")
    )
