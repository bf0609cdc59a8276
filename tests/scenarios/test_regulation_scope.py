"""Status and scope: what the rule is about, and that it is not in force."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from told import (
    BOTH,
    ENTITY,
    FIELDS,
    FULL_LLC,
    INDIVIDUAL,
    TODAY,
    US_LLC,
    Told,
    by_scenario,
    check,
    decider,
    tell,
    without,
)


def tellings() -> Iterator[Told]:
    for attribute, number in (("us_citizen", "T02"), ("us_permanent_resident", "T03")):
        person = {"kind": "individual", attribute: True, "us_person_status": "verified"}
        for place in ("JP", "DE", "JP-13"):
            yield from tell(number, "allow", {**person, "located_in": place}, f"in {place}", actions=BOTH)
        abroad = {**INDIVIDUAL, **person, "located_in": "JP"}
        yield from tell(number, "allow", abroad, "with everything collected too", actions=BOTH)
        unverified = {**person, "us_person_status": "claimed", "located_in": "JP"}
        yield from tell(number, "block", unverified, "only claimed")
    for place in ("US", "US-WA", "PR", "US-GU"):
        visitor = {"kind": "individual", "us_citizen": False, "located_in": place, "us_person_status": "verified"}
        yield from tell("7.301 located", "allow", visitor, f"in {place}", actions=BOTH)
        yield from tell("7.301 located", "block", without(visitor, "us_person_status"), f"in {place}, not verified")
    subsidiary = {**US_LLC, "organized_in": "SG", "located_in": "SG"}
    yield from tell("7.301 subsidiary", "block", subsidiary, "of a U.S. company", actions=BOTH)
    yield from tell("7.301 subsidiary", "allow", {**FULL_LLC, **subsidiary}, "everything collected")
    branch = {**US_LLC, "located_in": "SG", "branch_of_organized_in": "US-DE"}
    yield from tell("T05", "allow", branch, "branch of a U.S. entity", actions=BOTH)
    yield from tell("T05", "allow", without(branch, "organized_in"), "organization of the branch not said")
    yield from tell("T05", "allow", {**branch, "organized_in": "SG"}, "branch registered in Singapore")
    for place in ("US", "US-NY"):
        gmbh = {**ENTITY, "located_in": place}
        yield from tell("T07", "review", gmbh, f"office in {place}", actions=BOTH)
        yield from tell("T07", "review", {**gmbh, "us_person_status": "verified"}, f"verified, office in {place}")
        yield from tell("T07", "review", without(gmbh, "emails"), f"a field missing, office in {place}")
    for name, product in (("no product", {}), ("compute", {"product": {"kind": "compute"}})):
        for customer in ({}, {"kind": "individual"}, without(ENTITY, *FIELDS)):
            facts = {"provider": {"us_person": False}, **product, "customer": customer}
            yield Told("T08", f"{name}, {customer.get('kind')}", facts, "allow", BOTH)
    for customer in ({}, {"kind": "individual", "located_in": "BR"}, without(ENTITY, "emails")):
        kind = customer.get("kind")
        abroad = {"kind": "compute", "owned_by_us_person": False, "operated_in_us": False}
        facts = {"provider": {"us_person": True}, "product": abroad, "customer": customer}
        yield Told("T10", f"{kind}", facts, "allow", BOTH)
        for known in ({"owned_by_us_person": False}, {"operated_in_us": False}):
            half = {**facts, "product": {"kind": "compute", **known}}
            yield Told("T10", f"{kind}, half known {known}", half, "block")
        crm = {"kind": "software", "runs_customer_software": False}
        yield Told("T11", f"{kind}", {**facts, "product": crm}, "allow", BOTH)
        for product in (
            {"kind": "compute", "runs_customer_software": True},
            {"kind": "compute", "runs_customer_software": True, "owned_by_us_person": True},
            {"kind": "storage", "operated_in_us": True, "owned_by_us_person": False},
            {"kind": "network"},
            {"kind": "software", "runs_customer_software": True},
        ):
            yield Told("T12", f"{kind} {product}", {**facts, "product": product}, "block")
        for service, more in itertools.product(
            ("cdn", "proxy", "dns_resolution"), ({}, {"runs_customer_software": False}, {"operated_in_us": True})
        ):
            yield Told("T13", f"{kind} {service} {more}", {**facts, "product": {"kind": service, **more}}, "block")
        registration = {"kind": "domain_registration"}
        yield Told("T13", f"{kind} mere registration", {**facts, "product": registration}, "allow")
    trial = {"kind": "compute", "trial": True, "formal_relationship": True, "runs_customer_software": True}
    yield from tell("T15", "allow", INDIVIDUAL, "everything there", parts={"product": trial})
    for name in FIELDS:
        yield from tell("T15", "block", without(INDIVIDUAL, name), f"no {name}", parts={"product": trial})
    sandbox = {"product": {**trial, "formal_relationship": False}}
    for customer in ({}, INDIVIDUAL, US_LLC):
        yield from tell("Q12 anonymous", "review", customer, f"{customer.get('kind')}", parts=sandbox, actions=BOTH)
    for adopted in ({}, {"upstream_program_adopted": True}, {"upstream_program_adopted": False}):
        reseller = {"us_person": True, "reseller_only": True, **adopted}
        facts = {"provider": reseller, "customer": INDIVIDUAL}
        yield Told("T17", f"complete {adopted}", facts, "allow")
        yield Told("T17", f"no email {adopted}", {**facts, "customer": without(INDIVIDUAL, "emails")}, "block")


TOLD = by_scenario(tellings())


@pytest.mark.parametrize("scenario", TOLD)
def test_scenario(scenario, directory):
    check(TOLD[scenario], directory)


@pytest.mark.parametrize("action", [*BOTH, "reseller.onboard", "reseller.maintain", "training.start"])
@pytest.mark.parametrize("facts", [{}, {"customer": INDIVIDUAL}, {"customer": US_LLC}])
def test_t01_every_decision_says_that_the_rule_is_not_in_force(action, facts, directory):
    decision = decider((), directory).decide({"action": action, "as_of": TODAY, "facts": facts})
    assert decision.document["policy"]["legal_status"] == "proposed_not_in_force"
    assert decision.document["policy"]["as_of"] == TODAY
