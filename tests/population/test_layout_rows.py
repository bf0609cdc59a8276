"""Cases as rows and as cases again: nothing that decides is lost, whatever the facts."""

from __future__ import annotations

import json
import random

import pyarrow as pa
import pytest

from bench.random_cases import RandomCases
from bench.shipped import DAY, EXAMPLE_JURISDICTIONS, complete_facts, requests, shipped_policy
from engine import Decider
from engine.accounts.layout import Layout, NotKeptError
from engine.ownership import resolve
from engine.population.batch import Batch

CASES = 400


@pytest.fixture(scope="module")
def decider() -> Decider:
    return Decider(shipped_policy(EXAMPLE_JURISDICTIONS))


@pytest.fixture(scope="module")
def layout(decider: Decider) -> Layout:
    return Layout(decider.policy.vocabulary)


@pytest.fixture(scope="module")
def cases(decider: Decider) -> list[dict]:
    drawn = RandomCases(decider.policy.vocabulary, decider.policy.places.codes, complete_facts(decider))
    rng = random.Random(20261201)
    actions = decider.policy.vocabulary.enums["action"]
    found = [{"action": rng.choice(actions), "as_of": DAY, "facts": drawn.facts(rng)} for _ in range(CASES)]
    return [*found, *requests().values()]


def row_of(layout: Layout, decider: Decider, number: int, case: dict) -> dict:
    derived = resolve(case["facts"].get("customer") or {}, decider.reading)
    return layout.row(number, case["action"], case["facts"], derived, as_of=case.get("as_of"))


def test_the_facts_of_a_row_decide_as_those_it_was_made_of(decider: Decider, layout: Layout, cases: list[dict]) -> None:
    for number, case in enumerate(cases):
        row = row_of(layout, decider, number, case)
        again = {**case, "facts": layout.case_facts(row)}
        assert decider.decide(again).document == decider.decide(case).document


def test_rows_come_out_of_arrow_as_they_went_in(decider: Decider, layout: Layout, cases: list[dict]) -> None:
    batch = Batch(layout)
    rows = [row_of(layout, decider, number, case) for number, case in enumerate(cases)]
    for row in rows:
        batch.add(row)
    table = batch.table()
    table.validate(full=True)
    assert table.equals(pa.Table.from_pylist(rows, schema=layout.schema))
    for row, stored in zip(rows, table.to_pylist(), strict=True):
        assert layout.case_facts(stored) == layout.case_facts(row)
        assert layout.case_derived(stored) == layout.case_derived(row)
        again = {"action": row["action"], "facts": layout.case_facts(stored)}
        assert row_of(layout, decider, row["row"], again) == {**row, "as_of": None}


def test_a_batch_of_nothing_is_an_empty_table(layout: Layout) -> None:
    assert Batch(layout).table().equals(layout.schema.empty_table())


@pytest.mark.parametrize(
    ("facts", "path"),
    [
        ({"training": {"ops": 2**53 + 1}}, "training.ops"),
        ({"training": {"report": json.loads('{"a":' * 300 + "1" + "}" * 300)}}, "training.report"),
    ],
)
def test_what_a_column_cannot_hold_is_refused_and_not_rounded(layout: Layout, facts: dict, path: str) -> None:
    with pytest.raises(NotKeptError) as refused:
        layout.row(0, "training.start", facts, {"owners": (), "ownership_problems": ()})
    assert refused.value.path == path


def test_a_whole_number_may_be_written_with_a_fraction(layout: Layout) -> None:
    facts = {"reseller": {"tier": 2.0}, "training": {"ops": 2**53}}
    row = layout.row(0, "account.open", facts, {"owners": (), "ownership_problems": ()})
    assert (row["reseller.tier"], row["training.ops"]) == (2, 2.0**53)
    assert isinstance(row["reseller.tier"], int)
