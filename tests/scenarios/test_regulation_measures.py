"""Special measures, issued on 2026-01-10."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from told import BOTH, ENTITY, INDIVIDUAL, OWNER, SURROUNDINGS, TODAY, US_LLC, Told, by_scenario, check, tell, without


def tellings() -> Iterator[Told]:
    there = {**INDIVIDUAL, "located_in": "X-ELBONIA", "locations_of_use": ["X-ELBONIA"]}
    mud = {**there, "located_in": "X-ELBONIA-MUD"}
    firm = {**ENTITY, "located_in": "X-ELBONIA"}
    for how, customer in {"individual": there, "region of it": mud, "entity": firm}.items():
        for order in ("prohibition", "conditions"):
            yield from tell(
                "T82", "allow", customer, f"{how}, {order}", as_of="2026-07-08", orders=(order,), finding="announced"
            )
        yield from tell("before issue", "allow", customer, how, as_of="2026-01-09", orders=("prohibition",))
        for day in ("2026-07-09", TODAY, "2027-01-09"):
            more = {"as_of": day, "orders": ("prohibition",)}
            yield from tell("T83", "deny", customer, f"{how} {day}", **more)
            existing = {"account": {"status": "open", "opened_on": "2024-05-01"}}
            yield from tell(
                "T84", "deny", customer, f"{how} {day}", actions=("account.maintain",), parts=existing, **more
            )
            yield from tell("T83", "deny", {**customer, "emails": None}, f"{how} {day}, no email", **more)
        early = {"as_of": "2026-07-08", "orders": ("prohibition",), "actions": ("account.maintain",)}
        yield from tell("T84", "allow", customer, f"{how}, a day early", parts={"account": {"status": "open"}}, **early)
        for day in ("2027-01-10", "2027-06-01"):
            yield from tell("T86", "allow", customer, f"{how} {day}", actions=BOTH, as_of=day, orders=("prohibition",))
            yield from tell("T87", "deny", customer, f"{how} {day}", actions=BOTH, as_of=day, orders=("extended",))
        yield from tell("T87", "allow", customer, f"{how} after it", as_of="2028-01-01", orders=("extended",))
    elsewhere = {**INDIVIDUAL, "located_in": "GB"}
    yield from tell("T83", "allow", elsewhere, "somebody elsewhere", orders=("prohibition",))
    for record in (there, firm):
        kind = record["kind"]
        card = {**record, "payments": [{"kind": "card", "identifier": "1"}]}
        yield from tell("T90", "restrict", card, kind, orders=("conditions",), actions=BOTH)
        wallet = {**record, "payments": [{"kind": "wallet", "identifier": "1"}]}
        yield from tell("T91", "block", wallet, kind, orders=("conditions",), actions=BOTH)
        mixed = {**record, "payments": [*card["payments"], *wallet["payments"]]}
        yield from tell("T91", "block", mixed, f"{kind}, one of two", orders=("conditions",))
        yield from tell("T91", "block", without(record, "payments"), f"{kind}, not known", orders=("conditions",))
    reseller = {"id": "r1", "name": "Elbonia Hosting", "us_person": False, "located_in": "X-ELBONIA"}
    for action in ("reseller.onboard", "reseller.maintain", *BOTH):
        for how, facts in {
            "reseller alone": {"reseller": reseller},
            "with provider": {**SURROUNDINGS["provider and product"], "reseller": reseller},
            "with a customer elsewhere": {"reseller": reseller, "customer": INDIVIDUAL},
        }.items():
            yield Told("T92", f"{how}, {action}", facts, "deny", (action,), orders=("prohibition",))
    yield from tell(
        "T92", "deny", firm, "the reseller as the customer", parts={"reseller": reseller}, orders=("prohibition",)
    )
    organized = {**ENTITY, "organized_in": "X-ELBONIA", "located_in": "DE", "locations_of_use": ["DE"]}
    yield from tell("T94", "review", organized, "organized there", orders=("prohibition",), actions=BOTH)
    used = {**INDIVIDUAL, "locations_of_use": ["GB", "X-ELBONIA"]}
    yield from tell("Q30", "review", used, "used there", orders=("prohibition",))
    owned = {**ENTITY, "beneficial_owners": [{**OWNER, "located_in": "X-ELBONIA"}]}
    yield from tell("Q30", "review", owned, "owned from there", orders=("prohibition",))
    listed = {"account": {"involves": ["nobody-1", "Wally"]}}
    foreign = {"reseller": {"id": "r2", "name": "Fair Hosting", "us_person": False, "located_in": "GB"}}
    yield from tell(
        "T96", "deny", INDIVIDUAL, "end user", parts={**listed, **foreign}, orders=("person",), actions=BOTH
    )
    yield from tell("T96", "deny", ENTITY, "no reseller said", parts=listed, orders=("person",))
    for action in ("reseller.onboard", "reseller.maintain"):
        yield Told("T96", action, {**listed, **foreign}, "deny", (action,), orders=("person",))
    for how, customer in {
        "customer by name": {**INDIVIDUAL, "name": "Wally"},
        "customer by id": {**INDIVIDUAL, "id": "Wally"},
        "owner by name": {**ENTITY, "beneficial_owners": [{**OWNER, "name": "Wally"}]},
        "holder by id": {
            **ENTITY,
            "holders": [{"id": "Wally", "name": "W", "kind": "individual", "owner_of": "customer", "pct": 1}],
        },
    }.items():
        yield from tell("Q31", "deny", customer, how, orders=("person",))
        yield from tell(
            "Q31", "allow", customer, f"{how}, not yet", as_of="2026-07-08", orders=("person",), finding="announced"
        )
    verified = {**US_LLC, "located_in": "X-ELBONIA"}
    yield from tell("Q33", "review", verified, "verified U.S. entity there", orders=("prohibition",))


TOLD = by_scenario(tellings())


@pytest.mark.parametrize("scenario", TOLD)
def test_scenario(scenario, directory):
    check(TOLD[scenario], directory)
