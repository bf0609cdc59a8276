"""Fields due before opening, and verification."""

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
    OFFICE,
    OWNER,
    PERSON,
    US_OWNER,
    Told,
    by_scenario,
    check,
    missing,
    tell,
    without,
)


def tellings() -> Iterator[Told]:
    for how, customer in {
        "individual": INDIVIDUAL,
        "entity": ENTITY,
        "by other methods": {**INDIVIDUAL, "identity": {"status": "verified", "methods": ["non_documentary"]}},
        "by both": {**INDIVIDUAL, "identity": {"status": "verified", "methods": ["documentary", "non_documentary"]}},
        "business address": {**INDIVIDUAL, "address": {**PERSON["address"], "kind": "business"}},
    }.items():
        yield from tell("T35", "allow", customer, how, actions=BOTH)
    for record, kind in ((INDIVIDUAL, "individual"), (ENTITY, "entity")):
        for number, name in (("T36", "emails"), ("T37", "locations_of_use")):
            for how, customer in missing(record, name):
                needs = (f"/customer/{name}",)
                yield from tell(number, "hold", customer, f"{kind}, {how}", needs=needs, actions=BOTH)
        for name in FIELDS:
            for how, customer in missing(record, name):
                needs = (f"/customer/{name}",)
                yield from tell("7.302(d)(1)(iii)", "block", customer, f"{kind}, {how}", needs=needs, actions=BOTH)
    for name in FIELDS:
        for how, owner in missing(OWNER, name):
            customer = {**ENTITY, "beneficial_owners": [owner]}
            needs = (f"/customer/beneficial_owners/0/{name}",)
            yield from tell("7.302(d)(1)(iii)", "block", customer, f"owner, {how}", needs=needs, actions=BOTH)
    for how, address in {
        "box in the street line": {"kind": "apo_fpo", "street": "PSC 1234 Box 56"},
        "box and post office": {"kind": "apo_fpo", "street": "Unit 4", "city": "APO", "region": "AE", "country": "US"},
        "post office alone": {"kind": "apo_fpo", "city": "FPO", "region": "AP", "postal_code": "96349"},
    }.items():
        yield from tell("T38", "allow", {**INDIVIDUAL, "address": address}, how)
        yield from tell(
            "T38", "block", {**without(INDIVIDUAL, "locations_of_use"), "address": address}, f"{how}, no use"
        )
        owner = {**OWNER, "address": address}
        yield from tell("T38", "allow", {**ENTITY, "beneficial_owners": [owner]}, f"owner, {how}")
    for kind in ("po_box", "inquiry", "principal_place"):
        address = {**PERSON["address"], "kind": kind}
        yield from tell("Q15", "block", {**INDIVIDUAL, "address": address}, kind)
    for how, customer in missing(ENTITY, "organized_in"):
        yield from tell("T40", "hold", customer, how, needs=("/customer/organized_in",), actions=BOTH)
    for how, customer in missing(ENTITY, "beneficial_owners"):
        yield from tell("T41", "hold", customer, how, needs=("/customer/beneficial_owners",), actions=BOTH)
    for how, owner in missing(OWNER, "name"):
        customer = {**ENTITY, "beneficial_owners": [owner]}
        yield from tell("T41", "hold", customer, how, needs=("/customer/beneficial_owners/0/name",))
    nameless = {**FULL_LLC, "beneficial_owners": [without(US_OWNER, "name"), OWNER]}
    yield from tell("T41", "hold", nameless, "a U.S. owner without a name")
    inquiry = {**OFFICE, "kind": "inquiry"}
    yield from tell("T43", "allow", {**ENTITY, "is_business": False, "address": inquiry})
    yield from tell("T43", "block", {**ENTITY, "is_business": True, "address": inquiry}, "a business after all")
    yield from tell("T43", "block", {**without(ENTITY, "is_business"), "address": inquiry}, "not known")
    for payment, kind in itertools.product(
        ({"identifier": "0xabc"}, {"identifier": "0xabc", "source": "exchange"}),
        ("wallet", "card", "account", "customer_identifier", "transaction", "other"),
    ):
        for record in (INDIVIDUAL, ENTITY):
            customer = {**record, "payments": [{"kind": kind, **payment}]}
            yield from tell("T44", "allow", customer, f"{record['kind']} {kind} {list(payment)}")
    for how, payments in {
        "no address": [{"kind": "wallet"}],
        "one of two": [{"kind": "wallet"}, *PERSON["payments"]],
    }.items():
        yield from tell("T44", "block", {**INDIVIDUAL, "payments": payments}, how)
    free = {"product": {"kind": "compute", "trial": True}}
    for how, payments in {
        "identifier with it": [{"kind": "no_charge", "identifier": "cust-1"}],
        "identifier beside it": [{"kind": "no_charge"}, {"kind": "customer_identifier", "identifier": "cust-1"}],
        "identifier before it": [{"kind": "customer_identifier", "identifier": "cust-1"}, {"kind": "no_charge"}],
    }.items():
        yield from tell("T46", "allow", {**INDIVIDUAL, "payments": payments}, how, parts=free)
        owned = {**ENTITY, "payments": payments, "beneficial_owners": [{**OWNER, "payments": payments}]}
        yield from tell("T46", "allow", owned, f"entity, {how}", parts=free)
    yield from tell("T46", "block", {**INDIVIDUAL, "payments": [{"kind": "no_charge"}]}, "no identifier", parts=free)
    yield from tell("T48", "allow", INDIVIDUAL, "one session")
    for name in ("ip", "at"):
        customer = {**INDIVIDUAL, "access_log": [without(PERSON["access_log"][0], name)]}
        yield from tell("T48", "block", customer, f"no {name}")
    for doubts in (
        {"status": "verified"},
        {"status": "pending"},
        {"status": "verified", "signatories_examined": False},
    ):
        identity = {"methods": ["documentary"], "doubts": True, **doubts}
        needs = ("/customer/identity/signatories_examined",)
        yield from tell("T50", "block", {**ENTITY, "identity": identity}, f"{doubts}", needs=needs, actions=BOTH)
    examined = {"status": "verified", "methods": ["documentary"], "doubts": True, "signatories_examined": True}
    yield from tell("T50", "allow", {**ENTITY, "identity": examined}, "signatories examined")
    for record in (INDIVIDUAL, ENTITY):
        kind = record["kind"]
        failed = {**record, "identity": {"status": "failed", "methods": ["documentary"]}}
        yield from tell("T52", "deny", failed, kind, actions=BOTH)
        pending = {**record, "identity": {"status": "pending"}}
        yield from tell("T53", "restrict", pending, kind, actions=BOTH)
        planned = {"status": "pending", "plan": "passport", "deprovision_by": "2026-12-31"}
        yield from tell("T53", "restrict", {**record, "identity": planned}, f"{kind}, with a plan")
        yield from tell("T53", "block", {**without(pending, "emails")}, f"{kind}, no email either")
        for more in ({}, {"emails": ["other@example.net"]}, {"identity": {"status": "pending"}}):
            again = {**record, "removed_as_unverified": True, **more}
            yield from tell("T55", "deny", again, f"{kind} {list(more)}", actions=BOTH)
    for status, expected in (("failed", "deny"), ("pending", "restrict"), ("unverified", "hold")):
        owner = {**OWNER, "identity": {"status": status}}
        yield from tell("T53 owner", expected, {**ENTITY, "beneficial_owners": [owner]}, status)


TOLD = by_scenario(tellings())


@pytest.mark.parametrize("scenario", TOLD)
def test_scenario(scenario, directory):
    check(TOLD[scenario], directory)
