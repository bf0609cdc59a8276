"""Populations on disk, decided as a simulation does it: each account as it is decided alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench.random_cases import RandomCases
from bench.shipped import DAY, EXAMPLE_JURISDICTIONS, RULES, complete_facts
from engine import Decider, Policy, load
from engine.accounts.layout import Layout
from engine.accounts.population import Manifest, Population
from engine.accounts.writer import PopulationWriter
from engine.evaluators.columnar.asking import Asking
from engine.evaluators.columnar.decided import ACCOUNTS_OF, FIRST, PROFILE, ROW, decide
from engine.evaluators.columnar.firings import Firing
from engine.evaluators.columnar.profile import BITS
from engine.evaluators.columnar.workplace import DuckWorkplace
from engine.language.rule_file import EFFECTS
from engine.ownership import DIRECT_ONLY, LOOK_THROUGH, SWITCH, resolve
from engine.ownership.readings import AGGREGATE_RELATED
from engine.policy.constants import Overrides
from engine.population.batch import Batch
from engine.simulation.asked import BASELINE, ask, law_on

ACCOUNTS = 400
DAYS = (DAY, "2024-01-28")
"""A day of the law, and one on which no rule set is in force."""
READINGS = {BASELINE: LOOK_THROUGH, "direct": DIRECT_ONLY, "related": AGGREGATE_RELATED}
"""Of Q01, by policy."""
Case = Mapping[str, Any]


@pytest.fixture(scope="module")
def policies() -> dict[str, Policy]:
    """The shipped rules with the example orders, under each reading of Q01."""
    return {
        key: load(RULES, EXAMPLE_JURISDICTIONS, Overrides(interpretations={SWITCH: reading}))
        for key, reading in READINGS.items()
    }


@pytest.fixture(scope="module")
def cases(policies: dict[str, Policy]) -> list[Case]:
    made = policies[BASELINE]
    drawn = RandomCases(made.vocabulary, made.places.codes, complete_facts(Decider(made)))
    rng = Random(101)
    # Everybody has somebody above the owners that are named, so that the two readings differ.
    holders = [{"id": "h", "kind": "individual", "name": "x", "owner_of": "customer", "pct": 60, "located_in": "FR"}]
    found = []
    for _ in range(ACCOUNTS):
        facts = drawn.facts(rng)
        if rng.random() < 0.5 and facts.get("customer"):
            facts["customer"]["holders"] = holders
        found.append({"action": rng.choice(made.vocabulary.enums["action"]), "facts": facts})
    return found


@pytest.fixture(scope="module")
def populations(
    policies: dict[str, Policy], cases: list[Case], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Population]:
    """The accounts with owners resolved by each reading."""
    folder, layout = tmp_path_factory.mktemp("populations"), Layout(policies[BASELINE].vocabulary)
    return {reading: written(folder / reading, layout, cases, reading) for reading in READINGS.values()}


def written(folder: Path, layout: Layout, cases: list[Case], reading: str) -> Population:
    batch = Batch(layout)
    for number, case in enumerate(cases):
        owners = resolve(case["facts"].get("customer") or {}, reading)
        batch.add(layout.sparse_row(number, case["action"], case["facts"], owners))
    with PopulationWriter(folder, layout) as writer:
        writer.add(batch.table())
        return writer.finish(Manifest({"drawn": 101}, reading, len(cases), {}))


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[DuckWorkplace]:
    place = DuckWorkplace(tmp_path, lambda _what, _done: None)
    yield place
    place.close()


def test_under_several_readings_of_ownership_each_is_decided_as_alone(
    policies: dict[str, Policy], cases: list[Case], populations: dict[str, Population], workplace: DuckWorkplace
) -> None:
    asked = ask(policies, DAYS, populations.__getitem__, workplace, further={}, labels=())
    answers = {row[PROFILE]: row for row in workplace.rows(asked.decided.answers)}
    accounts = sorted(workplace.rows(asked.decided.accounts), key=lambda account: account[ROW])
    assert [account[ROW] for account in accounts] == list(range(ACCOUNTS))
    assert sum(row[ACCOUNTS_OF] for row in answers.values()) == ACCOUNTS
    assert all(accounts[row[FIRST]][PROFILE] == profile for profile, row in answers.items())
    said = {}
    for (key, made), day in itertools.product(policies.items(), DAYS):
        decider, law, number = Decider(made), asked.law(key, day), asked.numbers[key, day]
        for account, case in zip(accounts, cases, strict=True):
            decision = decider.decide({**case, "as_of": day})
            row = answers[account[PROFILE]]
            assert EFFECTS[row[asked.outcome(key, day)]] == decision.outcome
            applied = {name_of(firing) for n, firing in enumerate(law.firings) if is_set(row, f"q{number}_f", n)}
            is_law = decision.findings[:1] != [decider.no_law]
            assert row[f"q{number}_law"] is is_law
            wanted = {(one.rule.id, one.order) for one in decision.findings} if is_law else set()
            assert applied == wanted
            said[key, day, account[ROW]] = wanted
    for day in DAYS:
        differ = [n for n in range(ACCOUNTS) if said[BASELINE, day, n] != said["direct", day, n]]
        assert bool(differ) is (day == DAY)


def name_of(firing: Firing) -> tuple[str, str]:
    return firing.rule.id, "" if firing.touch is None else firing.touch.order.id


def is_set(row: Mapping[str, Any], words: str, number: int) -> bool:
    return bool(row[f"{words}{number // BITS}"] >> number % BITS & 1)


def test_knowing_the_places_that_occur_changes_no_answer(
    policies: dict[str, Policy], populations: dict[str, Population], workplace: DuckWorkplace
) -> None:
    layout, population = Layout(policies[BASELINE].vocabulary), populations[LOOK_THROUGH]
    table = workplace.accounts(population, layout.schema)
    places = workplace.places(population)
    assert 5 < len(places) < len(policies[BASELINE].places.codes)
    told = []
    for first, known in enumerate((None, places)):
        asking = Asking([law_on(policies[BASELINE], DAY)], layout, first)
        decided = decide(asking, workplace, table, further={}, places=known)
        answers = {row.pop(PROFILE): row for row in workplace.rows(decided.answers)}
        accounts = sorted((row[ROW], row[PROFILE]) for row in workplace.rows(decided.accounts))
        told.append([list(answers[profile].values()) for _, profile in accounts])
    assert told[0] == told[1]
