"""One decision over HTTP: what is answered, what is on record, and that the two are the same."""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from on_record import decisions
from problem_shape import check_problem_answer

from api.application import service_of
from api.example import EXAMPLE_REQUEST
from api.service import DecisionService
from engine.audit import DecisionLog
from engine.audit.merkle import leaf_hash

RECORD = ["v", "type", "id", "time", "caller", "request_id", "policy", "as_of"]
RECORD += ["action", "places", "subject", "sealed_facts", "decision"]
RANDOM = re.compile(
    rb'(?<="leaf":")sha256:[0-9a-f]{64}|(?<="sealed_facts":")sha256:[0-9a-f]{64}|(?<="subject":")[0-9a-f]{32}'
)
KEYS = ["id", "outcome", "allowed", "findings", "needs", "restrictions", "duties", "policy", "log"]


def example(**changes: object) -> dict:
    request = copy.deepcopy(EXAMPLE_REQUEST)
    request["facts"]["customer"].update(changes)
    return request


def test_the_example_is_held_for_its_email(client: FlaskClient) -> None:
    answer = client.post("/v1/decisions", json=EXAMPLE_REQUEST)
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    decision = answer.json
    assert list(decision) == KEYS
    assert (decision["outcome"], decision["allowed"]) == ("hold", False)
    assert [finding["at"] for finding in decision["findings"]] == ["/customer/emails"]
    assert [need["at"] for need in decision["needs"]] == ["/customer/emails"]
    assert list(decision["policy"]) == ["digest", "as_of", "legal_status", "mode"]
    assert decision["policy"]["mode"] == "authoritative"
    assert uuid.UUID(decision["id"]).version == 7


def test_supplying_what_is_needed_allows_it(client: FlaskClient) -> None:
    assert client.post("/v1/decisions", json=example(emails=["ada@example.com"])).json["outcome"] == "allow"


def test_the_answer_is_on_record_with_its_facts_apart(client: FlaskClient, service: DecisionService) -> None:
    decision = client.post("/v1/decisions", json=EXAMPLE_REQUEST, headers={"X-Request-Id": "signup-7"}).json
    entry = service.log.get(decision["id"])
    record = json.loads(entry.body)
    assert list(record) == RECORD
    assert (record["v"], record["type"], record["id"]) == (2, "decision", decision["id"])
    assert (record["caller"], record["request_id"]) == ("127.0.0.1", "signup-7")
    assert (record["policy"], record["as_of"]) == (service.policy.digest, EXAMPLE_REQUEST["as_of"])
    assert (record["action"], record["places"]) == (EXAMPLE_REQUEST["action"], ["DE"])
    assert record["decision"] == {key: decision[key] for key in KEYS[1:-1]}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", record["time"])
    assert decision["log"] == {"index": entry.index, "leaf": "sha256:" + leaf_hash(entry.body).hex()}
    subject, box = service.log.sealed(entry.index)
    assert (record["subject"], record["sealed_facts"]) == (subject, f"sha256:{hashlib.sha256(box).hexdigest()}")
    assert re.fullmatch(r"[0-9a-f]{32}", subject)
    assert json.loads(service.facts(decision["id"])) == EXAMPLE_REQUEST["facts"]
    assert b"Ada" not in entry.body + box


def test_facts_are_kept_in_one_form_whatever_the_order_of_keys(client: FlaskClient, service: DecisionService) -> None:
    turned = json.dumps(EXAMPLE_REQUEST, sort_keys=True)
    ids = [
        client.post("/v1/decisions", data=body, content_type="application/json").json["id"]
        for body in (json.dumps(EXAMPLE_REQUEST), turned)
    ]
    first, second = map(service.facts, ids)
    assert first == second == orjson.dumps(EXAMPLE_REQUEST["facts"], option=orjson.OPT_SORT_KEYS)


def test_a_decision_is_read_again_byte_for_byte(client: FlaskClient) -> None:
    answer = client.post("/v1/decisions", json=EXAMPLE_REQUEST)
    again = client.get(f"/v1/decisions/{answer.json['id']}")
    assert (again.status_code, again.content_type, again.data) == (200, "application/json", answer.data)


@pytest.mark.parametrize(
    "name", ["nothing", "0198-", "..", "a" * 300, "01a201f9-9196-74fe-9e75-01f5f4b52f7f", "%00", "é"]
)
def test_an_id_that_stands_for_nothing_is_not_found(client: FlaskClient, name: str) -> None:
    check_problem_answer(client.get(f"/v1/decisions/{name}"), "not-found")


def test_the_activation_of_the_policy_is_not_a_decision(client: FlaskClient, service: DecisionService) -> None:
    created, activation = itertools.islice(service.log.entries(), 2)
    assert (created.kind, activation.kind) == ("log_created", "policy_activated")
    assert json.loads(activation.body)["policy"] == service.policy.digest
    for entry in (created, activation):
        check_problem_answer(client.get(f"/v1/decisions/{entry.id}"), "not-found")


def test_a_policy_is_activated_once_and_stored_whole(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    for _ in range(2):
        service = service_of(make_app(tmp_path / "data"))
        kinds = [entry.kind for entry in service.log.entries()]
        assert kinds.count("policy_activated") == kinds.count("log_created") == 1
        stored = service.log.policy(service.policy.digest)
        assert stored.document == service.policy.document
        assert stored.files == service.policy.files
        service.close()


def test_without_a_day_the_law_is_read_today_in_washington(client: FlaskClient) -> None:
    request = {key: value for key, value in EXAMPLE_REQUEST.items() if key != "as_of"}
    as_of = client.post("/v1/decisions", json=request).json["policy"]["as_of"]
    assert abs((datetime.now(UTC).date() - datetime.fromisoformat(as_of).date()).days) <= 1


def test_same_input_same_bytes(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    """With ids and clock held still, two services on two logs give and record the same bytes.

    All but what is random so that nobody can guess whom it is about: the customer's pseudonym, the hash of what is
    sealed, and the leaf over both.
    """
    answers = []
    for name in ("one", "two"):
        ids = map("id-{}".format, itertools.count())
        app = make_app(tmp_path / name, new_id=ids.__next__, now=lambda: datetime(2026, 11, 22, tzinfo=UTC))
        # What it signs of itself takes ids too, at moments of its own.
        service_of(app).checkpointer.close()
        client = app.test_client()
        bodies = [client.post("/v1/decisions", json=EXAMPLE_REQUEST).data for _ in range(3)]
        records = [entry.body for entry in decisions(service_of(app).log)]
        assert len(set(records)) == 3
        answers.append(([RANDOM.sub(b"", body) for body in bodies], [RANDOM.sub(b"", record) for record in records]))
    assert answers[0] == answers[1]


def test_head_and_options_are_answered(client: FlaskClient) -> None:
    name = client.post("/v1/decisions", json=EXAMPLE_REQUEST).json["id"]
    head = client.head(f"/v1/decisions/{name}")
    assert (head.status_code, head.data) == (200, b"")
    options = client.options("/v1/decisions")
    assert options.status_code == 200
    assert set(options.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_a_refused_customer_is_an_answer(client: FlaskClient) -> None:
    """Deny is status 200: the question was answered."""
    answer = client.post("/v1/decisions", json=example(identity={"status": "failed"}, emails=["a@example.com"]))
    assert answer.status_code == 200
    assert answer.json["allowed"] is False


@pytest.mark.parametrize("path", ["/v1/decisions", "/docs", "/nothing", "/healthz"])
def test_every_answer_carries_the_guarding_headers(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"X-Request-Id": "abc"})
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-Id"] == "abc"


def test_the_log_outlives_the_service(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    app = make_app(tmp_path / "data")
    answer = app.test_client().post("/v1/decisions", json=EXAMPLE_REQUEST)
    service_of(app).close()
    again = make_app(tmp_path / "data").test_client().get(f"/v1/decisions/{answer.json['id']}")
    assert again.data == answer.data
    with DecisionLog.open(tmp_path / "data") as log:
        assert [entry.id for entry in decisions(log)] == [answer.json["id"]]
