"""The compiled evaluator finds what a program written by hand finds, in the same order."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import by_hand
from bench.shipped import DAY, requests
from engine import Decider
from engine.evaluators.compiled import Compiled

# Rules of switches and program values that are set otherwise, and of other actions: they can make no finding.
SILENT = {
    "certification.first_form/unknown",
    "cip.collection/subdivision",
    "reseller.evidence/close",
    "reseller.evidence/new-reseller",
    "reseller.evidence/terminate",
    "reseller.evidence/terminated-before",
    "reseller.evidence/unresolved",
    "reseller.program/unknown",
    "reseller.program/paragraphs-unknown",
    "reseller.program/insufficient",
    "reseller.training_reports/before-supply",
    "cip.collection/any-payment",
    "cip.gate/standing-unknown",
    "cip.program/adopted-program-review",
    "cip.program/no-method",
    "cip.program/no-method-review",
    "cip.program/pending-unstated",
    "cip.program/failed-unstated",
    "cip.program/owner-pending-unstated",
    "cip.program/owner-failed-unstated",
    "cip.verification/pending-held",
    "cip.verification/failed-review",
    "cip.verification/owner-pending-held",
    "cip.verification/owner-failed-review",
    "scope.product/no-account",
}


def both(decider: Decider, facts, day: str):
    case = decider.case({"action": "account.open", "as_of": day, "facts": facts})
    return [(finding.rule.id, finding.at) for finding in decider.findings(case)], by_hand.findings(facts, day)


def test_the_same_places_are_in_the_united_states(plain_world):
    assert plain_world.policy.places.within["US"] == by_hand.US


def test_the_same_rules_in_the_same_order(plain_world):
    rules = [
        rule
        for rule_set in plain_world.policy.rule_sets
        if "account.open" in rule_set.actions and not rule_set.name.startswith(("measures.", "cip.extra"))
        for rule in rule_set.rules
        if rule not in SILENT
    ]
    assert rules == list(by_hand.FILE_ORDER)


@pytest.mark.parametrize("name", [name for name, request in requests().items() if request["action"] == "account.open"])
def test_the_same_findings_for_each_fixture(name, world_with_orders):
    # With its places but without its orders, which are not written by hand.
    facts = requests()[name]["facts"]
    decider = world_with_orders.decider
    derived = decider.derived(decider.case({"action": "account.open", "as_of": DAY, "facts": facts}))
    evaluator = Compiled(world_with_orders.policy.program)
    compiled = evaluator.findings("account.open", DAY, facts, {**derived, "measures": ()})
    assert [(finding.rule.id, finding.at) for finding in compiled] == by_hand.findings(facts, DAY)


@settings(max_examples=2_000)
@given(data=st.data(), day=st.sampled_from([DAY, "2024-01-29", "2024-01-28", "9999-12-31"]))
def test_the_same_findings_for_random_facts(plain_world, data, day):
    compiled, hand = both(plain_world.decider, data.draw(plain_world.facts), day)
    assert compiled == hand
