"""Decisions that other evaluators are asked about: afterwards, and before the answer."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import attrs
import contrary_evaluator
import orjson
import pytest
from asking_others import NAME, about, decide, differing, figure, opinions, register, wait_until
from contrary_evaluator import Contrary
from flask import Flask
from flask.testing import FlaskClient
from problem_shape import check_problem_answer

from api.app import create_app
from api.application import service_of
from api.record import existing_vault
from api.replayable import policy_of, recorded
from api.second_opinion import afterwards, alarm, asked
from api.service import DecisionService
from api.settings import Settings, SettingsError
from engine import Policy
from engine.audit import DecisionLog
from engine.audit.layout import ANCHOR
from engine.audit.verify import read_anchor
from engine.audit.whole import trusting, verify_store
from engine.replay import Tally, replay

EMAIL = "cip.collection/email"


@pytest.fixture
def start(
    policy: Policy,
    make_settings: Callable[[Path], Settings],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Callable[..., Flask]]:
    """A service whose decisions other evaluators are asked about: all of them, unless a share is said."""
    made: list[Flask] = []

    def start(*names: str, percent: float = 100, strict: bool = False, **arguments: object) -> Flask:
        register(monkeypatch, *names)
        settings = make_settings(tmp_path / "data")
        settings = attrs.evolve(settings, second_opinion=percent, strict_second_opinion=strict)
        app = create_app(settings, **{"policy": policy, **arguments})
        made.append(app)
        return app

    contrary_evaluator.HELD.clear()
    yield start
    contrary_evaluator.HELD.set()
    for app in made:
        service_of(app).close()


@pytest.fixture
def app(start: Callable[..., Flask]) -> Flask:
    return start("contrary")


@pytest.fixture
def strict(start: Callable[..., Flask]) -> Flask:
    return start("contrary", strict=True)


def bodies(service: DecisionService) -> bytes:
    return b"\n".join(entry.body for entry in service.log.entries())


# ---- Afterwards ------------------------------------------------------------------------------------------------------


def test_who_agrees_is_counted_and_nothing_else_is_said(client: FlaskClient, service: DecisionService) -> None:
    assert decide(client, "fine").json["outcome"] == "hold"
    wait_until(lambda: opinions(client) == {"same": 1})
    assert not differing(service)
    assert client.get("/readyz").json == {"status": "ready"}


def test_all_that_may_be_counted_is_there_from_the_start(start: Callable[..., Flask]) -> None:
    """Prometheus sees no increase in a series that begins with its first occurrence."""
    lines = start("contrary", "steady", "absent").test_client().get("/metrics").text.splitlines()
    found = {line.removesuffix(" 0.0") for line in lines if line.startswith("ostiary_") and line.endswith(" 0.0")}
    outcomes = ("allow", "restrict", "hold", "review", "deny")
    assert found == {
        *(f'ostiary_decisions_total{{mode="authoritative",outcome="{outcome}"}}' for outcome in outcomes),
        "ostiary_decisions_missing_total",
        *(
            f'ostiary_{series}{{evaluator="{name}",{label}="{value}"}}'
            for name in ("contrary", "steady")
            for series, label, values in (
                ("second_opinions_total", "verdict", ("same", "different", "none")),
                ("second_opinions_missing_total", "reason", WHY),
            )
            for value in values
        ),
        "ostiary_second_opinions_dropped_total",
        "ostiary_second_opinions_waiting",
        *(f'ostiary_evaluator_restarts_total{{evaluator="{name}"}}' for name in ("compiled", "contrary", "steady")),
    }


def test_a_wrong_allow_is_on_record_with_both_opinions(
    client: FlaskClient, service: DecisionService, caplog: pytest.LogCaptureFixture
) -> None:
    answer = decide(client, "leaves-out").json
    wait_until(lambda: differing(service))
    (record,) = differing(service)
    assert record["decision"] == {"id": answer["id"], "leaf": answer["log"]["leaf"], "withheld": False}
    assert (record["policy"], record["as_of"]) == (service.policy.digest, answer["policy"]["as_of"])
    decided, other = record["opinions"]
    assert (decided["evaluator"], decided["verdict"], other["evaluator"], other["verdict"]) == (
        *("compiled", "decided"),
        *("contrary", "different"),
    )
    assert decided["decision"] == {key: value for key, value in answer.items() if key not in {"id", "log"}}
    assert (other["decision"]["outcome"], other["decision"]["findings"]) == ("allow", [])
    assert list(other["decision"]) == list(decided["decision"])
    assert opinions(client) == {"different": 1}
    (said,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert f"{answer['id']}: `compiled` says hold, `contrary` allow;" in said.getMessage()
    ready = client.get("/readyz")
    assert ready.status_code == 200
    warning = ready.json["warnings"][0]
    assert f"decision {answer['id']} (entry " in warning
    assert ": `compiled` says hold, `contrary` allow; look into it" in warning


def test_nothing_of_the_facts_is_on_record(client: FlaskClient, service: DecisionService) -> None:
    """However an evaluator is broken: what no rule can say is no opinion."""
    for wrong in contrary_evaluator.WRONGS.keys() - {"hangs", "dies-slowly"}:
        decide(client, wrong)
    wait_until(lambda: sum(opinions(client).values()) == 7)
    text = client.get("/metrics").text
    wait_until(lambda: differing(service))
    reasons = {why: figure(text, "second_opinions_missing_total", evaluator="contrary", reason=why) for why in WHY}
    assert reasons == {"unable": 1, "defect": 2, "nonsense": 3, "late": 0}
    assert len(differing(service)) == 1
    for canary in (NAME, "Quux", "49305550100"):
        assert canary.encode() not in bodies(service)
        assert canary not in text


WHY = ("unable", "defect", "nonsense", "late")


def test_who_has_no_opinion_is_told_of_until_it_has_one(
    client: FlaskClient, service: DecisionService, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert decide(client, "dies").json["outcome"] == "hold"
    wait_until(lambda: opinions(client) == {"none": 3})
    ready = client.get("/readyz")
    assert (ready.status_code, len(ready.json["warnings"])) == (200, 1)
    assert "contrary" in ready.json["warnings"][0]
    # Once in a while, and not each time.
    assert len([record for record in caplog.records if "no second opinion" in record.getMessage()]) == 1
    assert figure(client.get("/metrics").text, "evaluator_restarts_total", evaluator="contrary") == 3
    assert [record.getMessage() for record in caplog.records if "replaced" in record.getMessage()] == [
        "contrary: what it runs was replaced, it was called `dies` (1 since this was last said)"
    ]
    decide(client, "fine")
    wait_until(lambda: opinions(client) == {"none": 3, "same": 1})
    assert client.get("/readyz").json == {"status": "ready"}
    assert not differing(service)


def test_the_answer_goes_out_first(client: FlaskClient) -> None:
    answer = client.post("/v1/decisions", json=about("fine"))
    assert answer.json["outcome"] == "hold"
    assert figure(client.get("/metrics").text, "second_opinions_waiting") == 0
    assert opinions(client) == {}
    answer.close()
    wait_until(lambda: opinions(client) == {"same": 1})


def test_items_of_a_batch_are_asked_about_one_by_one(client: FlaskClient, service: DecisionService) -> None:
    items = [about("fine"), {"action": "nothing"}, about("leaves-out"), about("fine")]
    answers = client.post("/v1/decisions/batch", json=items, buffered=True).json
    wait_until(lambda: sum(opinions(client).values()) == 3)
    assert opinions(client) == {"same": 2, "different": 1}
    wait_until(lambda: differing(service))
    assert [record["decision"]["id"] for record in differing(service)] == [answers[2]["id"]]


def test_a_decision_asked_for_again_is_not_asked_about_again(client: FlaskClient, service: DecisionService) -> None:
    headers = {"Idempotency-Key": "k-1"}
    first = [decide(client, "fine", **headers).data for _ in range(3)]
    assert len(set(first)) == 1
    batch = [
        client.post(
            "/v1/decisions/batch", json=[about("leaves-out")], headers={"Idempotency-Key": "k-2"}, buffered=True
        )
        for _ in range(2)
    ]
    assert batch[0].data == batch[1].data
    wait_until(lambda: sum(opinions(client).values()) == 2)
    assert opinions(client) == {"same": 1, "different": 1}
    wait_until(lambda: differing(service))
    assert len(differing(service)) == 1
    text = client.get("/metrics").text
    assert figure(text, "decisions_total", outcome="hold", mode="authoritative") == 2


@pytest.mark.parametrize(("percent", "least", "most"), [(1, 6, 17), (0.1, 0, 4), (0, 0, 0)])
def test_so_many_are_asked_about(start: Callable[..., Flask], percent: float, least: int, most: int) -> None:
    app = start("contrary", percent=percent, random=Random(7).random)
    client, number = app.test_client(), 0
    for _ in range(2):
        number += len(client.post("/v1/decisions/batch", json=[about("fine")] * 500, buffered=True).json)
    assert number == 1_000
    service_of(app).second_opinion.close()
    assert least <= sum(opinions(client).values()) <= most


def test_a_full_queue_drops_and_blocks_nobody(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(afterwards, "MOST_WAITING", 10)
    monkeypatch.setattr(afterwards, "CLOSING_SECONDS", 0.2)
    decide(client, "hangs")
    wait_until(lambda: figure(client.get("/metrics").text, "second_opinions_waiting") == 0)
    assert len(client.post("/v1/decisions/batch", json=[about("fine")] * 30, buffered=True).json) == 30
    text = client.get("/metrics").text
    assert figure(text, "second_opinions_waiting") == 10
    assert figure(text, "second_opinions_dropped_total") == 20
    assert [r.getMessage() for r in caplog.records if "dropped" in r.getMessage()] == [
        "second opinions dropped: 1, as 10 decisions wait for one already"
    ]
    service_of(app).close()
    text = service_of(app).metrics.text().decode()
    assert figure(text, "second_opinions_dropped_total") == 31
    assert figure(text, "second_opinions_waiting") == 0
    assert "dropped at the end: 11" in caplog.text


def test_what_waits_at_the_end_is_finished(client: FlaskClient, app: Flask) -> None:
    client.post("/v1/decisions/batch", json=[about("fine")] * 50, buffered=True)
    service_of(app).close()
    text = service_of(app).metrics.text().decode()
    assert figure(text, "second_opinions_total", evaluator="contrary", verdict="same") == 50


def test_one_that_hangs_holds_up_no_other(start: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "SECONDS", 1.0)
    app = start("contrary", "steady")
    client = app.test_client()
    decide(client, "fine")
    wait_until(lambda: opinions(client) == {"same": 1})
    for customer in ("hangs", "fine", "leaves-out"):
        decide(client, customer)
    wait_until(lambda: opinions(client, "steady") == {"same": 4})
    assert opinions(client) == {"same": 1, "none": 3}
    contrary_evaluator.HELD.set()
    wait_until(lambda: decide(client, "fine").status_code == 200 and opinions(client)["same"] > 1)


def test_a_log_that_is_locked_for_a_while_gets_the_entry_all_the_same(
    client: FlaskClient, service: DecisionService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(afterwards, "_PAUSE", 0.05)
    monkeypatch.setattr(afterwards, "_DEADLINE", 0.2)
    answer = client.post("/v1/decisions", json=about("leaves-out"))
    with sqlite3.connect(service.log.store.path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        answer.close()
        wait_until(lambda: "is not on record" in caplog.text)
        other.execute("ROLLBACK")
    other.close()
    wait_until(lambda: differing(service))
    assert len(differing(service)) == 1


# ---- Before the answer -----------------------------------------------------------------------------------------------


def test_strictly_a_disagreement_is_a_review(strict: Flask) -> None:
    client, service = strict.test_client(), service_of(strict)
    answer = decide(client, "leaves-out").json
    assert (answer["outcome"], answer["allowed"], answer["needs"]) == ("review", False, [])
    (finding,) = answer["findings"]
    assert (finding["rule"], finding["effect"], finding["at"]) == ("ostiary.opinion/disagreement", "review", "")
    assert finding["section"].startswith("FR-2024-01580")
    kinds = [entry.kind for entry in service.log.entries()]
    assert kinds.index("opinions_differ") == kinds.index("decision") + 1 == answer["log"]["index"] + 1
    (record,) = differing(service)
    assert record["decision"] == {"id": answer["id"], "leaf": answer["log"]["leaf"], "withheld": True}
    assert [one["decision"]["outcome"] for one in record["opinions"]] == ["hold", "allow"]
    assert NAME.encode() not in bodies(service)
    assert client.get(f"/v1/decisions/{answer['id']}").json == answer
    evidence = client.get(f"/v1/decisions/{answer['id']}/evidence")
    assert evidence.status_code == 200
    text = client.get("/metrics").text
    assert figure(text, "decisions_total", outcome="review", mode="authoritative") == 1


def test_strictly_who_agrees_changes_nothing(strict: Flask) -> None:
    client = strict.test_client()
    assert decide(client, "fine").json["findings"][0]["rule"] == EMAIL
    assert opinions(client) == {"same": 1}
    assert client.get("/readyz").json == {"status": "ready"}


@pytest.mark.parametrize("wrong", ["dies", "raises", "exits", "invents", "numbers", "talks", "hangs"])
def test_strictly_nobody_s_opinion_is_a_review(
    start: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setattr(asked, "SECONDS", 1.0)
    app = start("contrary", strict=True)
    client = app.test_client()
    decide(client, "fine")
    answer = decide(client, wrong).json
    assert (answer["outcome"], [finding["rule"] for finding in answer["findings"]]) == (
        *("review", ["ostiary.opinion/none"]),
    )
    assert not differing(service_of(app))
    assert client.get("/readyz").status_code == 200
    assert NAME.encode() not in bodies(service_of(app))


def test_strictly_one_opinion_is_enough(start: Callable[..., Flask]) -> None:
    client = start("contrary", "steady", strict=True).test_client()
    answer = decide(client, "dies").json
    assert [finding["rule"] for finding in answer["findings"]] == [EMAIL]
    assert (opinions(client), opinions(client, "steady")) == ({"none": 1}, {"same": 1})
    assert decide(client, "leaves-out").json["outcome"] == "review"


def test_strictly_a_key_stands_for_what_was_answered_first(strict: Flask) -> None:
    client, service = strict.test_client(), service_of(strict)
    first = [decide(client, "leaves-out", **{"Idempotency-Key": "k-1"}).data for _ in range(3)]
    assert len(set(first)) == 1
    items = [about("leaves-out"), about("fine"), about("leaves-out")]
    batches = [
        client.post("/v1/decisions/batch", json=items, headers={"Idempotency-Key": "k-2"}, buffered=True)
        for _ in range(3)
    ]
    assert len({batch.data for batch in batches}) == 1
    assert [answer["outcome"] for answer in batches[0].json] == ["review", "hold", "review"]
    given = [orjson.loads(first[0])["id"], batches[0].json[0]["id"], batches[0].json[2]["id"]]
    assert [record["decision"]["id"] for record in differing(service)] == given


def test_one_key_sent_from_many_threads_at_once_is_one_decision_and_one_disagreement(strict: Flask) -> None:
    def send(_: int) -> bytes:
        return decide(strict.test_client(), "leaves-out", **{"Idempotency-Key": "k-1"}).data

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(send, range(16)))) == 1
    kinds = [entry.kind for entry in service_of(strict).log.entries()]
    assert kinds.count("decision") == kinds.count("opinions_differ") == 1


def test_a_strict_service_is_not_ready_until_another_program_is_activated(
    start: Callable[..., Flask], policy: Policy
) -> None:
    app = start("contrary", strict=True)
    name = decide(app.test_client(), "leaves-out").json["id"]
    problem = check_problem_answer(app.test_client().get("/readyz"), "not-ready")
    assert name in problem["errors"][0]["detail"]
    assert ": `compiled` says hold, `contrary` allow;" in problem["errors"][0]["detail"]
    assert "out of rotation" in problem["detail"]
    assert "are still given" in problem["detail"]
    # It decides on, as every answer is checked; and it is the log that tells, to any process and after a restart.
    assert decide(app.test_client(), "fine").json["outcome"] == "hold"
    service_of(app).close()
    again = start("contrary", strict=True)
    check_problem_answer(again.test_client().get("/readyz"), "not-ready")
    assert decide(again.test_client(), "leaves-out").json["outcome"] == "review"
    service_of(again).close()
    lenient = start("contrary")
    assert lenient.test_client().get("/readyz").status_code == 200
    service_of(lenient).close()
    other = attrs.evolve(policy, identity={**policy.identity, "constants": {**policy.identity["constants"], "x": "y"}})
    assert start("contrary", strict=True, policy=other).test_client().get("/readyz").json == {"status": "ready"}


def test_another_release_or_program_is_judged_by_itself(strict: Flask) -> None:
    client, service = strict.test_client(), service_of(strict)
    fields = {"decision": {"id": "d-1"}, "opinions": []}
    other = attrs.evolve(service.recorder, policy="sha256:0")
    for recorder, release in ((service.recorder, "0.0.1"), (other, alarm.RELEASE)):
        service.log.append(recorder.entry("opinions_differ", {**fields, "release": release}))
        assert client.get("/readyz").json == {"status": "ready"}
    name = decide(client, "leaves-out").json["id"]
    for recorder, release in ((service.recorder, "0.0.1"), (other, alarm.RELEASE)):
        service.log.append(recorder.entry("opinions_differ", {**fields, "release": release}))
    service.log.append(other.entry("policy_activated", {}))
    problem = check_problem_answer(client.get("/readyz"), "not-ready")
    assert name in problem["errors"][0]["detail"]
    service.log.append(service.recorder.entry("policy_activated", {}))
    assert client.get("/readyz").json == {"status": "ready"}


def test_that_another_evaluator_decides_settles_nothing(strict: Flask) -> None:
    """On whatever machine it was started, and by whom."""
    client, service = strict.test_client(), service_of(strict)
    name = decide(client, "leaves-out").json["id"]
    service.log.append(service.recorder.entry("policy_activated", {"evaluator": "contrary"}))
    problem = check_problem_answer(client.get("/readyz"), "not-ready")
    assert name in problem["errors"][0]["detail"]


def test_strictly_one_that_takes_long_to_fail_is_left_alone_for_as_long(start: Callable[..., Flask]) -> None:
    client = start("contrary", "steady", strict=True).test_client()
    decide(client, "fine")
    batch = client.post("/v1/decisions/batch", json=[about("dies-slowly")] * 100, buffered=True).json
    assert {answer["outcome"] for answer in batch} == {"hold"}
    reasons = {
        why: figure(client.get("/metrics").text, "second_opinions_missing_total", evaluator="contrary", reason=why)
        for why in ("unable", "late")
    }
    assert sum(reasons.values()) == 100
    assert 1 <= reasons["unable"] <= 2
    wait_until(lambda: decide(client, "fine").status_code == 200 and opinions(client)["same"] > 1)


# ---- The record ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_strict", [False, True])
def test_the_log_verifies_and_is_decided_again(start: Callable[..., Flask], is_strict: bool, tmp_path: Path) -> None:
    app = start("contrary", strict=is_strict)
    service = service_of(app)
    for customer in ("fine", "leaves-out", "dies"):
        decide(app.test_client(), customer)
    if not is_strict:
        wait_until(lambda: differing(service))
    service.close()
    with DecisionLog.open(tmp_path / "data") as log:
        anchors = [read_anchor(tmp_path / "data" / ANCHOR)]
        keys = trusting(service.checkpointer.verifiers())
        report = verify_store(log.store, keys, anchors, datetime.now(UTC))
        assert (report.integrity, report.completeness) == ("ok", "ok")
        vault = existing_vault(log, Settings(tmp_path / "data", (), tmp_path))
        records = [recorded(log, vault, entry, ()) for entry in log.entries() if entry.kind == "decision"]
        tally = Tally(most=5)
        tally.add_all(replay(records, lambda digest: policy_of(log, digest)))
    withheld = {rule: seen.count for rule, seen in tally.withheld.items()}
    assert (tally.differ, tally.not_replayable, tally.total) == (0, 0, 3)
    assert withheld == ({"ostiary.opinion/disagreement": 1, "ostiary.opinion/none": 1} if is_strict else {})
    assert tally.same == (1 if is_strict else 3)


# ---- Who is there ----------------------------------------------------------------------------------------------------


def test_strictly_somebody_has_to_be_there(start: Callable[..., Flask], tmp_path: Path) -> None:
    for names, words in (((), "none works here"), (("absent",), "`absent`: there is no voice")):
        with pytest.raises(SettingsError, match=words):
            start(*names, strict=True)
    assert not (tmp_path / "data").exists()


def test_who_is_not_on_this_machine_is_not_asked(start: Callable[..., Flask]) -> None:
    app = start("absent", "steady")
    assert dict(service_of(app).second_opinion.panel.absent) == {"absent": "there is no voice on this machine; buy one"}
    decide(app.test_client(), "leaves-out")
    wait_until(lambda: opinions(app.test_client(), "steady") == {"same": 1})
    assert opinions(app.test_client(), "absent") == {}


def test_nobody_is_made_before_being_asked(start: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    make = attrs.evolve(contrary_evaluator.KIND, make=lambda rule_sets: made.append("made") or Contrary(rule_sets))
    monkeypatch.setattr(contrary_evaluator, "KIND", make)
    app = start("contrary")
    assert made == []
    for _ in range(2):
        decide(app.test_client(), "fine")
    wait_until(lambda: opinions(app.test_client()) == {"same": 2})
    assert made == ["made"]
