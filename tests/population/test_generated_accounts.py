"""Generated accounts: they are cases like any other, their owners are those that the engine finds, and they vary."""

from __future__ import annotations

import datetime
import hashlib
from collections import Counter
from pathlib import Path

import duckdb
import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_accounts import DAY, FICTION, rows, shipped, stated

from engine import Decider, load
from engine.accounts.layout import Layout
from engine.accounts.population import open_population
from engine.accounts.tables import accounts_query
from engine.language.source import Source
from engine.ownership import DIRECT_ONLY, LOOK_THROUGH, READINGS, resolve
from engine.population.generate import GENERATOR, distributions, generate
from engine.population.generate.chunk import CHUNK
from engine.population.generate.distributions import SHIPPED

LAYOUT = Layout(shipped().vocabulary)
GRAPHS = {
    "graphs": {
        "entities": 0.9,
        "depths": {"1": 1, "2": 1, "3": 1},
        "elsewhere": 0.3,
        "listed_too": 0.5,
        "partly_known": 0.3,
        "circles": 0.3,
        "share_unknown": 0.2,
        "opaque": 0.3,
    },
    "customers": {
        "kinds": {"entity": 1, "individual": 0},
        "organized_elsewhere": 0.5,
        "branches": 0.2,
        "businesses": 0.5,
        "other_names": 0.5,
        "removed_before": 0.1,
        "discrepancies": 0.5,
        "further_facts": 0.5,
    },
}


def request(row: dict, day: datetime.date = DAY) -> dict:
    return {"action": row["action"], "as_of": day.isoformat(), "facts": LAYOUT.case_facts(row)}


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**63 - 1),
    chunk=st.integers(0, 20_000),
    day=st.dates(datetime.date(2000, 1, 1), datetime.date(2099, 12, 31)),
    reading=st.sampled_from(READINGS),
    parts=st.sampled_from([{}, GRAPHS]),
)
def test_a_generated_row_is_a_case_and_its_owners_are_those_the_engine_finds(
    seed: int, chunk: int, day: datetime.date, reading: str, parts: dict
) -> None:
    decider = Decider(shipped())
    for row in rows(60, seed=seed, chunk=chunk, day=day, reading=reading, of=stated(parts)):
        case = decider.case(request(row, day))
        resolved = resolve(case.facts["customer"], reading)
        derived = LAYOUT.case_derived(row)
        for name in ("owners", "ownership_problems"):
            assert derived[name] == list(resolved[name])
            assert [element.at for element in derived[name]] == [element.at for element in resolved[name]]
        again = LAYOUT.row(row["row"], row["action"], case.facts, resolved, malicious=row["malicious"])
        assert pa.Table.from_pylist([again], schema=LAYOUT.schema).to_pylist() == [row]


def test_every_problem_but_those_of_contradicting_records_occurs_in_graphs() -> None:
    found = {
        problem["problem"] for row in rows(2_000, of=stated(GRAPHS)) for problem in row["ownership_problems"] or ()
    }
    assert found == {"cycle", "unknown_share", "opaque", "part_unknown", "incomplete", "over_100"}


def test_a_reading_of_ownership_changes_who_is_an_owner() -> None:
    through, direct = (rows(300, of=stated(GRAPHS), reading=reading) for reading in (LOOK_THROUGH, DIRECT_ONLY))
    assert [row["owners"] for row in through] != [row["owners"] for row in direct]
    assert [LAYOUT.case_facts(row) for row in through] == [LAYOUT.case_facts(row) for row in direct]


def test_the_shipped_rules_have_all_outcomes_for_them() -> None:
    decider = Decider(shipped())
    decisions = [decider.decide(request(row)) for row in rows(2_000)]
    outcomes = Counter(decision.outcome for decision in decisions)
    assert set(outcomes) == {"allow", "restrict", "hold", "review", "deny"}
    assert 0.6 < outcomes["allow"] / len(decisions) < 0.8
    assert min(outcomes.values()) >= 10
    assert len({finding.rule.id for decision in decisions for finding in decision.findings}) >= 45


def test_the_first_accounts_are_the_same_whatever_their_number() -> None:
    assert rows(2_000)[:700] == rows(700)
    assert rows(40, chunk=3)[:7] == rows(7, chunk=3)


def test_a_seed_gives_the_same_accounts_forever() -> None:
    # When this changes on purpose, raise GENERATOR: manifests name it with the seed.
    found = rows(100) + rows(100, of=stated(GRAPHS))
    text = orjson.dumps([request(row) | {"owners": row["owners"]} for row in found], option=orjson.OPT_SORT_KEYS)
    assert (GENERATOR, hashlib.sha256(text).hexdigest()[:16]) == (1, "eeefe4fe46cab582")


def test_another_seed_chunk_or_day_gives_other_accounts() -> None:
    facts = [
        orjson.dumps([LAYOUT.case_facts(row)["product"] for row in found])
        for found in (rows(50), rows(50, seed=2), rows(50, chunk=1))
    ]
    assert len(set(facts)) == 3
    later = rows(50, day=DAY + datetime.timedelta(days=1))
    assert [row["account.opened_on"] for row in later] != [row["account.opened_on"] for row in rows(50)]


def test_nobody_is_named_twice() -> None:
    found = rows(3_000) + rows(3_000, chunk=1)
    for path in ("customer.id", "customer.name", "account.id"):
        values = [row[path] for row in found if row[path] is not None]
        assert len(set(values)) == len(values)


def share(found: list[dict], *, malicious: bool, path: str, values: set) -> float:
    of_kind = [row for row in found if row["malicious"] == malicious]
    return sum(row[path] in values for row in of_kind) / len(of_kind)


def test_labelled_accounts_have_the_traits_that_are_said_of_them() -> None:
    found = rows(10_000, of=stated(share=0.3))
    assert 0.28 < sum(row["malicious"] for row in found) / len(found) < 0.32
    for path, values in (
        ("customer.located_in", {"IS", "LU", "UY"}),
        ("reseller.tier", {2, 3}),
        ("reseller.us_person", {False}),
    ):
        often, seldom = (share(found, malicious=kind, path=path, values=values) for kind in (True, False))
        assert often > 1.5 * seldom > 0, path


def test_without_malicious_accounts_nothing_is_labelled(tmp_path: Path) -> None:
    assert {row["malicious"] for row in rows(100, of=stated(share=0))} == {None}
    assert {row["malicious"] for row in rows(100, of=stated(share=1))} == {True}
    made = generate(tmp_path / "made", shipped(), stated(share=0), accounts=100, seed=1, as_of=DAY)
    assert (made.manifest.malicious, made.manifest.legitimate) == (0, 0)


def test_chance_and_weights_are_what_they_say() -> None:
    weights = stated().weights("places")
    found = Counter(row["customer.located_in"] for row in rows(8_000, of=stated(share=0)))
    for code in ("US", "DE", "IN"):
        expected = weights[code] / sum(weights.values())
        assert found[code] / 8_000 == pytest.approx(expected, abs=0.015)
    assert set(found) <= set(weights)


def test_a_population_of_several_chunks_is_written_whole(tmp_path: Path) -> None:
    told: list[int] = []
    accounts = CHUNK + 1_234
    made = generate(tmp_path / "made", shipped(), stated(), accounts=accounts, seed=5, as_of=DAY, progress=told.append)
    assert told == [CHUNK, 1_234]
    opened = open_population(tmp_path / "made")
    assert opened.manifest == made.manifest
    assert made.manifest.source == {
        "kind": "generated",
        "generator": GENERATOR,
        "seed": 5,
        "accounts": accounts,
        "as_of": "2026-12-01",
        "malicious_share": 0.02,
        "distributions": stated().digest,
    }
    with duckdb.connect(opened.accounts, read_only=True) as connection:
        query = "SELECT count(*), count(DISTINCT row), max(row), sum(malicious::int), min(row) FROM accounts"
        assert connection.execute(query).fetchall() == [(accounts, accounts, accounts - 1, made.manifest.malicious, 0)]
        columns = accounts_query(Layout(shipped().vocabulary))
        stored = connection.sql(f"{columns} WHERE row >= {CHUNK} AND row < {CHUNK} + 20 ORDER BY row")
        assert stored.to_arrow_table().to_pylist() == rows(20, seed=5, chunk=1)
    assert sum(made.manifest.actions.values()) == accounts


def test_places_of_fiction_come_from_a_file_that_says_so() -> None:
    policy = load([SHIPPED.parents[3] / "rules"], FICTION.parents[1] / "jurisdictions")
    own = distributions(policy.places, Source(FICTION.name, FICTION.read_text("utf-8")))
    found = rows(3_000, of=own)
    assert {row["customer.located_in"] for row in found} == set(own.weights("places"))
    often, seldom = (
        share(found, malicious=kind, path="customer.located_in", values={"X-FREEDONIA", "X-FREEDONIA-SOUTH"})
        for kind in (True, False)
    )
    assert often > 5 * seldom
    decider = Decider(policy)
    findings = {finding.rule.id for row in found for finding in decider.decide(request(row)).findings}
    assert "measures.jurisdiction/prohibited" in findings
