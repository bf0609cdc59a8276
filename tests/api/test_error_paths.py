"""Every way to fail, each answered with the one shape, and none of them on record."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from on_record import decisions
from problem_shape import check_problem_answer

from api.application import service_of
from api.example import EXAMPLE_REQUEST
from api.request_body import MAX_BATCH, MAX_SINGLE
from api.service import DecisionService
from api.service_log import JsonLines

JSON = {"Content-Type": "application/json"}
BODY = json.dumps(EXAMPLE_REQUEST).encode()


@pytest.fixture(autouse=True)
def _nothing_is_recorded(service: DecisionService) -> Iterator[None]:
    yield
    assert decisions(service.log) == []


@pytest.mark.parametrize("route", ["/v1/decisions", "/v1/decisions/batch"])
@pytest.mark.parametrize(
    ("headers", "slug"),
    [
        ({}, "unsupported-media-type"),
        ({"Content-Type": "text/plain"}, "unsupported-media-type"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "unsupported-media-type"),
        ({"Content-Type": "application/json; charset=latin-1"}, "unsupported-media-type"),
        ({**JSON, "Content-Encoding": "gzip"}, "unsupported-media-type"),
        ({**JSON, "Transfer-Encoding": "chunked"}, "length-required"),
        ({**JSON, "X-Request-Id": "a b"}, "invalid-header"),
        ({**JSON, "X-Request-Id": "a" * 129}, "invalid-header"),
        ({**JSON, "X-Request-Id": ""}, "invalid-header"),
        ({**JSON, "Host": "evil.example"}, "invalid-header"),
    ],
)
def test_headers(client: FlaskClient, route: str, headers: dict, slug: str) -> None:
    check_problem_answer(client.post(route, data=BODY, headers=headers), slug)


def test_charset_utf_8_and_other_parameters_are_fine(client: FlaskClient) -> None:
    for parameters in ("; charset=UTF-8", ';charset="utf-8"', "; profile=x"):
        answer = client.post("/v1/decisions", data=b"{}", headers={"Content-Type": "application/json" + parameters})
        check_problem_answer(answer, "invalid-request")


def test_ndjson_is_for_batches(client: FlaskClient) -> None:
    headers = {"Content-Type": "application/x-ndjson"}
    check_problem_answer(client.post("/v1/decisions", data=BODY, headers=headers), "unsupported-media-type")


def test_no_length(client: FlaskClient) -> None:
    check_problem_answer(client.post("/v1/decisions", headers=JSON), "length-required")


def test_a_body_shorter_than_its_length(client: FlaskClient) -> None:
    cut = {"CONTENT_LENGTH": str(len(BODY) + 9)}
    answer = client.post("/v1/decisions", input_stream=io.BytesIO(BODY), headers=JSON, environ_overrides=cut)
    check_problem_answer(answer, "malformed-http")


@pytest.mark.parametrize(("route", "longest"), [("/v1/decisions", MAX_SINGLE), ("/v1/decisions/batch", MAX_BATCH)])
def test_length(client: FlaskClient, route: str, longest: int) -> None:
    check_problem_answer(client.post(route, data=b" " * longest, headers=JSON), "empty-body")
    check_problem_answer(client.post(route, data=b" " * (longest + 1), headers=JSON), "body-too-large")
    empty = client.post(route, headers=JSON, environ_overrides={"CONTENT_LENGTH": "0"})
    check_problem_answer(empty, "empty-body")


@pytest.mark.parametrize(
    ("change", "pointer", "help_"),
    [
        ({"actoin": 1}, "/actoin", "action"),
        ({"facts": {"custommer": {}}}, "/facts/custommer", "customer"),
        ({"facts": {"customer": {"emials": []}}}, "/facts/customer/emials", "emails"),
        ({"facts": {"customer": {"kind": "person"}}}, "/facts/customer/kind", ""),
        ({"facts": {"customer": {"emails": "a@b.c"}}}, "/facts/customer/emails", ""),
        ({"facts": {"customer": {"us_citizen": "yes"}}}, "/facts/customer/us_citizen", ""),
        ({"facts": {"customer": {"located_in": "Germany"}}}, "/facts/customer/located_in", ""),
        ({"facts": {"account": {"opened_on": "2026-02-30"}}}, "/facts/account/opened_on", ""),
        ({"facts": {"reseller": {"tier": 1.5}}}, "/facts/reseller/tier", ""),
        ({"as_of": "yesterday"}, "/as_of", ""),
        ({"as_of": 20261122}, "/as_of", ""),
        ({"action": "account.close"}, "/action", ""),
        ({"facts": []}, "/facts", ""),
    ],
)
def test_content(client: FlaskClient, change: dict, pointer: str, help_: str) -> None:
    problem = check_problem_answer(client.post("/v1/decisions", json={**EXAMPLE_REQUEST, **change}))
    assert problem["status"] == 422
    assert pointer in [error["pointer"] for error in problem["errors"]]
    if help_:
        assert f"`{help_}`" in next(error["help"] for error in problem["errors"] if error["pointer"] == pointer)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"1", b'"text"', b"null", b"true"])
def test_what_is_json_but_no_request(client: FlaskClient, body: bytes) -> None:
    check_problem_answer(client.post("/v1/decisions", data=body, headers=JSON), "invalid-request")


def test_a_problem_repeats_no_value_and_only_so_much_of_a_key(client: FlaskClient) -> None:
    secret, key = "4111-1111-1111-1111", "k" * 100_000
    request = {
        "action": secret,
        "as_of": secret,
        "facts": {"customer": {"kind": secret, "us_citizen": secret, key: secret}},
    }
    problem = check_problem_answer(client.post("/v1/decisions", json=request))
    assert secret not in json.dumps(problem)


@pytest.mark.parametrize("count", [1, 150, 5_000])
def test_many_mistakes_are_bounded(client: FlaskClient, count: int) -> None:
    facts = {"customer": {f"unknown_{n}": n for n in range(count)}}
    problem = check_problem_answer(
        client.post("/v1/decisions", json={**EXAMPLE_REQUEST, "facts": facts}), "unknown-key"
    )
    assert len(problem["errors"]) == min(count, 100)


@pytest.mark.parametrize(
    "path", ["/nothing", "/v1", "/v1/decisions/a/b", "/static/nothing.css", "/static/../app.py", "/problems/x"]
)
def test_unknown_paths(client: FlaskClient, path: str) -> None:
    check_problem_answer(client.get(path), "not-found")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/decisions"), ("PUT", "/v1/decisions"), ("DELETE", "/v1/policy"), ("POST", "/docs")],
)
def test_methods(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(path, method=method)
    check_problem_answer(answer, "method-not-allowed")
    assert answer.headers["Allow"]


def test_a_defect_tells_nothing_but_an_id_and_the_log_no_facts(
    make_app: Callable[..., Flask], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    breaks = threading.Event()

    def clock_that_breaks():
        if breaks.is_set():
            raise RuntimeError("canary: Ada Example, +49 30 5550100")
        return datetime(2026, 11, 22, tzinfo=UTC)

    app = make_app(tmp_path / "other", now=clock_that_breaks)
    # Only requests are to meet the broken clock.
    service_of(app).checkpointer.close()
    breaks.set()
    client = app.test_client()
    answer = client.post("/v1/decisions", json=EXAMPLE_REQUEST, headers={"X-Request-Id": "abc"})
    problem = check_problem_answer(answer, "internal-error")
    assert problem["request_id"] == "abc"
    assert "canary" not in answer.text
    (record,) = [record for record in caplog.records if record.name == "ostiary"]
    line = json.loads(JsonLines(shows_messages=False).format(record))
    assert line["request_id"] == "abc"
    assert line["exception"]["type"] == "builtins.RuntimeError"
    assert any("clock_that_breaks" in frame for frame in line["exception"]["frames"])
    assert "canary" not in json.dumps(line)
    assert "canary" in JsonLines(shows_messages=True).format(record)
