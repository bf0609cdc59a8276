"""Rules over what is derived: presence, pointers, needs, and functions of the records it extends."""

from __future__ import annotations

from typing import Any

import pytest
from small_rules import definitions, fired, item, policy, rule_set

from engine import Decider
from engine.vocabulary import read_vocabulary

VOCABULARY = read_vocabulary()
CASE: dict[str, Any] = {
    "customer": {
        "kind": "entity",
        "beneficial_owners": [{"id": "a", "ownership_pct": 30}, {"id": "b", "ownership_pct": 3, "name": "Bo"}],
        "holders": [
            {"id": "H", "kind": "entity", "owner_of": "customer", "pct": 40},
            {"id": "c", "kind": "individual", "owner_of": "H", "pct": 100},
            {"id": "d", "kind": "individual", "owner_of": "customer"},
        ],
    }
}


@pytest.mark.parametrize(
    ("condition", "at"),
    [
        ("true", ["/customer/beneficial_owners/0", "/customer/beneficial_owners/1", "/customer/holders/1"]),
        ("owner.reaches_quarter", ["/customer/beneficial_owners/0", "/customer/holders/1"]),
        ("!owner.listed", ["/customer/holders/1"]),
        ("has(owner.resolved_pct) && owner.resolved_pct == 40.0", ["/customer/holders/1"]),
        ("has(owner.name)", ["/customer/beneficial_owners/1"]),
        ("has(owner.reaches_quarter) && size(owners) == 4", []),
    ],
)
def test_a_finding_points_to_the_owner(condition: str, at: list[str]) -> None:
    made = policy(rule_set(item("a", condition, **{"for": {"owner": "owners"}})))
    assert fired(made, CASE) == [f"a@{pointer}" for pointer in at]


@pytest.mark.parametrize(
    ("keys", "at", "needs"),
    [
        ({"needs": ["owner.phones"]}, "/customer/holders/1/phones", ["/customer/holders/1/phones"]),
        (
            {"needs": ["owner.address.street"]},
            "/customer/holders/1/address/street",
            ["/customer/holders/1/address/street"],
        ),
        ({"needs": ["customer.name"], "at": "owner"}, "/customer/holders/1", ["/customer/name"]),
        ({"needs": ["owner.phones"], "at": "customer.name"}, "/customer/name", ["/customer/holders/1/phones"]),
        ({"needs": ["owner"]}, "/customer/holders/1", ["/customer/holders/1"]),
    ],
)
def test_needs_below_an_owner(keys: dict[str, Any], at: str, needs: list[str]) -> None:
    rule = item("a", "!owner.listed", effect="hold", **{"for": {"owner": "owners"}}, **keys)
    decision = Decider(policy(rule_set(rule))).decide(
        {"action": "account.open", "as_of": "2026-11-22", "facts": CASE}, "dry_run"
    )
    assert [finding.at for finding in decision.findings] == [at]
    assert [need["at"] for need in decision.needs] == needs
    derived = {"listed", "reaches_quarter", "resolved_pct"}
    assert not any(derived & need["schema"].get("properties", {}).keys() for need in decision.needs)


def test_a_problem_asks_for_what_the_holder_lacks() -> None:
    rule = item(
        "a", "h.problem == 'unknown_share'", effect="hold", needs=["h.pct"], **{"for": {"h": "ownership_problems"}}
    )
    assert fired(policy(rule_set(rule)), CASE) == ["a@/customer/holders/2/pct"]


def test_the_nearest_function_is_taken() -> None:
    """A function of a record serves those that extend it, directly or not, unless there is one that is nearer."""
    functions = (
        ("far", "p: person", "has(p.name)"),
        ("far", "p: beneficial_owner", "has(p.ownership_pct)"),
        ("near", "p: beneficial_owner", "has(p.ownership_pct)"),
        ("near", "p: person", "has(p.name)"),
        ("only", "p: person", "has(p.name)"),
    )
    found = {}
    for name in ("far", "near", "only"):
        rule = item("a", f"d.{name}(owner)", **{"for": {"owner": "owners"}})
        made = policy(rule_set(rule, uses=["definitions.d"]), definitions__d=definitions(functions=functions))
        found[name] = [finding.rpartition("/")[2] for finding in fired(made, CASE)]
    assert found == {"far": ["0", "1"], "near": ["0", "1"], "only": ["1"]}


@pytest.mark.parametrize(
    ("record", "lineage"),
    [
        ("person", ("person",)),
        ("owner", ("owner", "beneficial_owner", "person")),
        ("ownership_problem", ("ownership_problem", "holder", "person")),
        ("measure", ("measure",)),
    ],
)
def test_a_record_includes_those_it_extends(record: str, lineage: tuple[str, ...]) -> None:
    assert VOCABULARY.lineage(record) == lineage
    for above in lineage:
        assert record in VOCABULARY.extending(above)
        assert VOCABULARY.records[record].fields.keys() >= VOCABULARY.records[above].fields.keys()


def test_only_what_is_derived_is_always_there() -> None:
    told = {field.type.name for field in VOCABULARY.facts.values()} | {"person", "beneficial_owner", "holder"}
    assert not any(field.always for name in told for field in VOCABULARY.records[name].fields.values())
    always = {(name, f.name) for name, record in VOCABULARY.records.items() for f in record.fields.values() if f.always}
    assert {("owner", "listed"), ("owner", "reaches_quarter"), ("ownership_problem", "problem")} <= always
    assert ("owner", "resolved_pct") not in always
