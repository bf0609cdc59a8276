"""A population with owners resolved by another reading: each account has those that it would have been read with."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import duckdb
import pytest
from accounts_to_read import lines, policy, read, request

from engine.accounts.accounts import accounts_at
from engine.accounts.layout import DERIVED, Layout
from engine.accounts.population import PopulationError
from engine.ownership import LOOK_THROUGH, READINGS, resolve
from engine.population.ownership import with_reading

RELATED = [
    {"id": "a", "name": "A", "ownership_pct": 15, "related_to": ["b"]},
    {"id": "b", "name": "B", "ownership_pct": 15},
]
HELD = [
    {"id": "f", "kind": "entity", "owner_of": "customer", "pct": 60},
    {"id": "p", "kind": "individual", "owner_of": "f", "pct": 60, "name": "P"},
    {"id": "q", "kind": "individual", "owner_of": "customer", "pct": 20, "name": "Q", "related_to": ["r"]},
    {"id": "r", "kind": "individual", "owner_of": "customer", "pct": 20, "name": "R"},
]
CUSTOMERS = [
    {"id": "nobody"},
    {"id": "listed", "beneficial_owners": [{"id": "o", "name": "O", "ownership_pct": 30}]},
    {"id": "related", "beneficial_owners": RELATED},
    {"id": "held", "holders": HELD},
    {"id": "both", "beneficial_owners": RELATED, "holders": HELD},
    {"id": "unstated", "beneficial_owners": [{"id": "u"}], "holders": [{"id": "f", "owner_of": "customer"}]},
]


@pytest.mark.parametrize(("first", "then"), list(permutations(READINGS, 2)))
def test_every_account_has_the_owners_of_the_reading(tmp_path: Path, first: str, then: str) -> None:
    layout = Layout(policy().vocabulary)
    population = read(tmp_path / "accounts.ndjson", lines(*(request(**customer) for customer in CUSTOMERS)))
    assert population.manifest.ownership == LOOK_THROUGH
    made = with_reading(with_reading(population, layout, first), layout, then)
    assert made.manifest.ownership == then
    found = list(accounts_at(made, layout, range(len(CUSTOMERS))))
    assert [account.facts["customer"]["id"] for account in found] == [customer["id"] for customer in CUSTOMERS]
    for account in found:
        expected = resolve(account.facts["customer"], then)
        for name in DERIVED:
            told = [(dict(element), element.at) for element in account.derived[name]]
            assert told == [(dict(element), element.at) for element in expected[name]], (account.row, name)


def test_it_is_made_once(tmp_path: Path) -> None:
    layout = Layout(policy().vocabulary)
    population = read(tmp_path / "accounts.ndjson", lines(*(request(**customer) for customer in CUSTOMERS)))
    made = with_reading(population, layout, READINGS[1])
    before = made.accounts.stat().st_mtime_ns
    assert with_reading(population, layout, READINGS[1]) == made
    assert made.accounts.stat().st_mtime_ns == before


def test_one_that_is_damaged_is_made_anew(tmp_path: Path) -> None:
    layout = Layout(policy().vocabulary)
    population = read(tmp_path / "accounts.ndjson", lines(*(request(**customer) for customer in CUSTOMERS)))
    made = with_reading(population, layout, READINGS[1])
    with duckdb.connect(made.accounts) as connection:
        whole = connection.execute("SELECT count(located_in), count(*) FROM owners").fetchall()
        connection.execute("ALTER TABLE owners DROP COLUMN located_in")
    assert with_reading(population, layout, READINGS[1]) == made
    with duckdb.connect(made.accounts) as connection:
        assert connection.execute("SELECT count(located_in), count(*) FROM owners").fetchall() == whole


@pytest.mark.parametrize("reading", READINGS)
def test_a_damaged_population_has_no_other_readings(tmp_path: Path, reading: str) -> None:
    population = read(tmp_path / "accounts.ndjson", lines(*(request(**customer) for customer in CUSTOMERS)))
    with duckdb.connect(population.accounts) as connection:
        connection.execute("DROP TABLE accounts")
    with pytest.raises(PopulationError, match=r"it has no table `accounts`; remove the folder, then read or generate"):
        with_reading(population, Layout(policy().vocabulary), reading)
