"""Whether an order on a person finds an owner or holder involved, or with a small share only (Q31)."""

from __future__ import annotations

from typing import Any

import pytest
from small_rules import fired, item, policy, rule_set

from engine.measures.match import Matcher

ORDER = {"id": "o", "kind": "prohibition", "target": {"person": "Listed"}, "issued_on": "2026-01-10", "finding": "F."}
GROUNDS = policy(
    rule_set(
        item("involved", "m.ground == 'involved'", **{"for": {"m": "measures"}}),
        item("stake", "m.ground == 'stake'", **{"for": {"m": "measures"}}),
    ),
    jurisdictions__measures__o=ORDER,
)


def holder(own_id: str, pct: float, **more: Any) -> dict[str, Any]:
    return {"id": own_id, "kind": "individual", "owner_of": "customer", "pct": pct, **more}


@pytest.mark.parametrize(
    ("customer", "found"),
    [
        (
            {"beneficial_owners": [{"name": "Listed", "ownership_pct": 25}]},
            ["involved@/customer/beneficial_owners/0/name"],
        ),
        ({"beneficial_owners": [{"id": "Listed", "ownership_pct": 24}]}, ["stake@/customer/beneficial_owners/0/id"]),
        ({"holders": [holder("h", 25, name="Listed")]}, ["involved@/customer/holders/0/name"]),
        ({"holders": [holder("h", 24, name="Listed")]}, ["stake@/customer/holders/0/name"]),
        # Another owner reaches a quarter, and the words that are missing there are nobody's.
        (
            {
                "beneficial_owners": [{"id": None, "name": "Ada", "ownership_pct": 60}],
                "holders": [holder("h", 24, name="Listed"), {"owner_of": "h", "name": "Listed"}],
            },
            ["stake@/customer/holders/0/name"],
        ),
        # The second record of one holder goes by the listed name.
        (
            {"holders": [holder("h", 20, name="Alias"), holder("h", 20, name="Listed")]},
            ["involved@/customer/holders/1/name"],
        ),
        # An entity is no beneficial owner, so nothing tells that what it has in the end is little.
        ({"holders": [holder("h", 60, kind="entity", name="Listed")]}, ["involved@/customer/holders/0/name"]),
        (
            {"name": "Listed", "holders": [holder("Listed", 1)]},
            ["involved@/customer/name", "stake@/customer/holders/0/id"],
        ),
    ],
)
def test_the_ground_of_a_measure_on_a_person(customer: dict[str, Any], found: list[str]) -> None:
    assert fired(GROUNDS, {"customer": {"kind": "entity", **customer}}) == found


def test_ten_thousand_listed_owners_are_looked_up_once_each() -> None:
    looked_at = 0

    class Counting(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            nonlocal looked_at
            looked_at += key == "reaches_quarter"
            return super().__getitem__(key)

    owners = [Counting({"name": "Listed", "listed": True, "reaches_quarter": False}) for _ in range(10_000)]
    listed = {"customer": {"beneficial_owners": [{"name": "Listed"}] * 10_000}}
    matcher = Matcher(GROUNDS.orders, lambda _: lambda *_: True)
    matcher.match(listed, "2026-11-22", "account.open", {"owners": owners, "ownership_problems": ()})
    assert looked_at == 10_000
