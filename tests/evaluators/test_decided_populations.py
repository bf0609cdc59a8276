"""Populations on disk, decided as a simulation does it: each account as it is decided alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest
import small_law

from bench.agreement.sample import draw
from bench.random_cases import RandomCases
from bench.shipped import DAY, EXAMPLE_JURISDICTIONS, JURISDICTIONS, RULES, complete_facts
from engine import Decider, Policy, load
from engine.accounts.layout import ROW, Layout, NotKeptError
from engine.accounts.population import Manifest, Population
from engine.accounts.writer import PopulationWriter
from engine.evaluators.columnar import decided, elements
from engine.evaluators.columnar.asking import Asking
from engine.evaluators.columnar.decided import ACCOUNTS_OF, FIRST, PROFILE, decide
from engine.evaluators.columnar.workplace import DuckWorkplace
from engine.ownership import DIRECT_ONLY, LOOK_THROUGH, SWITCH, resolve
from engine.ownership.readings import AGGREGATE_RELATED
from engine.policy.constants import Overrides
from engine.policy.load import with_orders
from engine.population.batch import Batch
from engine.simulation.asked import BASELINE, ComesTo, ask, law_on

ORDERS = Path(__file__).resolve().parents[2] / "fixtures" / "simulations" / "orders"
ACCOUNTS = 300
PROGRAMS = 6
DAYS = (DAY, "2024-01-28")
"""A day of the law, and one on which no rule set is in force."""
READINGS = {BASELINE: LOOK_THROUGH, "direct": DIRECT_ONLY, "related": AGGREGATE_RELATED}
"""Of Q01, by policy."""
Case = Mapping[str, Any]
Found = Mapping[int, Mapping[tuple[str, str], ComesTo]]


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
    # Somebody behind somebody, whom one reading finds and another does not.
    above = {"id": "h", "kind": "entity", "name": "x", "owner_of": "customer", "pct": 100}
    behind = {"id": "i", "kind": "individual", "name": "y", "owner_of": "h", "pct": 60, "located_in": "X-FREEDONIA"}
    found = []
    for _ in range(ACCOUNTS):
        facts = drawn.facts(rng)
        if rng.random() < 0.5 and facts.get("customer"):
            facts["customer"]["holders"] = [above, behind]
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
    found = asked.at(workplace, range(ACCOUNTS))
    for day in DAYS:
        ways = [alike(found, (key, day), made, cases) for key, made in policies.items()]
        assert all(way == ways[0] for way in ways) is (day != DAY)


def test_what_comes_to_the_same_law_is_asked_once(
    policies: dict[str, Policy], cases: list[Case], populations: dict[str, Population], workplace: DuckWorkplace
) -> None:
    """An order that is not issued changes nothing, and on the days on which nothing is in force all are alike."""
    plain = policies[BASELINE]
    order = (ORDERS / "freedonia-prohibition-2027.yaml").read_text("utf-8")
    later = with_orders(plain, {"jurisdictions/measures/later.yaml": order})
    both, days = {BASELINE: plain, "later": later}, (DAY, "2024-01-27", "2024-01-28", "2027-07-10")
    asked = ask(both, days, populations.__getitem__, workplace, further={}, labels=())
    assert [asked.numbers[key, day] for key in both for day in days] == [0, 1, 1, 2, 0, 1, 1, 3]
    assert len(asked.laws) == 4
    found = asked.at(workplace, range(ACCOUNTS))
    decided = {key: [alike(found, (key, day), made, cases) for day in days] for key, made in both.items()}
    assert decided[BASELINE][:3] == decided["later"][:3]
    assert decided[BASELINE][3] != decided["later"][3]


def alike(found: Found, key: tuple[str, str], made: Policy, cases: Sequence[Case]) -> list[ComesTo]:
    """What every account comes to by the law of a policy and a day, as it does when it is decided alone."""
    decider = Decider(made)
    for row, case in enumerate(cases):
        decision = decider.decide({**case, "as_of": key[1]})
        rules = {(one.rule.id, one.order) for one in decision.findings}
        assert found[row][key] == ComesTo(decision.outcome, frozenset(rules)), case
    return [found[row][key] for row in range(len(cases))]


@pytest.mark.parametrize("number", range(PROGRAMS))
def test_under_drawn_programs(
    number: int, tmp_path: Path, workplace: DuckWorkplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few programs have so many loops over one list that it is worth taking it apart; here it is always done."""
    monkeypatch.setattr(elements, "_WORTH_IT", 1)
    sample = draw(307, number)
    made, layout = sample.policy, Layout(sample.policy.vocabulary)
    drawn = [sample.request(case) for case in range(ACCOUNTS)]
    cases = [{"action": one["action"], "facts": one["facts"]} for one in drawn if is_kept(layout, one)]
    assert len(cases) > ACCOUNTS / 2
    population = written(tmp_path / "drawn", layout, cases, made.reading(SWITCH, LOOK_THROUGH))
    ((day, _),) = Counter(one["as_of"] for one in drawn).most_common(1)
    asked = ask({BASELINE: made}, [day], lambda _: population, workplace, further={}, labels=())
    alike(asked.at(workplace, range(len(cases))), (BASELINE, day), made, cases)


def is_kept(layout: Layout, case: Case) -> bool:
    """Whether a population can have the case: some numbers are of more digits than it keeps."""
    try:
        layout.sparse_row(0, case["action"], case["facts"], resolve({}, LOOK_THROUGH))
    except NotKeptError:
        return False
    return True


def test_profiles_whose_numbers_clash_are_numbered_anew(
    policies: dict[str, Policy],
    cases: list[Case],
    populations: dict[str, Population],
    workplace: DuckWorkplace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a hash one bit is left."""
    monkeypatch.setattr(decided, "_DROPPED", 63)
    asked = ask({BASELINE: policies[BASELINE]}, [DAY], populations.__getitem__, workplace, further={}, labels=())
    alike(asked.at(workplace, range(ACCOUNTS)), (BASELINE, DAY), policies[BASELINE], cases)


def test_lists_that_databases_hash_alike_have_numbers_of_their_own(tmp_path: Path, workplace: DuckWorkplace) -> None:
    """DuckDB goes on from list to list as from element to element, and what it has of zeros is zero, however many there
    are: of accounts of which nothing holds, and of owners of whom nothing does."""
    paid = "has(customer.payments) && customer.payments.exists_one(payment, has(payment.source))"
    counted = ("!has(customer.emails)", "owners.exists_one(owner, has(owner.located_in))")
    rules = small_law.rules(tmp_path / "rules", counted, ("has(customer.trading_names)", paid))
    made = load(rules, JURISDICTIONS)
    owners, payments = (
        ({"id": "o", "located_in": "FR"}, {"id": "o"}),
        ({"kind": "card", "source": "a"}, {"kind": "card"}),
    )
    lists = [
        {"beneficial_owners": list(some), "payments": list(others)}
        for many, more in product(range(4), range(3))
        for some in product(owners, repeat=many)
        for others in product(payments, repeat=more)
    ]
    # The law is about other actions.
    cases: list[Case] = [{"action": "training.start", "facts": {"customer": customer}} for customer in lists]
    population = written(tmp_path / "lists", Layout(made.vocabulary), cases, made.reading(SWITCH, LOOK_THROUGH))
    asked = ask({BASELINE: made}, [DAY], lambda _: population, workplace, further={}, labels=())
    alike(asked.at(workplace, range(len(cases))), (BASELINE, DAY), made, cases)
    answers = workplace.rows(asked.decided.answers)
    assert len(answers) == len(lists)
    # None had to be numbered by its first row.
    assert all(answer[PROFILE] > len(lists) for answer in answers)


def test_knowing_the_places_that_occur_changes_no_answer(
    policies: dict[str, Policy], populations: dict[str, Population], workplace: DuckWorkplace
) -> None:
    layout, population = Layout(policies[BASELINE].vocabulary), populations[LOOK_THROUGH]
    accounts = workplace.accounts(population, layout)
    assert accounts.places is not None
    assert 5 < len(accounts.places) < len(policies[BASELINE].places.codes)
    told = []
    for first, known in enumerate((None, accounts.places)):
        asking = Asking([law_on(policies[BASELINE], DAY)], layout, first)
        done = decide(asking, workplace, attrs.evolve(accounts, places=known))
        answers = {row.pop(PROFILE): row for row in workplace.rows(done.answers)}
        rows = sorted((row[ROW], row[PROFILE]) for row in workplace.rows(done.accounts))
        told.append([list(answers[profile].values()) for _, profile in rows])
    assert told[0] == told[1]
