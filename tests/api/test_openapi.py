"""The OpenAPI document: valid, complete, and true of what the service does."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.example import EXAMPLE_REQUEST
from api.problems import CATALOGUE, MEDIA_TYPE


@pytest.fixture
def document(client: FlaskClient) -> dict:
    return client.get("/openapi.json").json


def schema(document: dict, name: str) -> Draft202012Validator:
    return Draft202012Validator({**document, "$ref": f"#/components/schemas/{name}"})


def operations(document: dict):
    for path, methods in document["paths"].items():
        for method in methods.keys() & {"get", "post"}:
            yield path, method, methods[method]


def test_it_is_valid_3_1(document: dict) -> None:
    assert document["openapi"].startswith("3.1.")
    assert not list(OpenAPIV31SpecValidator(document).iter_errors())


def test_every_versioned_route_is_in_it(document: dict, app: Flask) -> None:
    routes = {rule.rule.replace("<", "{").replace(">", "}") for rule in app.url_map.iter_rules()}
    own = {"/static/{path:filename}", "/", "/docs", "/openapi.json", "/problems/{slug}"}
    assert set(document["paths"]) == routes - own


def test_problems_are_documented_as_what_they_are(document: dict) -> None:
    seen = set()
    for path, method, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) < 400:
                continue
            assert list(response["content"]) == [MEDIA_TYPE], (path, method, status)
            assert response["content"][MEDIA_TYPE]["schema"] == {"$ref": "#/components/schemas/Problem"}
            slugs = {slug for slug in CATALOGUE if f"`/problems/{slug}`" in response["description"]}
            assert slugs
            assert {CATALOGUE[slug].status for slug in slugs} == {int(status)}
            seen |= slugs
    # What is not of a route: answers of the server itself, and of paths that do not exist.
    assert seen >= CATALOGUE.keys() - {"header-too-large", "malformed-http", "method-not-allowed"}


def test_bodies_are_required_and_the_example_fits(document: dict) -> None:
    bodies = [operation["requestBody"] for _, method, operation in operations(document) if method == "post"]
    assert len(bodies) == 2
    assert all(body["required"] is True for body in bodies)
    assert schema(document, "Request").is_valid(EXAMPLE_REQUEST)
    assert not schema(document, "Request").is_valid({**EXAMPLE_REQUEST, "facts": {"customer": {"emials": []}}})
    assert not schema(document, "Request").is_valid({**EXAMPLE_REQUEST, "facts": {"customer": {"kind": "person"}}})


def test_answers_fit_their_schemas(document: dict, client: FlaskClient) -> None:
    held = client.post("/v1/decisions", json=EXAMPLE_REQUEST).json
    schema(document, "Decision").validate(held)
    schema(document, "Problem").validate(client.post("/v1/decisions", json={"a": 1}).json)
    schema(document, "Policy").validate(client.get("/v1/policy").json)
    schema(document, "Health").validate(client.get("/readyz").json)


def test_the_policy_route_tells_what_is_loaded(client: FlaskClient, policy) -> None:
    loaded = client.get("/v1/policy").json
    assert list(loaded) == ["digest", "legal_status", "sources", "evaluator", "rule_sets", "orders"]
    assert loaded["digest"] == policy.digest
    assert loaded["evaluator"] == "compiled"
    assert loaded["legal_status"] == "proposed_not_in_force"
    assert [rule_set["name"] for rule_set in loaded["rule_sets"]] == [summary.name for summary in policy.rule_sets]
    assert all(rule_set["rules"] for rule_set in loaded["rule_sets"])
    assert [order["id"] for order in loaded["orders"]] == [order.id for order in policy.order_summaries]


def test_readiness_and_liveness(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "alive"}
    assert client.get("/readyz").json == {"status": "ready"}
