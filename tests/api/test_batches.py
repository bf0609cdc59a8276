"""Many requests at once: order, form, and one bad item among good ones."""

from __future__ import annotations

import copy
import json

import pytest
from flask.testing import FlaskClient
from on_record import decisions
from problem_shape import check_problem, check_problem_answer

from api.example import EXAMPLE_REQUEST
from api.service import DecisionService

NDJSON = "application/x-ndjson"


def named(name: str) -> dict:
    request = copy.deepcopy(EXAMPLE_REQUEST)
    request["facts"]["customer"]["id"] = name
    return request


BAD = {**EXAMPLE_REQUEST, "actoin": "account.open"}


def test_an_array_is_answered_in_order_and_a_bad_item_in_its_place(
    client: FlaskClient, service: DecisionService
) -> None:
    answer = client.post("/v1/decisions/batch", json=[named("c-0"), BAD, named("c-2"), 5])
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    first, second, third, fourth = answer.json
    assert check_problem(second, "unknown-key")["item"] == 1
    assert second["errors"][0]["pointer"] == "/actoin"
    assert check_problem(fourth, "invalid-request")["item"] == 3
    for name, decision in (("c-0", first), ("c-2", third)):
        assert json.loads(service.facts(decision["id"]))["customer"]["id"] == name
        assert client.get(f"/v1/decisions/{decision['id']}").json == decision
    assert third["log"]["index"] == first["log"]["index"] + 1


def test_a_batch_is_one_commit(client: FlaskClient, service: DecisionService) -> None:
    # It signs in transactions of its own, which are not to be counted.
    service.checkpointer.close()
    before = service.log.commits
    client.post("/v1/decisions/batch", json=[named(f"c-{n}") for n in range(300)])
    assert service.log.commits == before + 1


def test_lines_are_answered_with_lines(client: FlaskClient) -> None:
    lines = [json.dumps(named("c-0")), '{"action":', "", json.dumps(named("c-3")), '{"a":1,"a":1}', "", " "]
    answer = client.post("/v1/decisions/batch", data="\r\n".join(lines), content_type=NDJSON)
    assert (answer.status_code, answer.content_type) == (200, NDJSON)
    assert answer.data.endswith(b"\n")
    found = [json.loads(line) for line in answer.data.splitlines()]
    assert [document.get("outcome") for document in found] == ["hold", None, None, "hold", None]
    problems = {1: "malformed-json", 2: "empty-body", 4: "duplicate-key"}
    for index, slug in problems.items():
        assert check_problem(found[index], slug)["item"] == index


def test_a_line_that_is_not_utf_8_spoils_only_itself(client: FlaskClient) -> None:
    body = b'{"name":"\xff"}\n' + json.dumps(EXAMPLE_REQUEST).encode()
    first, second = client.post("/v1/decisions/batch", data=body, content_type=NDJSON).data.splitlines()
    check_problem(json.loads(first), "not-utf-8")
    assert json.loads(second)["outcome"] == "hold"


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        (b"[1,", "malformed-json"),
        (b'[{"a":1,"a":1}]', "duplicate-key"),
        (b"{}", "invalid-request"),
        (b"[" + b"1," * 1000 + b"1]", "body-too-large"),
        (b"[" + b"[" * 32 + b"]" * 33 + b"", None),
        (b"[" * 34 + b"]" * 34, "too-deep"),
    ],
)
def test_an_array_that_cannot_be_read_is_refused_as_a_whole(
    client: FlaskClient, service: DecisionService, body: bytes, slug: str | None
) -> None:
    answer = client.post("/v1/decisions/batch", data=body, content_type="application/json")
    if slug is None:
        check_problem(answer.json[0], "invalid-request")
    else:
        check_problem_answer(answer, slug)
    assert decisions(service.log) == []


@pytest.mark.parametrize(("body", "slug"), [(b"\n\n \n", "empty-body"), (b"{}\n" * 1001, "body-too-large")])
def test_lines_that_are_none_or_too_many_are_refused(client: FlaskClient, body: bytes, slug: str) -> None:
    check_problem_answer(client.post("/v1/decisions/batch", data=body, content_type=NDJSON), slug)


def test_an_empty_array_has_an_empty_answer(client: FlaskClient, service: DecisionService) -> None:
    assert client.post("/v1/decisions/batch", json=[]).json == []
    assert decisions(service.log) == []


def test_a_thousand_items_are_allowed(client: FlaskClient) -> None:
    answer = client.post("/v1/decisions/batch", json=[EXAMPLE_REQUEST] * 1000)
    assert [decision["outcome"] for decision in answer.json] == ["hold"] * 1000


def test_the_same_request_gets_the_same_decision_alone_and_in_a_batch(client: FlaskClient) -> None:
    alone = client.post("/v1/decisions", json=EXAMPLE_REQUEST).json
    (together,) = client.post("/v1/decisions/batch", json=[EXAMPLE_REQUEST]).json
    for own in ("id", "log"):
        del alone[own], together[own]
    assert alone == together
