"""A cooperative caller: for each need an answer that fits the need's own JSON Schema and is meant to succeed."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

# What a caller who has nothing to hide would say, by the name of the field; anything else is made from the schema.
GOOD: Mapping[str, Any] = {
    "status": "verified",
    "doubts": False,
    "is_business": False,
    "trades_under_other_names": False,
    "removed_as_unverified": False,
    "us_citizen": False,
    "us_permanent_resident": False,
    "deprovision_by": "9999-12-31",
    "owner_of": "customer",
    "meets": ["c", "d", "e", "f"],
    "verified_on": "9999-12-31",
}
FORMATS = {"date": "2024-01-01", "date-time": "2026-11-01T12:00:00Z", "email": "someone@example.org", "place": "FR"}


def supplied(facts: Mapping[str, Any], needs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A copy of the facts in which every need is answered."""
    changed = copy.deepcopy(dict(facts))
    for need in needs:
        _set(changed, need["at"], answer(need, changed))
    return changed


def answer(need: Mapping[str, Any], facts: Mapping[str, Any]) -> Any:
    """The value for one need."""
    at, schema = need["at"], need["schema"]
    customer = facts.get("customer") or {}
    is_entity = customer.get("kind") == "entity"
    if at == "/customer/beneficial_owners":
        return _owners(customer, schema["items"])
    if at == "/customer/holders":
        return _holders(schema["items"])
    value = _from(schema, at.rpartition("/")[2])
    if is_entity and at == "/customer/address/kind":
        return "principal_place"
    if is_entity and at == "/customer/address":
        return value | {"kind": "principal_place"}
    return value


def _owners(customer: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Any]:
    """Those listed already, each told in full, and somebody in control."""
    in_control = {**_from(schema), "substantial_control": True}
    told = {key: value for key, value in in_control.items() if key not in {"id", "name"}}
    known = customer.get("beneficial_owners") or ()
    named = [{key: person[key] for key in ("id", "name") if person.get(key) is not None} for person in known]
    return [*(told | {"name": "Somebody"} | names for names in named), {**in_control, "id": "in-control"}]


def _holders(schema: Mapping[str, Any]) -> list[Any]:
    """Who really holds the customer: one individual, whatever was said before."""
    return [{**_from(schema), "id": "holder", "kind": "individual", "owner_of": "customer", "pct": 100}]


def _from(schema: Mapping[str, Any], name: str = "") -> Any:
    if name in GOOD:
        return GOOD[name]
    match schema["type"]:
        case "object":
            return {name: _from(inner, name) for name, inner in schema.get("properties", {}).items()}
        case "array":
            return [_from(schema["items"])]
        case "boolean":
            return True
        case "integer" | "number":
            return schema.get("maximum", schema.get("minimum"))
    if "enum" in schema:
        return schema["enum"][0]
    return FORMATS.get(schema.get("format", ""), "something")


def _set(facts: dict[str, Any], at: str, value: Any) -> None:
    *steps, last = at.split("/")[1:]
    here: Any = facts
    for step in steps:
        if isinstance(here, list):
            here = here[int(step)]
            continue
        if here.get(step) is None:
            here[step] = {}
        here = here[step]
    here[last] = value
