"""Beside the accounts of a population: the elements of their lists as rows, and how many there are."""

from __future__ import annotations

from pathlib import Path

import duckdb
from made_accounts import DAY, shipped, stated

from engine.accounts.layout import Layout, size_of
from engine.population.generate import generate

ACCOUNTS = 1500


def test_elements_are_those_of_the_lists(tmp_path: Path) -> None:
    policy = shipped()
    population = generate(tmp_path / "made", policy, stated(), accounts=ACCOUNTS, seed=9, as_of=DAY)
    layout = Layout(policy.vocabulary)
    found = {}
    with duckdb.connect(population.accounts, read_only=True) as connection:
        for name in layout.lists:
            accounts = connection.table("accounts").project(f'row, "{name}", "{size_of(name)}"')
            rows = accounts.order("row").fetchall()
            beside = connection.execute(f'FROM "{name}"')
            columns = [column for column, *_ in beside.description or ()]
            elements = [dict(zip(columns, values, strict=True)) for values in beside.fetchall()]
            by_row = {row: [{"row": row, **one} for one in in_list or ()] for row, in_list, _ in rows}
            for row in {element["row"] for element in elements}:
                assert [one for one in elements if one["row"] == row] == by_row[row], (name, row)
            assert len(elements) == sum(map(len, by_row.values()))
            assert [size for *_, size in rows] == [None if in_list is None else len(in_list) for _, in_list, _ in rows]
            found[name] = len(elements)
    assert {"owners", "customer.beneficial_owners", "customer.payments", "customer.holders"} <= {
        name for name, elements in found.items() if elements > 10
    }
