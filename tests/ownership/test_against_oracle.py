"""Resolved ownership against fractions and recursion, on small random graphs."""

from __future__ import annotations

import os
from typing import Any

import pytest
from graphs import owners, problems
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import Oracle

from engine.ownership import shares

PARTS = (5, 10, 12.5, 20, 24.999999999999996, 25, 33.333333333333336, 40, 49.99999999999999, 50, 50.00000000000001, 51)

UNKNOWN = {"opaque", "part_unknown"}


@st.composite
def graphs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to seven holders without rings, each thing held to 100 percent at most, in any order."""
    count = draw(st.integers(1, 7))
    kinds = [draw(st.sampled_from(("entity", "entity", "individual"))) for _ in range(count)]
    left: dict[str, float] = {}
    records = []
    for n in range(count):
        things = ["customer", *(f"n{m}" for m in range(n) if kinds[m] == "entity")]
        for thing in draw(st.lists(st.sampled_from(things), min_size=1, max_size=3, unique=True)):
            parts = [part for part in (*PARTS, left.get(thing, 100)) if part <= left.get(thing, 100)]
            pct = draw(st.sampled_from(parts)) if parts else 0
            left[thing] = left.get(thing, 100) - pct
            records.append({"id": f"n{n}", "kind": kinds[n], "owner_of": thing, "pct": pct})
    return draw(st.permutations(records))


EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "600"))
checked = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def agree(holders: list[dict[str, Any]]) -> None:
    expected = Oracle(holders)
    found = owners(holders)
    assert {owner["id"] for owner in found} == expected.owners()
    for owner in found:
        assert owner["resolved_pct"] == pytest.approx(min(100.0, float(100 * expected.share(owner["id"]))), rel=1e-15)
    kinds = problems(holders)
    assert {holders[n]["id"] for kind, n in kinds if kind in UNKNOWN} == expected.opaque()


@checked
@given(graphs())
def test_the_same_owners_shares_and_opaque_holders(holders: list[dict[str, Any]]) -> None:
    agree(holders)


@pytest.mark.parametrize("precisions", [(1, 400), (2, 400), (3, 5, 400)])
def test_however_few_digits_the_first_passes_have(monkeypatch: pytest.MonkeyPatch, precisions: tuple) -> None:
    """What a pass leaves open, the next decides: no answer depends on where the passes stop."""
    monkeypatch.setattr(shares, "PRECISIONS", precisions)

    @settings(checked, max_examples=EXAMPLES // 3)
    @given(graphs())
    def holds(holders: list[dict[str, Any]]) -> None:
        expected = Oracle(holders)
        assert {owner["id"] for owner in owners(holders)} == expected.owners()
        assert {holders[n]["id"] for kind, n in problems(holders) if kind in UNKNOWN} == expected.opaque()

    holds()


@checked
@given(graphs(), st.data())
def test_a_company_of_somebody_alone_changes_nothing(holders: list[dict[str, Any]], data: st.DataObject) -> None:
    """Whoever puts a company that is all theirs between themselves and a share has the same share."""
    n = data.draw(st.integers(0, len(holders) - 1))
    moved = holders[n]
    between = {"id": "between", "kind": "entity", "owner_of": moved["owner_of"], "pct": moved["pct"]}
    changed = [*holders[:n], moved | {"owner_of": "between", "pct": 100}, *holders[n + 1 :], between]
    assert {owner["id"] for owner in owners(changed)} == {owner["id"] for owner in owners(holders)}
