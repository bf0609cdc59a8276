"""Decisions decided again by the program that decided them: the same bytes, or what is not the same."""

from __future__ import annotations

import itertools
import json
import tracemalloc
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import fixture_logs
import orjson
import pytest
from fixture_logs import Written
from small_rules import plain_policy

from engine import Decider, Policy
from engine.replay import (
    Difference,
    NotReplayable,
    NotReplayableError,
    Reason,
    Recorded,
    Replayed,
    RuleAt,
    Tally,
    compare,
    replay,
)


def one(written: Written, record: Recorded) -> Any:
    (result,) = replay([record], written.policy_of)
    return result


def altered(record: Recorded, alter: Callable[[dict[str, Any]], None]) -> Recorded:
    body = json.loads(record.body)
    alter(body)
    return attrs.evolve(record, body=orjson.dumps(body))


def test_every_decision_comes_out_in_the_same_bytes(written: Written) -> None:
    results = list(replay(written.records, written.policy_of))
    assert len(results) == len(written.places) >= 80
    assert [result for result in results if not (isinstance(result, Replayed) and result.is_same)] == []
    assert [(result.index, result.id) for result in results] == [(r.index, r.id) for r in written.records]
    assert len({result.policy for result in results}) == 2
    assert {result.difference.before for result in results} == {"allow", "restrict", "hold", "review", "deny"}


def test_a_program_is_loaded_once_however_they_alternate(written: Written) -> None:
    loaded: Counter[str] = Counter()

    def policy_of(digest: str) -> Policy:
        loaded[digest] += 1
        return written.policy_of(digest)

    first, last = written.records[:10], written.records[-10:]
    alternating = [record for pair in zip(first, last, strict=True) for record in pair]
    assert all(result.is_same for result in replay(alternating, policy_of))
    assert sorted(loaded.values()) == [1, 1]


def test_a_program_that_cannot_decide_is_asked_for_once(written: Written) -> None:
    asked = []

    def policy_of(digest: str) -> Policy:
        asked.append(digest)
        raise NotReplayableError(Reason.NO_POLICY, "gone")

    results = list(replay(written.records[:20], policy_of))
    assert {(result.reason, result.detail) for result in results} == {(Reason.NO_POLICY, "gone")}
    assert len(asked) == 1


def test_an_altered_outcome_is_found(written: Written) -> None:
    record = written.record("individual-removed-before")
    clean = altered(record, lambda body: body["decision"].update(outcome="allow", allowed=True, findings=[]))
    result = one(written, clean)
    assert (result.difference.before, result.difference.after) == ("allow", "deny")
    assert [rule.rule for rule in result.difference.fires] == ["cip.verification/removed-before"]
    assert not result.is_same


def _drop(body: dict[str, Any]) -> None:
    del body["decision"]["findings"][0]


def _add(body: dict[str, Any]) -> None:
    body["decision"]["findings"].append({**body["decision"]["findings"][0], "rule": "made.up/rule", "section": "X"})


def _reword(body: dict[str, Any]) -> None:
    body["decision"]["findings"][0]["message"] += " Or not."


def _swap(body: dict[str, Any]) -> None:
    body["decision"]["findings"].reverse()


def _need_less(body: dict[str, Any]) -> None:
    body["decision"]["needs"].pop()


EMAIL = RuleAt("cip.collection/email", "FR-2024-01580/7.302(d)(1)(iii)(D)")
SAME = Difference("hold", "hold")


ALTERED = [
    (_drop, attrs.evolve(SAME, fires=(EMAIL,))),
    (_add, attrs.evolve(SAME, silent=(RuleAt("made.up/rule", "X"),))),
    (_reword, attrs.evolve(SAME, altered=(EMAIL,))),
    (_swap, attrs.evolve(SAME, parts=("bytes",))),
    (_need_less, attrs.evolve(SAME, parts=("needs",))),
    (lambda body: body["decision"].update(duties=["none"]), attrs.evolve(SAME, parts=("duties",))),
    (lambda body: body["decision"].update(extra=1), attrs.evolve(SAME, parts=("extra",))),
    (lambda body: body["decision"].pop("allowed"), attrs.evolve(SAME, parts=("bytes",))),
    (lambda body: body["decision"]["policy"].update(as_of="2026-11-23"), attrs.evolve(SAME, parts=("policy",))),
    (lambda body: body["decision"].update(outcome="permit"), attrs.evolve(SAME, before="none")),
    (lambda body: body["decision"].update(outcome=["hold"]), attrs.evolve(SAME, before="none")),
    (lambda body: body.update(decision="hold"), attrs.evolve(SAME, before="none")),
    (lambda body: body.pop("decision"), attrs.evolve(SAME, before="none")),
    # The engine does not accept this, so it can have decided nothing.
    (lambda body: body.update(action="account.close"), attrs.evolve(SAME, after="none")),
    (lambda body: body.update(as_of="some day"), attrs.evolve(SAME, after="none")),
]


def test_what_was_altered_is_told(written: Written) -> None:
    record = written.record("individual-no-email-no-phone")
    results = list(replay([altered(record, alter) for alter, _ in ALTERED], written.policy_of))
    assert [result.difference for result in results] == [expected for _, expected in ALTERED]
    assert not any(result.is_same for result in results)


def test_other_bytes_are_not_the_same(written: Written) -> None:
    record = written.record("individual-complete")
    spaced = attrs.evolve(record, body=record.body.replace(b'"v":2', b'"v": 2'))
    assert one(written, spaced).difference == Difference("allow", "allow", parts=("bytes",))


def test_other_facts_decide_otherwise(written: Written) -> None:
    record, other = written.record("individual-complete"), written.record("individual-no-email-no-phone")
    found = one(written, attrs.evolve(record, facts=other.facts)).difference
    assert (found.before, found.after) == ("allow", "hold")
    assert found.fires[0] == EMAIL


def test_what_only_stands_beside_the_decision_is_not_decided(written: Written) -> None:
    later = altered(written.records[0], lambda body: body.update(time="2030-01-01T00:00:00.000000Z", request_id="r-1"))
    assert one(written, later).is_same


def test_the_first_version_of_a_record_is_read_too(written: Written) -> None:
    keys = ("id", "time", "action", "as_of", "policy", "request_id", "decision")
    first = []
    for record in written.records[:20]:
        second = json.loads(record.body)
        body = {"v": 1, "type": "decision", **{key: second[key] for key in keys}}
        first.append(attrs.evolve(record, body=orjson.dumps(body)))
    assert all(result.is_same for result in replay(first, written.policy_of))


def test_the_day_is_that_of_the_record(written: Written, tmp_path: Path) -> None:
    request = fixture_logs.request("individual-complete")
    request.pop("as_of", None)
    before_the_law = datetime(2023, 5, 1, 12, tzinfo=UTC)
    places = fixture_logs.write(tmp_path / "data", {"then": request}, at=before_the_law)
    places |= fixture_logs.write(tmp_path / "data", {"now": request})
    with fixture_logs.reading(tmp_path / "data") as (log, vault):
        read = Written.of(log, vault, places)
        found = {result.id: result for result in replay(read.records, written.policy_of)}
    then, now = (found[places[name].id] for name in ("then", "now"))
    assert [(then.difference.before, then.is_same), (now.difference.before, now.is_same)] == [
        ("review", True),
        ("allow", True),
    ]


@pytest.mark.parametrize(
    "reason", [Reason.FACTS_GONE, Reason.FACTS_DESTROYED, Reason.FACTS_HELD_BACK], ids=lambda reason: reason.value
)
def test_without_facts_nothing_is_guessed(
    written: Written, never: Callable[[str], Policy], shipped: Policy, reason: Reason
) -> None:
    record = attrs.evolve(written.records[0], facts=None, without=reason)
    for (result,) in (replay([record], never), compare([record], shipped)):
        assert isinstance(result, NotReplayable)
        assert (result.index, result.id, result.reason) == (record.index, record.id, reason)


def test_a_reason_of_another_kind_is_none_for_missing_facts() -> None:
    with pytest.raises(ValueError, match="without"):
        Recorded(0, "a", b"{}", None, Reason.NO_POLICY)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"body": b""}, "the record is not a JSON object"),
        ({"body": b"\xff"}, "the record is not a JSON object"),
        ({"body": b"[1]"}, "the record is not a JSON object"),
        ({"body": b'{"v":2,"type":"policy_activated"}'}, "not one of a decision"),
        ({"body": b'{"v":3,"type":"decision"}'}, "version"),
        ({"body": b'{"v":[1],"type":"decision"}'}, "version"),
        ({"body": b'{"v":2,"type":"decision","action":"account.open","as_of":null,"policy":"sha256:0"}'}, "its day"),
        ({"facts": b"{"}, "the facts are not a JSON object"),
        ({"facts": b"null"}, "the facts are not a JSON object"),
    ],
)
def test_what_is_no_record_is_not_replayable(
    written: Written, never: Callable[[str], Policy], change: dict[str, bytes], words: str
) -> None:
    (result,) = replay([attrs.evolve(written.records[0], **change)], never)
    assert isinstance(result, NotReplayable)
    assert result.reason == Reason.MALFORMED
    assert words in result.detail


def test_a_record_nested_beyond_what_can_be_written_is_not_replayable(written: Written) -> None:
    record = written.records[0]
    nested = b"[" * 400 + b"]" * 400
    deep = attrs.evolve(record, body=record.body.replace(b'"request_id":null', b'"request_id":' + nested))
    assert deep.body != record.body
    assert (one(written, deep).reason, one(written, deep).detail) == (
        Reason.MALFORMED,
        "the record is nested too deeply",
    )


def test_results_come_one_by_one(written: Written) -> None:
    endless = itertools.cycle(written.records[:3])
    assert len(list(itertools.islice(replay(endless, written.policy_of), 7))) == 7


def test_memory_does_not_grow_with_the_log() -> None:
    decider = Decider(plain_policy())
    decision = decider.decide({"action": "account.open", "as_of": "2026-11-22", "facts": {"customer": {}}}).document
    record = {"v": 2, "type": "decision", "action": "account.open", "as_of": "2026-11-22"}
    body = orjson.dumps({**record, "policy": decider.policy.digest, "decision": {**decision, "outcome": "allow"}})
    records = (Recorded(index, f"id-{index}", body, b'{"customer":{}}') for index in itertools.count())
    results = replay(records, lambda _digest: decider.policy)
    tally = Tally(most=5)
    tally.add_all(itertools.islice(results, 200))
    tracemalloc.start()
    try:
        tally.add_all(itertools.islice(results, 2_000))
        kept, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tally.total, tally.differ) == (2_200, 2_200)
    # Two thousand results that were kept would take a third of a megabyte.
    assert kept < 20_000
