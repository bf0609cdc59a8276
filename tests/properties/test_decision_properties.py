"""What holds of every decision: it comes back, it is the same for the same input, and its needs keep their word."""

from __future__ import annotations

import json
from typing import Any

import answers
import jsonschema
import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.shipped import DAY, complete_facts
from engine import Decider, load_files
from engine.language.rule_file import EFFECTS
from engine.testing.edit import edited

ROUNDS = 4
DAYS = st.sampled_from([DAY, DAY, "2026-07-08", "2026-07-09", "2027-01-09", "2027-01-10", "2024-01-29", "2024-01-28"])


@pytest.fixture(params=["plain_world", "world_with_orders"])
def world(request):
    return request.getfixturevalue(request.param)


def draw_request(data: st.DataObject, world, *, action: str | None = None) -> dict[str, Any]:
    actions = world.policy.vocabulary.enums["action"]
    return {
        "action": action or data.draw(st.sampled_from(actions)),
        "as_of": data.draw(DAYS | st.dates().map(lambda day: day.isoformat())),
        "facts": data.draw(world.facts),
    }


def text(decision) -> str:
    return json.dumps(decision.document, ensure_ascii=False)


def properties(examples: int):
    """A world is loaded once for all examples, so that a fixture without a scope of its own does no harm."""
    return settings(max_examples=examples, suppress_health_check=list(HealthCheck))


@properties(300)
@given(data=st.data())
def test_a_decision_always_comes_back_and_agrees_with_itself(world, data):
    request = draw_request(data, world)
    decision = world.decider.decide(request)
    effects = [finding.rule.effect for finding in decision.findings]
    assert decision.outcome == max(effects, key=EFFECTS.index, default="allow")
    assert decision.allowed == (decision.outcome in {"allow", "restrict"})
    against = [finding for finding in decision.findings if finding.rule.effect in {"hold", "review", "deny"}]
    assert bool(against) == (not decision.allowed)
    if any(not finding.needs for finding in against):
        assert decision.needs == []
    elif against:
        assert decision.needs
    assert (decision.outcome == "restrict") == bool(decision.restrictions)
    assert decision.policy["legal_status"] == "proposed_not_in_force"
    assert decision.policy["digest"] == world.policy.digest
    assert decision.policy["as_of"] == request["as_of"]
    pointers = [need["at"] for need in decision.needs]
    assert len(pointers) == len(set(pointers))
    assert not any(inner.startswith(f"{outer}/") for inner in pointers for outer in pointers)


def in_reverse(value: Any) -> Any:
    """The same JSON with the keys of every object the other way round."""
    if isinstance(value, dict):
        return {key: in_reverse(item) for key, item in reversed(value.items())}
    return [in_reverse(item) for item in value] if isinstance(value, list) else value


def test_the_same_bytes_for_the_same_input(world):
    """From another decider, from the policy loaded again of what is stored, with keys in another order."""
    stored = load_files(world.policy.files)
    assert stored.document == world.policy.document
    others = [Decider(world.policy), Decider(stored)]

    @settings(max_examples=200)
    @given(data=st.data())
    def holds(data):
        request = draw_request(data, world)
        decided = text(world.decider.decide(request))
        same = in_reverse(json.loads(json.dumps(request)))
        assert [text(decider.decide(same)) for decider in others] == [decided] * 2

    holds()


def without_nothing(value: Any) -> Any:
    """The same facts without keys that say nothing. Elements of lists stay, because their places are their names."""
    if isinstance(value, dict):
        said = {key: without_nothing(item) for key, item in value.items()}
        return {key: item for key, item in said.items() if item is not None and item not in ([], {})}
    return [without_nothing(item) for item in value] if isinstance(value, list) else value


@properties(200)
@given(data=st.data())
def test_null_and_empty_are_the_same_as_absent(world, data):
    request = draw_request(data, world)
    stripped = {**request, "facts": without_nothing(request["facts"])}
    assert text(world.decider.decide(request)) == text(world.decider.decide(stripped))


@properties(200)
@given(data=st.data())
def test_supplying_what_a_finding_needs_removes_it(world, data):
    request = draw_request(data, world)
    decision = world.decider.decide(request)
    schemas = {need["at"]: need["schema"] for need in decision.needs}
    for finding in decision.findings:
        if finding.rule.effect not in {"hold", "review", "deny"}:
            continue
        at = {need.at for need in finding.needs}
        needs = [{"at": pointer, "schema": schema} for pointer, schema in schemas.items() if covers(pointer, at)]
        if not needs:
            continue
        facts = answers.supplied(request["facts"], needs)
        found = world.decider.decide({**request, "facts": facts}).findings
        assert (finding.rule.id, finding.at) not in [(other.rule.id, other.at) for other in found], needs


def covers(pointer: str, at: set[str]) -> bool:
    return pointer in at or any(wanted.startswith(f"{pointer}/") for wanted in at)


@properties(200)
@given(data=st.data())
def test_supplying_whatever_is_needed_ends(world, data):
    request = draw_request(data, world, action=data.draw(st.sampled_from(["account.open", "account.maintain"])))
    for _ in range(ROUNDS):
        decision = world.decider.decide(request)
        if not decision.needs:
            break
        for need in decision.needs:
            value = answers.answer(need, request["facts"])
            assert jsonschema_rs.is_valid(need["schema"], value), (need, value)
        request = {**request, "facts": answers.supplied(request["facts"], decision.needs)}
    assert decision.needs == [], [need["at"] for need in decision.needs]
    assert decision.allowed or any(not finding.needs for finding in decision.findings)


@pytest.mark.parametrize("path", ["account", "product", "provider", "customer.identity", "customer.address"])
def test_a_record_of_nulls_is_absent(plain_world, path):
    facts = complete_facts(plain_world.decider)[0]
    records = plain_world.policy.vocabulary.records
    fields = records[path.rpartition(".")[2]].fields
    nulls = edited(facts, [], {path: dict.fromkeys(fields)})
    request = {"action": "account.open", "as_of": DAY}
    decided = plain_world.decider.decide({**request, "facts": nulls})
    assert text(decided) == text(plain_world.decider.decide({**request, "facts": edited(facts, [path], {})}))


def test_every_need_is_a_valid_json_schema(world):
    seen: set[str] = set()

    @settings(max_examples=600)
    @given(data=st.data())
    def holds(data):
        for need in world.decider.decide(draw_request(data, world)).needs:
            schema = json.dumps(need["schema"], sort_keys=True)
            if schema not in seen:
                seen.add(schema)
                jsonschema.Draft202012Validator.check_schema(need["schema"])

    holds()
    assert len(seen) > 10
