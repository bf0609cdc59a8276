"""Ways around a measure, gone and decided anew by the compiled evaluator."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml

from bench.random_cases import RandomCases
from engine import Decider
from engine.decision.decider import Case
from engine.simulation.evasion import NoPlaceLeftError, Route, routes
from engine.simulation.job import read_job
from engine.simulation.policies import Policies, job_policies
from engine.simulation.ways import BUILT_IN, ELSEWHERE

ROOT = Path(__file__).resolve().parents[2]
REQUESTS = sorted((ROOT / "fixtures" / "requests").glob("*.json"))
DAY = "2027-07-10"
"""The day on which the drafts of the example begin to bind."""
THERE = "X-FREEDONIA"
Facts = dict[str, Any]


@cache
def example() -> Policies:
    return job_policies(
        read_job(ROOT / "fixtures" / "simulations" / "freedonia.yaml"), (ROOT / "rules",), ROOT / "jurisdictions"
    )


@cache
def decider(candidate: str) -> Decider:
    return Decider(example().candidates[candidate])


@cache
def route(candidate: str, way: str) -> Route:
    return next(route for route in routes(example(), candidate) if route.way.id == way)


def request(name: str, **changes: Any) -> Facts:
    """The facts of an example request, with dotted facts set."""
    facts: Facts = json.loads((ROOT / "fixtures" / "requests" / f"{name}.json").read_text("utf-8"))["facts"]
    for path, value in changes.items():
        *above, last = path.split("__")
        here = facts
        for step in above:
            here = here[int(step)] if step.isdigit() else here.setdefault(step, {})
        here[last] = value
    return facts


def outcome(candidate: str, facts: Facts) -> str:
    return decider(candidate).decide({"action": "account.open", "as_of": DAY, "facts": facts}).outcome


def gone(candidate: str, way: str, facts: Facts) -> tuple[str, Facts] | None:
    """What the way comes to: the outcome and the facts; None when it is not open."""
    case = Case("account.open", DAY, facts)
    found = route(candidate, way).apply(case, decider(candidate).derived(case))
    return None if found is None else (outcome(candidate, dict(found.facts)), dict(found.facts))


def outcomes(candidate: str, facts: Facts) -> dict[str, str]:
    """The outcome by each way that is open."""
    assert outcome(candidate, facts) in {"deny", "review", "restrict"}
    found = {way.id: gone(candidate, way.id, facts) for way in example().ways}
    return {way: result[0] for way, result in found.items() if result is not None}


def owned_from_there(**changes: Any) -> Facts:
    """A German company with an owner in Freedonia beside another one."""
    facts = request("entity-two-owners-one-incomplete", **changes)
    complete = request("entity-complete")["customer"]["beneficial_owners"][0]
    there = {**copy.deepcopy(complete), "id": "o-2", "name": "Rufus Firefly", "ownership_pct": 40, "located_in": THERE}
    facts["customer"] = request("entity-complete")["customer"]
    facts["customer"]["beneficial_owners"] = [{**complete, "ownership_pct": 60}, there]
    return facts


def test_residence_is_left_behind_only_behind_a_silent_reseller() -> None:
    assert outcomes("prohibition", request("measure-binding")) == {
        "reseller-that-tells": "deny",
        "reseller-that-is-silent": "allow",
        "another-place-of-use": "deny",
    }


def test_a_place_of_use_is_stated_elsewhere() -> None:
    assert outcomes("prohibition", request("measure-place-of-use-only")) == {
        "reseller-that-tells": "review",
        "reseller-that-is-silent": "allow",
        "another-place-of-use": "allow",
    }
    found = gone("prohibition", "another-place-of-use", request("measure-place-of-use-only"))
    assert found is not None
    assert found[1]["customer"]["locations_of_use"] == ["PL", ELSEWHERE[0]]


def test_a_reseller_there_is_left_for_one_elsewhere() -> None:
    facts = request("individual-complete", reseller={"located_in": THERE, "us_person": False, "tier": 1})
    assert outcomes("prohibition", facts) == {"reseller-that-tells": "allow", "reseller-that-is-silent": "allow"}


def test_a_mailing_address_is_taken_elsewhere() -> None:
    facts = request("entity-charity-inquiry-address", customer__address__country=THERE)
    found = outcomes("prohibition", facts)
    assert found["another-mailing-address"] == "allow"
    assert gone("prohibition", "another-mailing-address", request("measure-place-of-use-only")) is None


def test_an_owner_who_is_still_named_is_still_seen() -> None:
    """The rules look at everybody who is named, so only an owner who is not named any more is out of sight."""
    found = outcomes("prohibition", owned_from_there())
    assert found["owner-below-threshold"] == "review"
    assert found["owner-no-longer-named"] == "allow"
    assert found["reseller-that-is-silent"] == "allow"
    result = gone("prohibition", "owner-below-threshold", owned_from_there())
    assert result is not None
    owners = result[1]["customer"]["beneficial_owners"]
    assert [owner["ownership_pct"] for owner in owners] == [60, 24.9]
    assert [("substantial_control" in owner) for owner in owners] == [True, False]


def test_a_holder_below_the_threshold_is_no_owner() -> None:
    facts = owned_from_there()
    *_, there = facts["customer"]["beneficial_owners"]
    del facts["customer"]["beneficial_owners"][-1], there["ownership_pct"], there["substantial_control"]
    facts["customer"]["holders"] = [{**there, "id": "h-1", "kind": "individual", "owner_of": "customer", "pct": 40}]
    assert outcomes("prohibition", facts)["owner-below-threshold"] == "allow"


def test_a_person_leaves_by_another_name() -> None:
    facts = request("individual-complete", reseller={"name": "Gantrix Hosting 61", "us_person": False, "tier": 1})
    assert outcomes("person", facts) == {"reseller-that-tells": "allow", "reseller-that-is-silent": "allow"}
    owner = owned_from_there(customer__name="Some company")
    owner["customer"]["beneficial_owners"][1]["name"] = "Gantrix Hosting 61"
    found = outcomes("person", owner)
    assert (found["owner-below-threshold"], found["owner-no-longer-named"]) == ("deny", "allow")
    assert found["reseller-that-is-silent"] == "allow"


def test_conditions_are_left_behind_too() -> None:
    unmet = request("measure-binding", customer__payments=[{"kind": "wallet", "identifier": "w"}])
    assert outcomes("conditions", unmet)["reseller-that-is-silent"] == "allow"
    assert outcome("conditions", unmet) == "deny"


def test_ways_are_not_open_to_what_has_nothing_to_change() -> None:
    assert gone("prohibition", "another-place-of-use", request("individual-complete")) is None
    reseller = Case("reseller.onboard", DAY, request("reseller-in-prohibited-place"))
    for found in routes(example(), "prohibition"):
        assert found.apply(reseller, decider("prohibition").derived(reseller)) is None


@pytest.mark.parametrize("candidate", ["prohibition", "conditions", "person"])
def test_whatever_the_facts_a_way_leads_to_facts_of_a_request(candidate: str) -> None:
    """On random facts: what comes out fits the vocabulary, what went in is as it was, and twice is the same as once."""
    policy = example().candidates[candidate]
    complete = [json.loads(path.read_text("utf-8"))["facts"] for path in REQUESTS]
    draws = RandomCases(policy.vocabulary, policy.places.codes, complete)
    source = random.Random(7)
    ours = {order.id for order in example().added_orders(candidate)}
    open_ways: set[str] = set()
    for _ in range(150):
        facts = draws.facts(source)
        case = decider(candidate).case({"action": "account.open", "as_of": DAY, "facts": facts})
        before = copy.deepcopy(facts)
        for way in routes(example(), candidate):
            found = way.apply(case, decider(candidate).derived(case))
            assert facts == before
            if found is None:
                continue
            open_ways.add(way.way.id)
            after = decider(candidate).case({"action": found.action, "as_of": DAY, "facts": dict(found.facts)})
            touching = {m["id"] for m in decider(candidate).derived(after)["measures"]}
            if way.way.id == "reseller-that-is-silent" and candidate != "person":
                assert touching.isdisjoint(ours)
            again = attrs.evolve(way, is_open=None).apply(after, decider(candidate).derived(after))
            assert again is None
    assert {"reseller-that-tells", "reseller-that-is-silent"} <= open_ways


# -- ways that a simulation declares


def declared(folder: Path, evasion: Any, *orders: Mapping[str, Any]) -> Policies:
    content = {
        "name": "n",
        "title": "T",
        "population": {"generate": {"accounts": 10, "seed": 1, "as_of": "2026-12-01"}},
        "candidates": [{"id": "c", "title": "C", "measures": ["orders"]}],
        "evasion": evasion,
    }
    (folder / "orders").mkdir()
    for order in orders:
        (folder / "orders" / f"{order['id']}.yaml").write_text(yaml.safe_dump(dict(order)), "utf-8")
    path = folder / "job.yaml"
    path.write_text(yaml.safe_dump(content), "utf-8")
    return job_policies(read_job(path), (ROOT / "rules",), ROOT / "fixtures" / "jurisdictions")


def order_on(place: str) -> dict[str, Any]:
    return {
        "id": f"on-{place.lower()}",
        "kind": "prohibition",
        "target": {"jurisdiction": place},
        "issued_on": "2027-01-11",
        "finding": "F.",
    }


def test_the_built_in_ways_have_the_form_of_declared_ones(tmp_path: Path) -> None:
    written = yaml.safe_load(BUILT_IN.read_text("utf-8"))
    policies = declared(tmp_path, written, order_on("X-RURITANIA"))
    assert [dict(way.said) for way in policies.ways] == [dict(way.said) for way in example().ways]


def test_ways_are_named_declared_and_left_out(tmp_path: Path) -> None:
    own = {"id": "by-card", "about": "Pays by card.", "set": {"customer.payments": [{"kind": "card"}]}}
    policies = declared(tmp_path, ["another-place-of-use", own], order_on("X-RURITANIA"))
    assert [way.id for way in policies.ways] == ["another-place-of-use", "by-card"]
    case = Case("account.open", DAY, {"customer": None})
    _, by_card = routes(policies, "c")
    found = by_card.apply(case, {})
    assert found is not None
    assert found.facts == {"customer": {"payments": [{"kind": "card"}]}}


def test_elsewhere_is_where_no_order_reaches(tmp_path: Path) -> None:
    policies = declared(tmp_path, ["another-place-of-use"], order_on("SG"), order_on("NL"))
    (found,) = routes(policies, "c")
    assert found.elsewhere == "AE"


def test_a_way_with_no_place_left_is_told(tmp_path: Path) -> None:
    own = {"id": "west", "about": "Goes west.", "elsewhere": ["FR-75C", "DE"], "move": ["customer.located_in"]}
    policies = declared(tmp_path, [own], order_on("FR"), order_on("DE"))
    with pytest.raises(NoPlaceLeftError, match=r"`west` leads nowhere: orders touch FR-75C, DE; name another place"):
        routes(policies, "c")


def test_values_of_lists_are_not_shared(tmp_path: Path) -> None:
    own = {
        "id": "same-phone",
        "about": "All have one phone.",
        "set": {"customer.beneficial_owners[*].phones": ["+1"], "customer.holders[*].phones": ["+1"]},
    }
    policies = declared(tmp_path, [own], order_on("X-RURITANIA"))
    (found,) = routes(policies, "c")
    after = found.apply(Case("account.open", DAY, {"customer": {"beneficial_owners": [{"id": "a"}, {"id": "b"}]}}), {})
    assert after is not None
    first, second = after.facts["customer"]["beneficial_owners"]
    assert first["phones"] == second["phones"] == ["+1"]
    assert first["phones"] is not second["phones"]
    assert "holders" not in after.facts["customer"]
