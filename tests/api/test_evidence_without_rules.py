"""The page of the evidence of a decision that no rule made: it says what happened, and of rules nothing."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
from asking_others import about, differing, register
from flask import Flask
from html_page import Page

from api.app import create_app
from api.application import service_of
from api.settings import Settings
from engine import Policy

UNTRUE = ("One rule applied", "no such rule", "facts conflicted", "The rules did not settle it", "Section")


@pytest.fixture
def strict(
    policy: Policy, make_settings: Callable[[Path], Settings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Flask:
    register(monkeypatch, "contrary")
    app = create_app(attrs.evolve(make_settings(tmp_path), strict_second_opinion=True), policy=policy)
    yield app
    service_of(app).close()


def decided_and_page(app: Flask, request: dict) -> tuple[dict, Page]:
    client = app.test_client()
    decision = client.post("/v1/decisions", json=request).json
    evidence = client.get(f"/v1/decisions/{decision['id']}/evidence").data
    with zipfile.ZipFile(io.BytesIO(evidence)) as archive:
        return decision, Page(archive.read("index.html").decode())


@pytest.mark.parametrize(
    ("request_", "rule", "meaning", "how"),
    [
        (
            about("leaves-out"),
            "ostiary.opinion/disagreement",
            "came to different decisions, and none of these was given",
            "did not come to the same decision",
        ),
        (
            about("dies"),
            "ostiary.opinion/none",
            "No other evaluator of the rules could check the decision",
            "What was found is not on record",
        ),
        (
            {**about("fine"), "as_of": "2020-01-01"},
            "ostiary.law/not-in-force",
            "The rules say nothing of this action on that day",
            "no rule set for the action that was in force on the day",
        ),
    ],
)
def test_what_no_rule_made_is_told_so(strict: Flask, request_: dict, rule: str, meaning: str, how: str) -> None:
    decision, page = decided_and_page(strict, request_)
    assert [finding["rule"] for finding in decision["findings"]] == [rule]
    assert rule in page.code
    assert meaning in page.words
    assert how in page.words
    assert "No rule made this finding." in page.words
    assert [text for text in UNTRUE if text in page.words] == []


def test_of_a_disagreement_the_entry_is_named(strict: Flask) -> None:
    decision, page = decided_and_page(strict, about("leaves-out"))
    service = service_of(strict)
    (record,) = differing(service)
    (index,) = [entry.index for entry in service.log.entries() if json.loads(entry.body)["id"] == record["id"]]
    assert record["decision"]["id"] == decision["id"]
    assert f"in entry {index} of the log (opinions_differ)" in page.words


def test_what_a_rule_made_is_told_as_ever(strict: Flask) -> None:
    decision, page = decided_and_page(strict, about("fine"))
    assert [finding["rule"] for finding in decision["findings"]] == ["cip.collection/email"]
    assert "One rule applied, and its effect is the outcome." in page.words
    assert "No rule made this finding." not in page.words
