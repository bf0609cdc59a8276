"""Accounts drawn at random: the same for a seed, each as likely, and no more than asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import ibis
import ibis.expr.types as ir
import pytest

from engine.evaluators.columnar.drawing import drawn
from engine.evaluators.columnar.workplace import DuckWorkplace

MOST_ACCOUNTS = 1_000_000_000


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckWorkplace]:
    made = DuckWorkplace(tmp_path_factory.mktemp("work"), lambda _what, _done: None)
    yield made
    made.close()


def accounts(workplace: DuckWorkplace, name: str, first: int, last: int, step: int = 1) -> ir.Table:
    rows = ibis.range(ibis.literal(first, "int64"), ibis.literal(last, "int64"), step).unnest().name("row")
    return workplace.keep(name, rows.as_table(), "making accounts")


def test_few_are_all_drawn_and_many_are_not(workplace: DuckWorkplace) -> None:
    few = accounts(workplace, "few", 0, 40)
    assert sorted(drawn(few, workplace, seed="s", at_most=50)) == list(range(40))
    assert drawn(few, workplace, seed="s", at_most=10) == drawn(few, workplace, seed="s", at_most=40)[:10]
    assert drawn(few, workplace, seed="s", at_most=10) != drawn(few, workplace, seed="other", at_most=10)


def test_the_last_rows_of_the_largest_population_are_drawn_like_others(workplace: DuckWorkplace) -> None:
    last = accounts(workplace, "last", MOST_ACCOUNTS - 1_000, MOST_ACCOUNTS)
    rows = drawn(last, workplace, seed="s", at_most=100)
    assert len(set(rows)) == 100
    assert set(rows) <= set(range(MOST_ACCOUNTS - 1_000, MOST_ACCOUNTS))


def test_each_row_is_as_likely_as_any_other(workplace: DuckWorkplace) -> None:
    every = accounts(workplace, "every", 0, 1_000, 10)
    draws = 400
    times = Counter(row for n in range(draws) for row in drawn(every, workplace, seed=f"{n}", at_most=25))
    # A quarter of 400 draws, and five standard deviations of about nine.
    assert len(times) == 100
    assert all(abs(count - draws / 4) < 45 for count in times.values())
