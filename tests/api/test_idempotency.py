"""A request that bears a name of its caller's is decided once, however often and wherever it is sent."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
from flask import Flask
from flask.testing import FlaskClient
from on_record import decisions
from problem_shape import check_problem, check_problem_answer
from running_service import RunningService
from werkzeug.test import TestResponse

from api.app import create_app
from api.application import service_of
from api.example import EXAMPLE_REQUEST
from api.service import DecisionService
from api.settings import Settings, default_jurisdictions, default_rules
from bench.shipped import ROOT
from engine import load
from engine.audit import DecisionLog

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
ONE, BATCH = "/v1/decisions", "/v1/decisions/batch"
JSON, NDJSON = "application/json", "application/x-ndjson"
THREADS = 16


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 25, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


def about(customer: str | None) -> dict:
    request = copy.deepcopy(EXAMPLE_REQUEST)
    request["facts"]["customer"]["id"] = customer
    if customer is None:
        del request["facts"]["customer"]["id"]
    return request


def post(
    client: FlaskClient, body: object, key: str = KEY, route: str = ONE, kind: str = JSON, **headers: str
) -> TestResponse:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(route, data=text, content_type=kind, headers={"Idempotency-Key": key, **headers})


def keys_stored(service: DecisionService) -> int:
    with service.log.store.reading_keys() as keys:
        return keys.execute("SELECT count(*) FROM vault_key")[0][0]


def test_the_same_request_gets_the_same_answer_and_is_recorded_once(
    client: FlaskClient, service: DecisionService
) -> None:
    first = post(client, about("c-1"))
    assert [post(client, about("c-1")).data for _ in range(3)] == [first.data] * 3
    assert [entry.id for entry in decisions(service.log)] == [first.json["id"]]
    assert post(client, about("c-1"), "another").json["id"] != first.json["id"]
    assert client.post(ONE, json=about("c-1")).json["id"] != first.json["id"]
    assert len(decisions(service.log)) == 3


def test_another_request_under_the_key_is_refused(client: FlaskClient, service: DecisionService) -> None:
    first = post(client, about("c-1"))
    others = [(about("c-2"), ONE, JSON), ([about("c-1")], BATCH, JSON), (about("c-1"), BATCH, NDJSON)]
    for body, route, kind in others:
        refused = post(client, body, route=route, kind=kind)
        check_problem_answer(refused, "idempotency-conflict")
        assert "c-2" not in refused.text
        assert KEY not in refused.text
    assert [entry.id for entry in decisions(service.log)] == [first.json["id"]]
    assert post(client, about("c-1")).data == first.data
    assert keys_stored(service) == 1


def test_after_a_day_the_key_is_new(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    clock = Clock()
    app = make_app(tmp_path / "clocked", now=clock)
    client = app.test_client()
    first = post(client, about("c-1"))
    clock.time += timedelta(hours=24) - timedelta(seconds=1)
    assert post(client, about("c-1")).data == first.data
    clock.time += timedelta(seconds=1)
    second = post(client, about("c-2"))
    assert second.json["id"] != first.json["id"]
    assert post(client, about("c-2")).data == second.data
    check_problem_answer(post(client, about("c-1")), "idempotency-conflict")
    assert len(decisions(service_of(app).log)) == 2


def test_a_key_is_its_callers_own(make_settings: Callable[[Path], Settings], policy: object, tmp_path: Path) -> None:
    settings = attrs.evolve(make_settings(tmp_path / "named"), caller_header="X-Caller")
    app = create_app(settings, policy=policy)
    client = app.test_client()
    try:
        answers = {name: post(client, about(name), **{"X-Caller": name}) for name in ("shop", "desk", "shop 0")}
        assert len({answer.json["id"] for answer in answers.values()}) == 3
        for name, answer in answers.items():
            assert post(client, about(name), **{"X-Caller": name}).data == answer.data
        recorded = [json.loads(entry.body)["caller"] for entry in decisions(service_of(app).log)]
        assert recorded == ["shop", "desk", "shop 0"]
    finally:
        service_of(app).close()


@pytest.mark.parametrize("kind", [JSON, NDJSON])
def test_each_item_of_a_batch_keeps_its_answer(client: FlaskClient, service: DecisionService, kind: str) -> None:
    items = [about("c-0"), {**about("c-1"), "actoin": 1}, about("c-2"), about(None), about("c-0")]
    body = json.dumps(items).encode() if kind == JSON else b"\n".join(json.dumps(item).encode() for item in items)
    first = post(client, body, route=BATCH, kind=kind)
    answers = first.json if kind == JSON else [json.loads(line) for line in first.data.splitlines()]
    assert check_problem(answers[1], "unknown-key")["item"] == 1
    assert len({answer["id"] for answer in answers if "id" in answer}) == 4
    assert [post(client, body, route=BATCH, kind=kind).data for _ in range(2)] == [first.data] * 2
    assert len(decisions(service.log)) == 4
    assert keys_stored(service) == 3


@pytest.mark.parametrize(
    "other",
    [
        [about("c-2")],
        [{"action": 1}, about("c-1")],
        [{"action": 1}, {"action": 1}, about("c-1")],
        [about("c-1"), about("c-1")],
    ],
)
def test_another_batch_under_the_key_is_refused_wherever_its_items_stand(
    client: FlaskClient, service: DecisionService, other: list
) -> None:
    first = post(client, [about("c-1"), {"action": 1}], route=BATCH)
    check_problem_answer(post(client, other, route=BATCH), "idempotency-conflict")
    check_problem_answer(post(client, about("c-1")), "idempotency-conflict")
    assert post(client, [about("c-1"), {"action": 1}], route=BATCH).data == first.data
    assert len(decisions(service.log)) == keys_stored(service) == 1


def test_a_key_that_looks_like_an_item_of_another_is_a_key_of_its_own(client: FlaskClient) -> None:
    batch = post(client, [about("c-0"), about("c-1")], "k", route=BATCH)
    assert batch.status_code == 200
    for number in (0, 1):
        assert post(client, about("c-2"), f"k#{number}").status_code == 200
        check_problem_answer(post(client, about("c-2"), f"k {number}"), "invalid-header")


def test_what_was_not_decided_leaves_its_key_free(client: FlaskClient, service: DecisionService) -> None:
    check_problem_answer(post(client, {"action": 1}), "invalid-request")
    check_problem_answer(post(client, b"{"), "malformed-json")
    check_problem(post(client, [5], route=BATCH).json[0], "invalid-request")
    assert post(client, about("c-1")).status_code == 200
    assert len(decisions(service.log)) == 1


def test_sixteen_threads_with_one_key_get_one_decision(client: FlaskClient, service: DecisionService) -> None:
    """Whether the customer has an id or not, nothing is left of those that came second, no key either."""
    for number, customer in enumerate(["c-1", None]):
        with ThreadPoolExecutor(THREADS) as pool:
            answers = list(pool.map(lambda _: post(client, about(customer), f"k-{number}"), range(THREADS)))  # noqa: B023
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.data for answer in answers}) == 1
        assert len(decisions(service.log)) == keys_stored(service) == number + 1


def test_of_different_requests_at_once_under_one_key_one_is_decided(
    client: FlaskClient, service: DecisionService
) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda number: post(client, about(f"c-{number}")), range(THREADS)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * (THREADS - 1)
    assert len(decisions(service.log)) == keys_stored(service) == 1


def test_a_key_outlives_a_restart_and_another_policy(
    make_settings: Callable[[Path], Settings], policy: object, tmp_path: Path
) -> None:
    """Under the stricter program the example would be decided otherwise; the batch too keeps what it was told."""
    stricter = load([default_rules(), ROOT / "fixtures" / "programs" / "stricter"], default_jurisdictions())
    told = []
    for program in (policy, policy, stricter):
        app = create_app(make_settings(tmp_path / "data"), policy=program)
        client = app.test_client()
        told.append((post(client, about("c-1"), "one").data, post(client, [about("c-2")], "many", BATCH).data))
        new = client.post(ONE, json=about("c-1")).json
        service_of(app).close()
    assert told[0] == told[1] == told[2]
    assert new["policy"]["digest"] == stricter.digest
    assert new["findings"] != json.loads(told[0][0])["findings"]


@pytest.mark.parametrize("route", [ONE, BATCH])
@pytest.mark.parametrize("key", ["", " ", "a b", "é", "k" * 256, "a\tb"])
def test_a_malformed_key_is_refused(client: FlaskClient, service: DecisionService, route: str, key: str) -> None:
    body = about("c-1") if route == ONE else [about("c-1")]
    check_problem_answer(post(client, body, key, route), "invalid-header")
    assert decisions(service.log) == []


def test_the_longest_key_is_taken(client: FlaskClient) -> None:
    assert post(client, about("c-1"), "~" * 255).data == post(client, about("c-1"), "~" * 255).data


def test_processes_share_what_keys_stand_for(start_service: Callable[..., RunningService], tmp_path: Path) -> None:
    services = [start_service(), start_service()]
    headers = {"Content-Type": JSON, "Idempotency-Key": KEY}
    bodies = {route: json.dumps(body) for route, body in ((ONE, about(None)), (BATCH, [about("c-1"), about(None)]))}

    def ask(number: int) -> tuple[str, bytes]:
        route = (ONE, BATCH)[number // 2 % 2]
        answer = services[number % 2].request("POST", route, bodies[route], {**headers, "Idempotency-Key": route})
        assert answer.status == 200
        return route, answer.body

    with ThreadPoolExecutor(THREADS) as pool:
        answers = set(pool.map(ask, range(4 * THREADS)))
    assert len(answers) == 2
    check_problem_answer(services[1].request("POST", ONE, bodies[ONE], {**headers, "Idempotency-Key": BATCH}))
    for service in services:
        service.stop()
    with DecisionLog.open(tmp_path / "data") as log:
        assert len(decisions(log)) == 3
