"""What another program would decide on the requests in the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import fixture_logs
import orjson
import pytest
from fixture_logs import Written

from bench.shipped import JURISDICTIONS, RULES
from engine import Decider, Policy, load, load_files
from engine.policy.constants import Overrides
from engine.replay import Difference, Recorded, Replayed, Result, Tally, compare


@pytest.fixture(scope="module")
def stricter(written: Written) -> dict[str, Replayed]:
    policy = fixture_logs.loaded((RULES, fixture_logs.STRICTER), fixture_logs.MEASURES)
    return by_name(written, compare(written.records, policy))


def by_name(written: Written, results: Iterator[Result]) -> dict[str, Any]:
    names = {place.id: name for name, place in written.places.items()}
    return {names[result.id]: result for result in results}


def changes(difference: Difference) -> tuple[str, list[str], list[str], list[str]]:
    return (
        f"{difference.before} -> {difference.after}",
        *([one.rule for one in rules] for rules in (difference.fires, difference.silent, difference.altered)),
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "individual-identity-pending",
            (
                "restrict -> hold",
                ["cip.extra/purpose-of-use", "cip.extra/opening-method", "cip.verification/pending-held"],
                ["cip.verification/pending-restricted"],
                [],
            ),
        ),
        (
            "individual-identity-doubtful",
            (
                "review -> deny",
                ["cip.extra/purpose-of-use", "cip.extra/opening-method"],
                [],
                ["cip.verification/doubts"],
            ),
        ),
        (
            "individual-complete",
            ("allow -> hold", ["cip.extra/purpose-of-use", "cip.extra/opening-method"], [], []),
        ),
        ("us-citizen-in-tokyo", ("allow -> allow", [], [], [])),
    ],
)
def test_a_stricter_program_changes_what_it_should(
    stricter: dict[str, Replayed], name: str, expected: tuple[str, list[str], list[str], list[str]]
) -> None:
    found = changes(stricter[name].difference)
    assert (found[0], *map(sorted, found[1:])) == (expected[0], *map(sorted, expected[1:]))


def test_a_stricter_program_makes_nothing_milder(stricter: dict[str, Replayed]) -> None:
    order = ["allow", "restrict", "hold", "review", "deny"]
    assert len(stricter) >= 80
    for result in stricter.values():
        assert order.index(result.difference.before) <= order.index(result.difference.after)


def test_the_figures_are_those_of_deciding_one_by_one(written: Written, shipped: Policy) -> None:
    """Against the two deciders, without the records between them."""
    policy = fixture_logs.loaded((RULES, fixture_logs.STRICTER), fixture_logs.MEASURES)
    old, new = Decider(shipped), Decider(policy)
    requests = fixture_logs.requests_with("none")
    expected: dict[tuple[str, str], int] = {}
    fires: dict[str, int] = {}
    for request in requests.values():
        asked = {"as_of": "2026-11-22", **request}
        before, after = old.decide(asked), new.decide(asked)
        expected[before.outcome, after.outcome] = expected.get((before.outcome, after.outcome), 0) + 1
        for rule in {f.rule.id for f in after.findings} - {f.rule.id for f in before.findings}:
            fires[rule] = fires.get(rule, 0) + 1
    tally = Tally(most=3)
    tally.add_all(compare([written.record(name) for name in requests], policy))
    assert dict(tally.outcomes) == expected
    assert {one.rule.rule: one.decisions.count for one in tally.rules if one.change == "fires"} == fires
    assert {(one.before, one.after): one.decisions.count for one in tally.changes} == {
        pair: number for pair, number in expected.items() if pair[0] != pair[1]
    }


def test_a_changed_switch_shows_where_it_counts(written: Written) -> None:
    policy = load(RULES, JURISDICTIONS, Overrides({"Q15": "accept_other"}))
    records = [written.record(name) for name in fixture_logs.requests_with("none")]
    results = by_name(written, compare(records, policy))
    changed = {name: changes(result.difference) for name, result in results.items() if not result.is_same}
    assert changed == {"individual-post-office-box": ("hold -> allow", [], ["cip.collection/individual-address"], [])}


def test_which_program_decided_is_no_difference(written: Written, shipped: Policy) -> None:
    overlay = {"overlays/1/program.yaml": "review: {interval_days: 30}\n"}
    other = load_files({**shipped.files, **overlay})
    assert other.digest != shipped.digest
    records = [written.record(name) for name in fixture_logs.requests_with("none")]
    assert all(result.is_same for result in by_name(written, compare(records, other)).values())


def test_a_place_that_is_not_known_there_is_said_to_be_no_decision(written: Written, shipped: Policy) -> None:
    record = written.record("measure-binding")
    recorded = json.loads(record.body)["decision"]["outcome"]
    (result,) = compare([record], shipped)
    assert isinstance(result, Replayed)
    assert result.difference == Difference(recorded, "none")


def test_it_is_held_against_the_record_and_not_against_its_program(written: Written, shipped: Policy) -> None:
    body = json.loads(written.record("individual-complete").body)
    body["policy"] = "sha256:" + "0" * 64
    record = Recorded(7, "a", orjson.dumps(body), written.record("individual-complete").facts)
    (result,) = compare([record], shipped)
    assert isinstance(result, Replayed)
    assert (result.is_same, result.policy) == (True, body["policy"])
