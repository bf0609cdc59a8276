"""Beneficial owners and the exemption of U.S. persons."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from told import (
    BOTH,
    ENTITY,
    FIELDS,
    FULL_LLC,
    INDIVIDUAL,
    OWNER,
    US_LLC,
    US_OWNER,
    Told,
    by_scenario,
    check,
    missing,
    tell,
    without,
)


def tellings() -> Iterator[Told]:
    resident = {**without(US_OWNER, "us_citizen"), "us_permanent_resident": True, "located_in": "DE"}
    located = {**without(US_OWNER, "us_citizen"), "located_in": "PR"}
    for how, owners in {
        "one citizen": [US_OWNER],
        "three limbs": [{**US_OWNER, "ownership_pct": 40}, {**resident, "ownership_pct": 30}, located],
        "in control only": [{**US_OWNER, "ownership_pct": 0, "substantial_control": True}],
        "share not said": [without(US_OWNER, "ownership_pct")],
    }.items():
        yield from tell("T18", "allow", {**US_LLC, "beneficial_owners": owners}, how, actions=BOTH)
    for place in ("US", "US-TX", "PR", "GU"):
        yield from tell("T18", "allow", {**US_LLC, "organized_in": place}, f"organized in {place}")
    claims = {**US_OWNER, "us_person_status": "claimed"}
    for how, customer in {
        "the company": {**US_LLC, "us_person_status": "claimed"},
        "the owner": {**US_LLC, "beneficial_owners": [claims]},
        "both": {**US_LLC, "us_person_status": "claimed", "beneficial_owners": [claims]},
        "nothing said of the company": without(US_LLC, "us_person_status"),
        "nothing said of the owner": {**US_LLC, "beneficial_owners": [without(US_OWNER, "us_person_status")]},
        "one owner of two": {**US_LLC, "beneficial_owners": [US_OWNER, {**claims, "id": "u2"}]},
    }.items():
        yield from tell("T19", "block", customer, how, actions=BOTH)
    us_part = {**US_OWNER, "ownership_pct": 75}
    for share in (25, 25.0, 30, 100):
        foreign = {**without(OWNER, *FIELDS), "ownership_pct": share}
        yield from tell("T20", "block", {**US_LLC, "beneficial_owners": [us_part, foreign]}, f"{share} percent, bare")
        yield from tell(
            "T20", "block", {**FULL_LLC, "beneficial_owners": [us_part, foreign]}, f"{share}, no owner field"
        )
        told = [us_part, {**OWNER, "ownership_pct": share}]
        yield from tell("T20", "allow", {**FULL_LLC, "beneficial_owners": told}, f"{share} percent, all there")
    for share in (0, 24.999):
        small = {**without(OWNER, *FIELDS), "ownership_pct": share}
        yield from tell("T20", "allow", {**US_LLC, "beneficial_owners": [us_part, small]}, f"{share} percent")
        yield from tell(
            "T22",
            "block",
            {**US_LLC, "beneficial_owners": [US_OWNER, {**small, "substantial_control": True}]},
            f"{share}",
        )
    controls = {**OWNER, "ownership_pct": 0, "substantial_control": True}
    yield from tell("T22", "allow", {**FULL_LLC, "beneficial_owners": [US_OWNER, controls]}, "all there")
    siblings = [
        {"id": "s1", "name": "Siri Doe", "located_in": "NO", "us_citizen": False},
        {"id": "s2", "name": "Sven Doe", "located_in": "NO", "us_citizen": False},
    ]
    majority = {**US_OWNER, "ownership_pct": 74}
    listed = [majority, *({**sibling, "ownership_pct": 13} for sibling in siblings)]
    held = [{**sibling, "kind": "individual", "owner_of": "customer", "pct": 13} for sibling in siblings]
    yield from tell("T24", "allow", {**US_LLC, "beneficial_owners": listed}, "listed as owners", actions=BOTH)
    yield from tell("T24", "allow", {**US_LLC, "beneficial_owners": [majority], "holders": held}, "in the graph")
    yield from tell("T24", "allow", {**US_LLC, "beneficial_owners": listed, "holders": held}, "in both")
    company = {
        "id": "sa",
        "kind": "entity",
        "name": "Example SA",
        "owner_of": "customer",
        "pct": 40,
        "located_in": "FR",
    }
    behind = {"id": "o1", "kind": "individual", "name": "Ada Example", "owner_of": "sa", "pct": 100}
    texas = {**US_LLC, "organized_in": "US-TX", "beneficial_owners": [{**US_OWNER, "ownership_pct": 60}]}
    for customer in (texas, {**FULL_LLC, **texas}):
        for holder in (company, without(company, "owner_of"), without(company, "pct"), without(company, "located_in")):
            how = ", ".join(key for key in company if key not in holder) or "all said"
            yield from tell("T25", "block", {**customer, "holders": [holder]}, f"nobody behind it, not said: {how}")
    american = {**behind, "id": "u1", "us_citizen": True, "us_person_status": "verified"}
    yield from tell("T25", "allow", {**texas, "holders": [company, american]}, "a verified U.S. person behind it")
    in_new_york = {"id": "o1", "name": "Ada Example", "located_in": "US-NY", "us_person_status": "verified"}
    resident = {**texas, "beneficial_owners": [*texas["beneficial_owners"], {**in_new_york, "ownership_pct": 40}]}
    yield from tell("T25", "allow", {**resident, "holders": [company, behind]}, "one located in the United States")
    control = {**behind, "pct": 60, "located_in": "FR"}
    yield from tell("Q01", "block", {**texas, "holders": [company, control]}, "control of the company between")
    lyon = {**behind, "located_in": "FR", "us_citizen": False}
    foreign = {**OWNER, "ownership_pct": 40}
    both = [*texas["beneficial_owners"], foreign]
    yield from tell("T27", "block", {**texas, "holders": [company, lyon]}, "not listed")
    yield from tell("T27", "block", {**FULL_LLC, **texas, "holders": [company, lyon]}, "not listed, all else there")
    bare = {**texas, "holders": [company, lyon], "beneficial_owners": [*texas["beneficial_owners"], {**lyon, "x": 1}]}
    bare["beneficial_owners"][1] = {"id": "o1", "name": "Ada Example", "located_in": "FR", "ownership_pct": 40}
    yield from tell("T27", "block", bare, "listed, no field")
    full = {**FULL_LLC, **texas, "beneficial_owners": both, "holders": [company, lyon]}
    yield from tell("T27", "allow", full, "listed, all there")
    yield from tell("T27", "block", {**texas, "beneficial_owners": both}, "listed, no field of the entity")
    for how, owner in missing(OWNER, "phones"):
        customer = {**FULL_LLC, "beneficial_owners": [us_part, {**owner, "ownership_pct": 25}]}
        needs = ("/customer/beneficial_owners/1/phones",)
        yield from tell("T29", "block", customer, how, needs=needs, actions=BOTH)
    small = [{**US_OWNER, "ownership_pct": 9}, {**OWNER, "ownership_pct": 4}]
    for how, customer in {
        "U.S., nobody": without(US_LLC, "beneficial_owners"),
        "U.S., nobody, all else there": without(FULL_LLC, "beneficial_owners"),
        "U.S., small holders": {**US_LLC, "beneficial_owners": small},
        "U.S., reason recorded": {**without(US_LLC, "beneficial_owners"), "no_owner_reason": "listed company"},
        "foreign, reason recorded": {**without(ENTITY, "beneficial_owners"), "no_owner_reason": "listed company"},
        "foreign, small holders": {**ENTITY, "beneficial_owners": small},
        "foreign, small holders, reason": {**ENTITY, "beneficial_owners": small, "no_owner_reason": "dispersed"},
    }.items():
        yield from tell("T30", "review", customer, how, actions=BOTH)
    resold = {"account": {"resold_to_foreign_person": True}}
    for number, bare_customer, full_customer in (
        ("T32 entity", US_LLC, {**FULL_LLC}),
        (
            "T32 individual",
            {"kind": "individual", "us_citizen": True, "us_person_status": "verified"},
            {**INDIVIDUAL, "us_citizen": True, "us_person_status": "verified"},
        ),
    ):
        yield from tell(number, "block", bare_customer, "nothing collected", parts=resold, actions=BOTH)
        yield from tell(number, "allow", full_customer, "everything collected", parts=resold, actions=BOTH)
        kept = {"account": {"resold_to_foreign_person": False}}
        yield from tell(number, "allow", bare_customer, "not resold", parts=kept, actions=BOTH)
    unknown = without(INDIVIDUAL, "us_citizen", "us_permanent_resident", "located_in")
    yield from tell("T34", "allow", unknown, "everything collected", actions=BOTH)
    for name in FIELDS:
        yield from tell("T34", "block", without(unknown, name), f"no {name}", actions=BOTH)
    entity = without(ENTITY, "located_in")
    yield from tell("T34", "allow", entity, "entity, everything collected")
    yield from tell("T34", "block", without(entity, "emails"), "entity, no emails")
    yield from tell("T34", "block", {}, "nothing known at all")


TOLD = by_scenario(tellings())


@pytest.mark.parametrize("scenario", TOLD)
def test_scenario(scenario, directory):
    check(TOLD[scenario], directory)
