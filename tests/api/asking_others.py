"""Services whose decisions are asked about of the evaluators that a test registers, and what came of it."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.example import EXAMPLE_REQUEST
from api.service import DecisionService
from engine.evaluators.registry import EVALUATORS

NAME = "Zebedee Quux-Marmaduke"
"""Of every customer: a text that nothing but the facts can bring into a log."""


def register(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Put evaluators of tests into the table, beside the compiled one and in place of all others."""
    # From the last: they are put back in the opposite order, and the table is as it was.
    for name in reversed([name for name in EVALUATORS if name != "compiled"]):
        monkeypatch.delitem(EVALUATORS, name)
    for name in names:
        monkeypatch.setitem(EVALUATORS, name, f"{name}_evaluator")


def about(customer: str) -> dict[str, Any]:
    """The example, which is held for an email address, about a customer of this id."""
    request = copy.deepcopy(EXAMPLE_REQUEST)
    request["facts"]["customer"] |= {"id": customer, "name": NAME}
    return request


def decide(client: FlaskClient, customer: str, **headers: str) -> TestResponse:
    """An answer that has gone out to its end."""
    return client.post("/v1/decisions", json=about(customer), headers=headers, buffered=True)


def differing(service: DecisionService) -> list[dict[str, Any]]:
    """The entries about disagreements."""
    return [json.loads(entry.body) for entry in service.log.entries() if entry.kind == "opinions_differ"]


def figure(text: str, name: str, **labels: str) -> float:
    """A figure of the metrics, 0 where there is none."""
    shown = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    start = f"ostiary_{name}{{{shown}}} " if labels else f"ostiary_{name} "
    found = [line.removeprefix(start) for line in text.splitlines() if line.startswith(start)]
    assert len(found) <= 1
    return float(found[0]) if found else 0.0


def opinions(client: FlaskClient, evaluator: str = "contrary") -> dict[str, float]:
    """How often an evaluator gave an opinion of each kind."""
    text = client.get("/metrics").text
    verdicts = ("same", "different", "none")
    found = {one: figure(text, "second_opinions_total", evaluator=evaluator, verdict=one) for one in verdicts}
    return {one: number for one, number in found.items() if number}


def wait_until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
