"""Training runs: what is a covered transaction under the shipped readings, where no threshold is in force."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from told import ENTITY, INDIVIDUAL, US_LLC, Told, by_scenario, check, without

START = ("training.start",)
RUN: dict[str, Any] = {
    "purpose": "training",
    "ops": 2e26,
    "cluster_gbit_s": 400,
    "cluster_ops_s": 1e20,
    "dual_use": True,
    "aids_malicious_activity": True,
    "on_behalf_of_foreign_person": True,
    "transaction_on": "2026-05-01",
    "provider_knew_on": "2026-05-01",
}


def tellings() -> Iterator[Told]:
    customers: dict[str, Any] = {"a firm": ENTITY, "a person": INDIVIDUAL, "nobody named": {}, "a U.S. firm": US_LLC}
    around: dict[str, Any] = {
        "nothing else": {},
        "a U.S. provider": {"provider": {"us_person": True}},
        "a product of somebody else": {"product": {"owned_by_us_person": False, "operated_in_us": False}},
        "an exempt provider": {"provider": {"exemption": {"holder": "provider", "granted_on": "2026-01-01"}}},
    }
    for (who, customer), (where, parts) in itertools.product(customers.items(), around.items()):
        how, facts = f"{who}, {where}", {**parts, "customer": customer}
        scenario = "T102" if who == "a U.S. firm" else "T78" if "exempt" in where else "T98"
        yield Told(scenario, how, {**facts, "training": RUN}, "allow", START, finding="covered")
        unjudged = without(RUN, "dual_use", "aids_malicious_activity")
        yield Told("T113", how, {**facts, "training": unjudged}, "review", START, finding="no-threshold")
        small = {**RUN, "ops": 1.0, "dual_use": False}
        yield Told("T113", f"{how}, never no", {**facts, "training": small}, "review", START)
        for purpose in ("training", "fine_tuning", None):
            run = {**RUN, "purpose": purpose}
            yield Told("training", f"{how}, {purpose}", {**facts, "training": run}, "allow", START, finding="covered")
        inference = {**RUN, "purpose": "inference"}
        yield Told("T108", how, {**facts, "training": inference}, "allow", START, finding="no-training")
        silent = without(RUN, "on_behalf_of_foreign_person")
        if customer in (ENTITY, INDIVIDUAL):
            yield Told("by", how, {**facts, "training": silent}, "allow", START, finding="covered")
        else:
            at = ("/training/on_behalf_of_foreign_person",)
            yield Told("for whom", how, {**facts, "training": silent}, "hold", START, needs=at)
            own = {**RUN, "ops": 1e27, "on_behalf_of_foreign_person": False}
            yield Told("T106", how, {**facts, "training": own}, "allow", START, finding="no-foreign-person")
    abroad = {"provider": {"us_person": False}, "customer": ENTITY, "training": RUN}
    yield Told("foreign provider", "as told", abroad, "allow", START, finding="foreign-provider")


TOLD = by_scenario(tellings())


@pytest.mark.parametrize("scenario", TOLD)
def test_scenario(scenario, directory):
    check(TOLD[scenario], directory)
