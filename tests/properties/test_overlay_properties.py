"""No decision under the stricter example program is milder than under the rules it lies over."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.shipped import DAY, EXAMPLE_JURISDICTIONS, ROOT, RULES, requests
from engine import Decider, load
from engine.language.rule_file import EFFECTS

STRICTER = ROOT / "fixtures" / "programs" / "stricter"
DAYS = st.sampled_from([DAY, "2027-05-21", "2027-05-22", "2027-11-21", "2024-01-29", "2024-01-28", "9999-12-31"])


@pytest.fixture(scope="module")
def stricter() -> Decider:
    return Decider(load([RULES, STRICTER], EXAMPLE_JURISDICTIONS))


def is_no_milder(before, after) -> bool:
    kept = {(finding.rule.id, finding.at) for finding in after.findings}
    mildest = {finding.rule.id: finding.rule.effect for finding in before.findings}
    return EFFECTS.index(after.outcome) >= EFFECTS.index(before.outcome) and all(
        (finding.rule.id, finding.at) in kept or mildest[finding.rule.id] == "restrict" for finding in before.findings
    )


@settings(max_examples=1_000, suppress_health_check=list(HealthCheck))
@given(data=st.data(), day=DAYS)
def test_random_facts_are_decided_no_more_mildly(world_with_orders, stricter, data, day):
    action = data.draw(st.sampled_from(world_with_orders.policy.vocabulary.enums["action"]))
    request = {"action": action, "as_of": day, "facts": data.draw(world_with_orders.facts)}
    assert is_no_milder(world_with_orders.decider.decide(request), stricter.decide(request))


def test_some_requests_are_decided_more_strictly(world_with_orders, stricter):
    dated = [{**request, "as_of": request.get("as_of", DAY)} for request in requests().values()]
    pairs = [(world_with_orders.decider.decide(one).outcome, stricter.decide(one).outcome) for one in dated]
    assert sum(after != before for before, after in pairs) >= 10
    assert ("restrict", "hold") in pairs
