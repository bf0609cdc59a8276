"""A population put to policies by DuckDB and by Spark: the same tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_accounts import DAY, FICTION, shipped

from bench.shipped import EXAMPLE_JURISDICTIONS, RULES
from engine import Policy, load
from engine.accounts.layout import AT, Layout
from engine.accounts.population import Population
from engine.evaluators.columnar.decided import FIRST, PROFILE
from engine.evaluators.columnar.spark import SparkWorkplace
from engine.evaluators.columnar.workplace import DuckWorkplace, Workplace
from engine.language.source import Source
from engine.ownership import DIRECT_ONLY, LOOK_THROUGH, SWITCH
from engine.policy.constants import Overrides
from engine.population.generate import distributions, generate
from engine.program.expressions import Expr, Size
from engine.program.paths import Paths
from engine.simulation.asked import Asked, ask

ACCOUNTS = 2000
DAYS = ("2026-07-09",)
Populations = Callable[[str], Population]


@pytest.fixture(scope="module")
def policies() -> dict[str, Policy]:
    """Two that read Q01 otherwise: each has its own owners, and is asked on its own before the two are merged."""
    other = Overrides(interpretations={SWITCH: DIRECT_ONLY})
    return {"": load((RULES,), EXAMPLE_JURISDICTIONS), "other": load((RULES,), EXAMPLE_JURISDICTIONS, other)}


@pytest.fixture(scope="module")
def populations(policies: dict[str, Policy], tmp_path_factory: pytest.TempPathFactory) -> Populations:
    folder = tmp_path_factory.mktemp("populations")
    own = distributions(policies[""].places, Source(FICTION.name, FICTION.read_text("utf-8")))
    made = {
        reading: generate(folder / reading, policy, own, accounts=ACCOUNTS, seed=4, as_of=DAY)
        for reading, policy in ((LOOK_THROUGH, policies[""]), (DIRECT_ONLY, policies["other"]))
    }
    return made.__getitem__


def asked_by(workplace: Workplace, policies: dict[str, Policy], populations: Populations) -> Asked:
    paths = Paths(shipped().vocabulary)
    further: dict[str, Expr] = {"place": paths.fact("customer.located_in"), "owners": Size(paths.derived("owners"))}
    return ask(policies, DAYS, populations, workplace, further=further, labels=["malicious"])


def tables(asked: Asked, workplace: Workplace) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """With the first account of each profile for its number, which each engine makes in its own way."""
    accounts = sorted(workplace.rows(asked.decided.in_words), key=lambda row: row["row"])
    answers = sorted(workplace.rows(asked.decided.answers), key=lambda row: row[FIRST])
    first = {row[PROFILE]: row[FIRST] for row in answers}
    assert len(first) == len(answers)
    for row in (*accounts, *answers):
        row[PROFILE] = first[row[PROFILE]]
    return accounts, answers


def test_the_same_tables(
    workplace: SparkWorkplace, policies: dict[str, Policy], populations: Populations, tmp_path: Path
) -> None:
    by_spark = tables(asked_by(workplace, policies, populations), workplace)
    (tmp_path / "duck").mkdir()
    duck = DuckWorkplace(tmp_path / "duck", lambda _what, _done: None)
    by_duck = tables(asked_by(duck, policies, populations), duck)
    duck.close()
    assert len(by_spark[0]) == ACCOUNTS
    assert len({row["q1_outcome"] for row in by_spark[1]}) > 2
    assert by_spark == by_duck


def test_the_accounts_are_what_they_were(workplace: SparkWorkplace, populations: Populations) -> None:
    """Through Parquet, every column of every account."""
    population = populations(LOOK_THROUGH)
    layout = Layout(shipped().vocabulary)
    accounts = workplace.accounts(population, layout)
    read = workplace.rows(accounts.table)
    duck = DuckWorkplace(workplace.folder, lambda _what, _done: None)
    kept = duck.rows(duck.accounts(population, layout).table)
    duck.close()
    assert sorted(read, key=lambda row: row["row"]) == sorted(kept, key=lambda row: row["row"])
    assert any(owner[AT] for row in read for owner in row["owners"] or ())
    assert accounts.places is not None
    assert accounts.places >= {row["customer.located_in"] for row in read} - {None}
