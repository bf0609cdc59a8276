"""Explanations say where derived facts come from: pointers and figures, and nobody's name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench.shipped import EXAMPLE_JURISDICTIONS, shipped_policy
from engine import Decider
from engine.decision.explain import explain, render_explanation
from engine.ownership.chains import MAX_CHAINS, MAX_STEPS

DAY = "2026-11-22"


@pytest.fixture(scope="module")
def decider() -> Decider:
    return Decider(shipped_policy(EXAMPLE_JURISDICTIONS))


def explained(decider: Decider, **customer: Any) -> Any:
    facts = {"customer": {"kind": "entity", **customer}}
    return explain(decider, {"action": "account.open", "as_of": DAY, "facts": facts})


def texts(decider: Decider, *holders: dict[str, Any], listed: tuple = ()) -> list[str]:
    found = explained(decider, holders=list(holders), beneficial_owners=list(listed)).derived.owners
    return [f"{owner.at}: {owner.text}" for owner in found]


def held(own_id: str, pct: float, owner_of: str = "customer") -> dict[str, Any]:
    kind = "entity" if own_id.isupper() else "individual"
    return {"id": own_id, "kind": kind, "owner_of": owner_of, "pct": pct, "name": "Quentin Secret"}


@pytest.mark.parametrize(
    ("holders", "listed", "expected"),
    [
        ([held("a", 25)], [], ["/customer/holders/0: 25 % = 25 %; reaches 25 percent"]),
        (
            [held("A", 50), held("a", 50, "A")],
            [],
            ["/customer/holders/1: 25 % = 50 % of /customer/holders/0 × 50 %; reaches 25 percent"],
        ),
        (
            [held("A", 40), held("B", 60, "A"), held("a", 50.5, "B")],
            [],
            [
                (
                    "/customer/holders/2: 40 % = 50.5 % (control: counts as 100 %) of /customer/holders/1 × "
                    "60 % (control: counts as 100 %) of /customer/holders/0 × 40 %; reaches 25 percent"
                )
            ],
        ),
        (
            [held("a", 15), held("A", 40), held("a", 25, "A")],
            [],
            ["/customer/holders/0: 25 % = 15 % + 25 % of /customer/holders/1 × 40 %; reaches 25 percent"],
        ),
        # Joint control carries more than any one of its chains, so they are no sum.
        (
            [held("A", 30), held("a", 30, "A"), held("B", 30, "A"), held("a", 60, "B")],
            [],
            [
                (
                    "/customer/holders/1: 30 % by 30 % (control: counts as 100 %) of /customer/holders/0 × 30 %, "
                    "60 % (control: counts as 100 %) of /customer/holders/2 × 30 % (control: counts as 100 %) of "
                    "/customer/holders/0 × 30 %; reaches 25 percent"
                )
            ],
        ),
        (
            [],
            [{"id": "a", "ownership_pct": 12.5}],
            ["/customer/beneficial_owners/0: 12.5 % as listed; does not reach 25 percent"],
        ),
        (
            [held("a", 30)],
            [{"id": "a", "ownership_pct": 20}],
            ["/customer/beneficial_owners/0: 20 % as listed; 30 % = 30 %; reaches 25 percent"],
        ),
        ([], [{"id": "a"}], ["/customer/beneficial_owners/0: does not reach 25 percent"]),
    ],
)
def test_owners(decider: Decider, holders: list, listed: list, expected: list[str]) -> None:
    assert texts(decider, *holders, listed=tuple(listed)) == expected


def test_a_graph_without_end_is_shown_in_part(decider: Decider) -> None:
    """Twelve diamonds are 4,096 ways."""
    records = []
    for n in range(12):
        below = "customer" if n == 0 else f"J{n - 1}"
        records += [held(f"{side}{n}", 50, below) for side in "AB"]
        records += [held(f"J{n}", 100, f"{side}{n}") for side in "AB"]
    (owner,) = explained(decider, holders=[*records, held("a", 100, "J8")]).derived.owners
    assert (owner.resolved_pct, len(owner.chains)) == (100.0, MAX_CHAINS)
    assert all(len(chain) <= MAX_STEPS + 1 for chain in owner.chains)
    (owner,) = explained(decider, holders=[*records, held("a", 100, "J11")]).derived.owners
    assert (owner.resolved_pct, owner.chains) == (100.0, ())
    assert owner.text == "100 % by the ownership graph; reaches 25 percent"


def test_problems_and_measures(decider: Decider) -> None:
    explanation = explained(decider, located_in="X-FREEDONIA", holders=[held("A", 30), held("a", 5, "B")])
    assert json.loads(json.dumps(explanation.document["derived"])) == {
        "owners": [],
        "ownership_problems": [
            {"at": "/customer/holders/0", "problem": "opaque"},
            {"at": "/customer/holders/1", "problem": "dangling"},
            {"at": "/customer/holders", "problem": "incomplete"},
        ],
        "measures": [
            {"at": "/customer/located_in", "order": measure.order, "ground": "residence", "state": measure.state}
            for measure in explanation.derived.measures
        ],
    }
    assert explanation.derived.measures
    shown = render_explanation(explanation)
    assert "problem  /customer/holders/0  opaque" in shown
    assert "residence at /customer/located_in" in shown


def test_nobody_is_named(decider: Decider) -> None:
    explanation = explained(
        decider,
        name="Secret Inc.",
        beneficial_owners=[{"id": "o", "name": "Quentin Secret", "ownership_pct": 30}],
        holders=[held("A", 50), held("a", 50, "A"), held("b", 1, "B")],
    )
    document = json.dumps(explanation.document["derived"])
    assert "Secret" not in document
    assert "Secret" not in "\n".join(explanation.derived.lines)
    assert '"text": "25 % = 50 %' in document


def test_nothing_derived_is_not_mentioned(decider: Decider) -> None:
    assert "Worked out" not in render_explanation(explained(decider))
