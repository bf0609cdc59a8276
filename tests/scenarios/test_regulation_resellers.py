"""Foreign resellers: their program, evidence against them, notice to the Department, reports on training runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from told import Told, by_scenario, check, without

ONBOARD, MAINTAIN = ("reseller.onboard",), ("reseller.maintain",)
RESELLER: dict[str, Any] = {
    "id": "r-1",
    "name": "Resale Ltd",
    "us_person": False,
    "located_in": "GB",
    "tier": 1,
    "program": {"written": True, "meets": ["c", "d", "e", "f"]},
    "department_notified_on": "2026-01-15",
}
PRODUCTS: dict[str, Any] = {
    "nothing said": {},
    "a U.S. product": {"product": {"kind": "compute", "owned_by_us_person": True, "operated_in_us": True}},
    "nulls": {"provider": None, "product": None, "customer": None},
}


def tell(scenario: str, expected: str, reseller: dict[str, Any], how: str = "", **more: Any) -> Iterator[Told]:
    parts = more.pop("parts", {})
    for name, around in PRODUCTS.items():
        yield Told(scenario, f"{how or 'as told'}, {name}", {**around, **parts, "reseller": reseller}, expected, **more)


def tellings() -> Iterator[Told]:
    both = ONBOARD + MAINTAIN
    yield from tell("sufficient", "allow", RESELLER, actions=both)
    yield from tell("sufficient", "allow", without(RESELLER, "us_person"), "standing not said", actions=both)
    bare = {"us_person": True, "id": "r-2"}
    yield from tell("U.S. reseller", "allow", bare, actions=both)
    for tier in (None, 1, 2, 7):
        yield from tell("7.303(b)", "hold", {**RESELLER, "tier": tier, "program": None}, f"tier {tier}", actions=both)
    yield from tell("7.303(b)", "deny", {**RESELLER, "program": {"written": False}}, "no program", actions=both)
    for missing in ("c", "d", "e", "f"):
        meets = [letter for letter in ("b", "c", "d", "e", "f") if letter != missing]
        less = {**RESELLER, "program": {"written": True, "meets": meets}}
        yield from tell("Q21", "hold", less, f"without ({missing})", actions=both)
    unnoticed = without(RESELLER, "department_notified_on")
    yield from tell("T71", "hold", unnoticed, actions=ONBOARD, needs=("/reseller/department_notified_on",))
    yield from tell("T71", "allow", unnoticed, "there already", actions=MAINTAIN)
    late = {**RESELLER, "department_notified_on": "2026-11-23"}
    yield from tell("T71", "block", late, "told tomorrow", actions=both)

    for kind in ("no_program", "not_implemented", "no_good_faith"):
        for number, day, expected in (
            ("T67", "2026-07-30", "allow"),
            ("T67", "2026-07-31", "restrict"),
            ("T67", "2026-08-13", "restrict"),
            ("T67", "2026-08-14", "restrict"),
            ("T67", "2026-08-30", "restrict"),
            ("T67", "2026-08-31", "deny"),
            ("T67", "2026-09-14", "deny"),
        ):
            failing = {
                **RESELLER,
                "evidence": [{"kind": kind, "received_on": "2026-07-31", "non_remediation_known_on": "2026-08-14"}],
            }
            name = "T69" if kind == "no_good_faith" else number
            yield from tell(name, expected, failing, f"{kind} on {day}", actions=MAINTAIN, as_of=day)
        mended = {**RESELLER, "evidence": [{"kind": kind, "received_on": "2026-07-31", "remediated_on": "2026-08-10"}]}
        for day in ("2026-08-10", "2026-10-01"):
            yield from tell("remedied", "allow", mended, f"{kind} on {day}", actions=both, as_of=day)
        risky = {**mended, "evidence": [{**mended["evidence"][0], "raises_risk": True}]}
        yield from tell("risk", "restrict", risky, kind, actions=MAINTAIN, as_of="2026-08-30")
        yield from tell("risk", "deny", risky, kind, actions=MAINTAIN, as_of="2026-08-31")
        fresh = {**RESELLER, "evidence": [{"kind": kind, "received_on": "2026-11-20"}]}
        yield from tell("no new supply", "deny", fresh, kind, actions=ONBOARD)
    ended = {**RESELLER, "terminated_on": "2026-11-01"}
    yield from tell("terminated", "deny", ended, actions=MAINTAIN)
    yield from tell("terminated", "review", ended, actions=ONBOARD)

    breach = {"kind": "training_report_breach", "received_on": "2026-09-02"}
    yield from tell("T118", "restrict", {**RESELLER, "evidence": [breach]}, actions=MAINTAIN, finding="ask")
    unmended = {**RESELLER, "evidence": [{**breach, "non_remediation_known_on": "2026-10-20"}]}
    yield from tell("7.308(f)", "deny", unmended, "later evidence", actions=both)
    suspended = {**unmended, "suspended_on": "2026-10-21"}
    yield from tell("7.308(f)", "deny", suspended, "suspended", actions=both)
    yield from tell("T120", "allow", {**suspended, "assurances_on": "2026-11-10"}, actions=both)
    yield from tell("T120", "deny", {**suspended, "assurances_on": "2026-10-19"}, "too early", actions=both)

    exempt = {"provider": {"exemption": {"holder": "reseller", "reseller_id": "r-1", "granted_on": "2026-02-01"}}}
    for name in ("program", "department_notified_on"):
        told = {**exempt, "reseller": without(RESELLER, name)}
        yield Told("exempt reseller", f"no {name}", told, "allow", ONBOARD)
    other = {**exempt, "reseller": {**without(RESELLER, "program"), "id": "r-2"}}
    yield Told("exempt reseller", "another one", other, "hold", ONBOARD)
    yield Told("exempt reseller", "suspended", {**exempt, "reseller": suspended}, "deny", ONBOARD + MAINTAIN)


TOLD = by_scenario(tellings())


@pytest.mark.parametrize("scenario", TOLD)
def test_scenario(scenario, directory):
    check(TOLD[scenario], directory)
