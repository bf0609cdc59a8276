"""Scenarios of the rule as data: how a caller may tell one, and what the rule says to it.

T01 and on are numbers of the digest of 89 FR 5698, Q01 and on those of its open questions. A `block` is any outcome
that does not allow, for the scenarios that say no more than that.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs

from engine import Decider, load

ROOT = Path(__file__).parents[2]
TODAY = "2026-11-22"
BOTH = ("account.open", "account.maintain")
OPEN = ("account.open",)

Facts = dict[str, Any]


@attrs.frozen
class Told:
    """One telling of a scenario."""

    scenario: str
    how: str
    facts: Facts
    expected: str
    actions: tuple[str, ...] = OPEN
    as_of: str = TODAY
    orders: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    finding: str = ""


# -- the building blocks

PERSON = {
    "name": "Ada Example",
    "address": {"kind": "residential", "street": "1 High Street", "city": "Leeds", "country": "GB"},
    "locations_of_use": ["GB"],
    "payments": [{"kind": "card", "identifier": "tok-1"}],
    "emails": ["ada@example.org"],
    "phones": ["+44 113 555 0100"],
    "access_log": [{"ip": "192.0.2.1", "at": "2026-11-20T10:00:00Z"}],
    "identity": {"status": "verified", "methods": ["documentary"]},
}
FIELDS = ("name", "address", "locations_of_use", "payments", "emails", "phones", "access_log", "identity")
INDIVIDUAL = {**PERSON, "kind": "individual", "located_in": "GB", "us_citizen": False, "us_permanent_resident": False}
OWNER = {**PERSON, "id": "o1", "located_in": "FR", "us_citizen": False, "ownership_pct": 100}
OFFICE = {"kind": "principal_place", "street": "2 Low Street", "city": "Berlin", "country": "DE"}
ENTITY = {
    **PERSON,
    "kind": "entity",
    "name": "Example GmbH",
    "organized_in": "DE",
    "located_in": "DE",
    "is_business": True,
    "address": OFFICE,
    "beneficial_owners": [OWNER],
}
US_OWNER = {"id": "u1", "name": "Uma Example", "us_citizen": True, "us_person_status": "verified", "ownership_pct": 100}
US_LLC = {
    "kind": "entity",
    "name": "Example LLC",
    "organized_in": "US-DE",
    "located_in": "US-DE",
    "us_person_status": "verified",
    "beneficial_owners": [US_OWNER],
}
# A U.S. company of which every field is known as well.
FULL_LLC = {**ENTITY, **US_LLC, "address": {**OFFICE, "city": "Dover", "country": "US"}}

SURROUNDINGS: dict[str, Facts] = {
    "customer alone": {},
    "provider and product": {
        "provider": {"us_person": True},
        "product": {
            "kind": "compute",
            "runs_customer_software": True,
            "owned_by_us_person": True,
            "operated_in_us": True,
            "formal_relationship": True,
        },
    },
    "product in part": {"product": {"kind": "storage", "operated_in_us": True}, "account": {"status": "prospective"}},
    "nulls around": {"provider": None, "product": {"kind": None}, "account": {}, "reseller": None},
}


def around(customer: Facts, **parts: Facts) -> Iterator[tuple[str, Facts]]:
    """The customer in every surrounding that leaves the case in scope."""
    for name, surrounding in SURROUNDINGS.items():
        yield name, {**copy.deepcopy(surrounding), "customer": customer, **parts}


def without(record: Facts, *names: str) -> Facts:
    return {key: value for key, value in record.items() if key not in names}


def tell(scenario: str, expected: str, customer: Facts, how: str = "", **more: Any) -> Iterator[Told]:
    parts = more.pop("parts", {})
    for name, facts in around(customer, **parts):
        yield Told(scenario, f"{how or 'as told'}, {name}", facts, expected, **more)


def missing(record: Facts, name: str) -> Iterator[tuple[str, Facts]]:
    """The three ways in which a fact is missing."""
    yield f"no {name}", without(record, name)
    yield f"{name} null", {**record, name: None}
    if isinstance(record.get(name), list | dict):
        yield f"{name} empty", {**record, name: type(record[name])()}


# -- deciding

FINDING = (
    "A significant number of foreign persons there offer U.S. infrastructure services used for malicious activity."
)
ORDERS: dict[str, Facts] = {
    "prohibition": {"kind": "prohibition", "target": {"jurisdiction": "X-ELBONIA"}},
    "extended": {
        "kind": "prohibition",
        "target": {"jurisdiction": "X-ELBONIA"},
        "extensions": [{"published_on": "2027-01-05", "until": "2027-12-31"}],
    },
    "conditions": {
        "kind": "conditions",
        "target": {"jurisdiction": "X-ELBONIA"},
        "conditions": [
            {
                "id": "card",
                "condition": "has(customer.payments) && customer.payments.all(p, has(p.kind) && p.kind == 'card')",
                "message": "Pay by card.",
            }
        ],
    },
    "person": {"kind": "prohibition", "target": {"person": "Wally"}},
}


@cache
def decider(orders: tuple[str, ...], directory: Path) -> Decider:
    places = {"places": {"X-ELBONIA": {"name": "Elbonia"}, "X-ELBONIA-MUD": {"name": "Mud", "parent": "X-ELBONIA"}}}
    here = directory / "-".join(["with", *orders])
    (here / "measures").mkdir(parents=True, exist_ok=True)
    # JSON is YAML.
    (here / "places.yaml").write_text(json.dumps(places), "utf-8")
    for order in orders:
        text = json.dumps({"id": order, "issued_on": "2026-01-10", "finding": FINDING, **ORDERS[order]})
        (here / "measures" / f"{order}.yaml").write_text(text, "utf-8")
    return Decider(load(ROOT / "rules", here))


def by_scenario(told: Iterable[Told]) -> Mapping[str, list[Told]]:
    """The tellings of each scenario."""
    found: dict[str, list[Told]] = {}
    for one in told:
        found.setdefault(one.scenario, []).append(one)
    return found


def check(told: Iterable[Told], directory: Path) -> None:
    """Every telling must come out as the rule says."""
    wrong = [
        f"{one.how} [{action}]: expected {one.expected}, {found}"
        for one in told
        for action in one.actions
        if (found := differs(one, action, decider(one.orders, directory)))
    ]
    assert not wrong, f"{len(wrong)} tellings:\n" + "\n".join(wrong)


def differs(told: Told, action: str, decides: Decider) -> str:
    """How the decision differs from what the rule says, or nothing."""
    decision = decides.decide({"action": action, "as_of": told.as_of, "facts": told.facts})
    found = f"{decision.outcome}: {', '.join(finding.rule.id for finding in decision.findings)}"
    if told.expected == "block":
        if decision.allowed:
            return found
    elif decision.outcome != told.expected:
        return found
    if decision.outcome == "restrict" and not decision.restrictions:
        return f"{found}, and no restriction"
    needs = {need["at"] for need in decision.needs}
    if decision.outcome == "hold" and not set(told.needs) <= needs:
        return f"{found}, needs {sorted(needs)} without {told.needs}"
    if told.finding and not any(finding.rule.id.endswith(told.finding) for finding in decision.findings):
        return f"{found}, without {told.finding}"
    return ""
