"""The example requests decide as their index says, so that the examples of README and documentation stay true."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml

from engine import Decider, load

ROOT = Path(__file__).resolve().parents[1]
REQUESTS = ROOT / "fixtures" / "requests"
INDEX = yaml.load((REQUESTS / "index.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - builds only strings


@pytest.fixture(scope="module")
def deciders() -> dict[str, Decider]:
    def today() -> date:
        return date(2026, 11, 22)

    return {
        "none": Decider(load(ROOT / "rules", ROOT / "jurisdictions"), today),
        "fixtures": Decider(load(ROOT / "rules", ROOT / "fixtures" / "jurisdictions"), today),
    }


def test_every_request_is_indexed() -> None:
    assert {path.name for path in REQUESTS.glob("*.json")} == set(INDEX)
    assert len(INDEX) >= 30


@pytest.mark.parametrize("name", sorted(INDEX))
def test_request_decides_as_indexed(name: str, deciders: dict[str, Decider]) -> None:
    expected = INDEX[name]
    decision = deciders[expected["jurisdictions"]].decide(json.loads((REQUESTS / name).read_text("utf-8")))
    found = [finding.rule.id for finding in decision.findings]
    assert (decision.outcome, found) == (expected["outcome"], expected["findings"])
