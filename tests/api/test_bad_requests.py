"""Two thousand bad requests: each a 4xx problem, none decided, none on record."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from on_record import decisions
from problem_shape import check_problem, check_problem_answer

from api.app import create_app
from api.application import service_of
from api.example import EXAMPLE_REQUEST
from engine import Policy


def examples(count: int) -> settings:
    """The same examples every time. Reading a body is cheap and explaining a misfit is not, so the counts differ."""
    unhurried = [HealthCheck.too_slow]
    return settings(max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=unhurried)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e9, 1e9) | TEXT
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)
GOOD = json.dumps(EXAMPLE_REQUEST)


@pytest.fixture(scope="module")
def post(policy: Policy, tmp_path_factory: pytest.TempPathFactory, make_settings: Callable) -> Iterator[Callable]:
    """Posts to an application whose log holds no decision before, and must hold none after."""
    app = create_app(make_settings(tmp_path_factory.mktemp("bad")), policy=policy)
    client: FlaskClient = app.test_client()

    def post(body: bytes, content_type: str = "application/json", route: str = "/v1/decisions"):
        return client.post(route, data=body, headers={"Content-Type": content_type, "Content-Length": str(len(body))})

    yield post
    service = service_of(app)
    assert decisions(service.log) == []
    service.close()


@pytest.fixture(scope="module")
def damaged(policy: Policy, tmp_path_factory: pytest.TempPathFactory, make_settings: Callable) -> Iterator[FlaskClient]:
    app = create_app(make_settings(tmp_path_factory.mktemp("damaged")), policy=policy)
    yield app.test_client()
    service_of(app).close()


def places(value: Any, above: tuple = ()) -> Iterator[tuple]:
    """Every path to a value in the example, the whole included."""
    yield above
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(child, (*above, key))


def at(request: Any, path: tuple) -> Any:
    for step in path:
        request = request[step]
    return request


PLACES = [path for path in places(EXAMPLE_REQUEST) if path]
OBJECTS = [path for path in [(), *PLACES] if isinstance(at(EXAMPLE_REQUEST, path), dict)]


def kind(value: object) -> str:
    """The JSON type of a value; numbers with and without a fraction are one."""
    names = {bool: "boolean", dict: "object", list: "array", str: "string", type(None): "null"}
    return names.get(type(value), "number")


@examples(900)
@given(st.binary(max_size=200))
def test_bytes(post: Callable, body: bytes) -> None:
    check_problem_answer(post(body))


@examples(250)
@given(JSON)
def test_values_that_are_no_request(post: Callable, value: object) -> None:
    check_problem_answer(post(json.dumps(value).encode()))


@examples(250)
@given(st.sampled_from(OBJECTS), TEXT, JSON)
def test_unknown_keys(post: Callable, path: tuple, key: str, value: object) -> None:
    request = copy.deepcopy(EXAMPLE_REQUEST)
    at(request, path)["x" + key] = value
    problem = check_problem_answer(post(json.dumps(request).encode()), "unknown-key")
    assert len(problem["errors"]) == 1


@examples(350)
@given(st.sampled_from(PLACES), JSON)
def test_values_of_another_type(post: Callable, path: tuple, value: object) -> None:
    request = copy.deepcopy(EXAMPLE_REQUEST)
    parent, last = at(request, path[:-1]), path[-1]
    if kind(value) in {kind(parent[last]), "null"}:
        value = [value] if kind(parent[last]) != "array" else {"x": value}
    parent[last] = value
    check_problem_answer(post(json.dumps(request).encode()))


@examples(400)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 20), st.binary(max_size=4), st.sampled_from(["", "/batch"]))
def test_damaged_text_is_refused_or_decided_but_never_breaks(
    damaged: FlaskClient, start: int, length: int, instead: bytes, route: str
) -> None:
    """A change inside a string may leave a good request, so a decision is right too."""
    good = GOOD.encode()
    body = good[:start] + instead + good[start + length :]
    content_type = "application/x-ndjson" if route else "application/json"
    answer = damaged.post(f"/v1/decisions{route}", data=body, content_type=content_type)
    if answer.status_code != 200:
        check_problem_answer(answer)
        return
    for line in answer.data.splitlines():
        document = json.loads(line)
        assert document.get("outcome") or check_problem(document)


@examples(100)
@given(st.lists(JSON, min_size=1, max_size=4))
def test_batches_of_bad_items(post: Callable, items: list) -> None:
    answer = post(json.dumps(items).encode(), route="/v1/decisions/batch")
    assert answer.status_code == 200
    assert [check_problem(document)["item"] for document in answer.json] == list(range(len(items)))
    assert all(400 <= document["status"] < 500 for document in answer.json)
