"""Decisions that were withheld for want of a second opinion: counted apart, and only if they are what they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import orjson
import pytest
from fixture_logs import Written

from engine import Decider, Policy
from engine.opinion import DISAGREEMENT, NO_OPINION, withheld
from engine.replay import Recorded, Replayed, Tally, Withheld, compare, replay


@pytest.fixture
def make(written: Written) -> Callable[..., Recorded]:
    """A record of a decision that was withheld over an objection, altered."""

    def make(objection: str, alter: Callable[[dict[str, Any]], object] = lambda _: None) -> Recorded:
        record = written.record("individual-no-email-no-phone")
        body = orjson.loads(record.body)
        decider = Decider(written.policy_of(body["policy"]))
        request = {"action": body["action"], "as_of": body["as_of"], "facts": orjson.loads(record.facts)}
        body["decision"] = withheld(decider, decider.case(request), "authoritative", objection).document
        alter(body)
        return attrs.evolve(record, body=orjson.dumps(body))

    return make


def test_it_is_neither_the_same_nor_different(written: Written, make: Callable[..., Recorded], shipped: Policy) -> None:
    records = [make(DISAGREEMENT), make(NO_OPINION), make(DISAGREEMENT), written.records[0]]
    for results in (replay(records, written.policy_of), compare(records, shipped)):
        tally = Tally(most=1)
        tally.add_all(results)
        assert (tally.total, tally.same, tally.differ, tally.not_replayable) == (4, 1, 0, 0)
        assert {name: seen.count for name, seen in tally.withheld.items()} == {DISAGREEMENT: 2, NO_OPINION: 1}
        assert tally.withheld[DISAGREEMENT].first == [(records[0].index, records[0].id)]


@pytest.mark.parametrize(
    "alter",
    [
        lambda body: body["decision"].update(outcome="allow", allowed=True),
        lambda body: body["decision"]["findings"][0].update(message="All is well."),
        lambda body: body["decision"]["findings"].append({"rule": "cip.collection/email"}),
        lambda body: body["decision"]["findings"][0].update(rule="ostiary.opinion/other"),
        lambda body: body.update(action="account.close"),
    ],
)
def test_what_only_says_so_differs(
    written: Written, make: Callable[..., Recorded], alter: Callable[[dict[str, Any]], object]
) -> None:
    (result,) = replay([make(DISAGREEMENT, alter)], written.policy_of)
    assert isinstance(result, Replayed)
    assert not result.is_same


def test_the_objection_is_told(written: Written, make: Callable[..., Recorded]) -> None:
    record = make(NO_OPINION)
    (result,) = replay([record], written.policy_of)
    assert isinstance(result, Withheld)
    assert (result.index, result.id, result.objection) == (record.index, record.id, NO_OPINION)
