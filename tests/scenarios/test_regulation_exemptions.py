"""Exemptions, certification before the first foreign account, and records."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from told import BOTH, ENTITY, FIELDS, INDIVIDUAL, OPEN, US_LLC, Told, by_scenario, check, without

THERE = {"located_in": "X-ELBONIA", "locations_of_use": ["X-ELBONIA"]}


def tellings() -> Iterator[Told]:
    for holder in ("provider", "account_type"):
        for how, customer in {"a person": INDIVIDUAL, "a firm": ENTITY}.items():
            exemption = {"holder": holder, "granted_on": "2026-02-01"}
            facts = {"provider": {"us_person": True, "exemption": exemption}, "customer": customer}
            bare = {**facts, "customer": without(customer, *FIELDS)}
            yield Told("T78", f"{how}, {holder}", bare, "allow", BOTH)
            early = {**bare, "provider": {"exemption": {**exemption, "granted_on": "2026-11-23"}}}
            yield Told("T78", f"{how}, {holder}, granted tomorrow", early, "block", BOTH)
            revoked = {**bare, "provider": {"exemption": {**exemption, "revoked_on": "2026-11-22"}}}
            yield Told("T78", f"{how}, {holder}, revoked", revoked, "block", BOTH)
            named = {**facts, "customer": {**customer, **THERE}}
            yield Told("T80", f"{how}, {holder}", named, "deny", BOTH, orders=("prohibition",))
            listed = {**facts, "account": {"involves": ["Wally"]}}
            yield Told("T80", f"{how}, {holder}, a person", listed, "deny", BOTH, orders=("person",))
            for last, expected in (("2025-11-21", "review"), ("2025-11-22", "allow"), ("2026-11-01", "allow")):
                old = {**exemption, "granted_on": "2024-02-01", "last_notice_on": last}
                late = {**facts, "provider": {"exemption": old}}
                yield Told("T81", f"{how}, {holder}, notice of {last}", late, expected, BOTH)
    for day, expected in (("2026-11-23", "block"), ("2026-11-22", "allow"), ("2024-03-31", "allow"), (None, "allow")):
        for how, customer in {"a person": INDIVIDUAL, "a firm": ENTITY}.items():
            facts = {"provider": {"certified_on": day}, "customer": customer}
            yield Told("T74", f"{how}, certified on {day}", facts, expected, OPEN)
        yield Told("T75", f"certified on {day}", {"provider": {"certified_on": day}, "customer": US_LLC}, "allow", OPEN)
    found = {"found_on": "2026-11-18", "resolved_on": "2026-11-20"}
    for note, expected in ((None, "hold"), ("Renewed", "allow")):
        customer = {**INDIVIDUAL, "discrepancies": [{**found, "note": note}]}
        yield Told("T61", f"note {note}", {"customer": customer}, expected, BOTH)


TOLD = by_scenario(tellings())


@pytest.mark.parametrize("scenario", TOLD)
def test_scenario(scenario, directory):
    check(TOLD[scenario], directory)
