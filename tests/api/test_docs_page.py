"""The docs page: complete, readable without a script, and silent towards other hosts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from html_page import Page

import api
from api.problems import CATALOGUE
from engine import Policy


@pytest.fixture
def page(client: FlaskClient) -> Page:
    answer = client.get("/docs")
    assert answer.content_type == "text/html; charset=utf-8"
    return Page(answer.text)


def test_it_loads_nothing_from_another_host(page: Page, client: FlaskClient) -> None:
    assert all(link.startswith(("/", "#")) and not link.startswith("//") for link in page.links)
    for link in page.links:
        if link.startswith("/"):
            assert client.get(link, buffered=True).status_code == 200, link
    styles = client.get("/static/docs.css", buffered=True).text
    assert "url(" not in styles
    assert "@import" not in styles


def test_it_works_under_its_own_content_security_policy(page: Page) -> None:
    assert "script" not in page.tags
    assert "style" not in page.tags
    assert "style" not in page.attributes
    assert not any(name.startswith("on") for name in page.attributes)


def test_links_within_it_lead_somewhere(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= set(page.ids)


@pytest.mark.parametrize("slug", CATALOGUE)
def test_the_type_of_a_problem_leads_to_its_section(client: FlaskClient, page: Page, slug: str) -> None:
    assert f"problem-{slug}" in page.ids
    answer = client.get(CATALOGUE[slug].uri)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/docs#problem-{slug}")


def test_every_word_of_the_vocabulary_is_there(page: Page, policy: Policy) -> None:
    vocabulary = policy.vocabulary
    derived = {field.type.element.name for field in vocabulary.derived.values()}
    for name, record in vocabulary.records.items():
        if name in derived or name == "person":
            continue
        assert f"facts-{name}" in page.ids
        assert set(record.fields) <= set(page.code)


def test_the_answer_shown_is_what_the_loaded_policy_decides(page: Page, policy: Policy) -> None:
    shown = next(json.loads(code) for code in page.code if code.startswith('{\n  "id"'))
    assert shown["outcome"] == "hold"
    assert shown["policy"]["digest"] == policy.digest


def test_light_and_dark_are_both_there() -> None:
    styles = (Path(api.__file__).parent / "web" / "static" / "docs.css").read_text()
    assert "color-scheme: light dark" in styles
    assert "prefers-color-scheme: dark" in styles


def test_what_an_auditor_asks_is_listed(page: Page) -> None:
    log = {"checkpoint", "entries", "proof/inclusion", "proof/consistency"}
    assert {f"/v1/log/{path}" for path in log} | {"/v1/decisions/{decision_id}/evidence"} <= set(page.code)


def test_the_home_page_leads_to_it(client: FlaskClient) -> None:
    assert client.get("/").headers["Location"] == "/docs"
