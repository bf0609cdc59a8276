"""The compiled evaluator against the official CEL runtime: random programs on random facts must find the same."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from official_cel import OfficialCel, activation, message, record_type
from random_programs import MEASURES, Program, facts, programs
from small_rules import DAY, plain_policy, policy

from engine.evaluators.compiled import Compiled

bounded = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
OFFICIAL = OfficialCel(plain_policy().places.within, {"o": record_type("beneficial_owner")})


class Measure:
    """What the evaluator asks of a special measure in a condition."""

    def __init__(self, record: dict[str, str]) -> None:
        self.get = record.get
        self.record = record


@bounded
@given(programs(), st.data())
def test_same_findings(program: Program, data: st.DataObject) -> None:
    loaded = policy(program.rules, definitions__d=program.definitions)
    compiled = Compiled(loaded.program)
    for _ in range(5):
        case = data.draw(facts())
        measures = data.draw(st.sampled_from(((), MEASURES[:1], MEASURES)))
        found = compiled.findings("account.open", DAY, case, [Measure(m) for m in measures])
        given_ = activation(case, DAY, "account.open", measures)
        expected, _ = Interpreted(program, case, given_).block(program.rules["rule"])
        event(f"{min(len(expected), 4)} findings")
        assert [f"{finding.rule.id}@{finding.at}" for finding in found] == expected


class Interpreted:
    """Rule blocks by the book, each condition by the official runtime."""

    def __init__(self, program: Program, case: dict[str, Any], given_: dict[str, Any]) -> None:
        self._program = program
        self._case = case
        self._given = given_

    def block(self, block: dict[str, Any]) -> tuple[list[str], bool]:
        """The findings, and whether a choice was made, as it always is in an aggregate."""
        found: list[str] = []
        for item in block.get("match") or block["aggregate"]:
            inner, is_taken = self.item(item)
            found += inner
            if "match" in block and is_taken:
                return found, True
        return found, "aggregate" in block

    def item(self, item: dict[str, Any]) -> tuple[list[str], bool]:
        if "for" in item:
            owners = (self._case.get("customer") or {}).get("beneficial_owners") or []
            return [
                f"random/{item['id']}@/customer/beneficial_owners/{index}"
                for index, owner in enumerate(owners)
                if self.holds(item["condition"], {**self._given, "o": message("beneficial_owner", owner)})
            ], True
        if "condition" in item and not self.holds(item["condition"], self._given):
            return [], False
        if "rule" in item:
            found, is_taken = self.block(item["rule"])
            return found, is_taken or "condition" in item
        return [f"random/{item['id']}@/customer"], True

    def holds(self, condition: str, given_: dict[str, Any]) -> bool:
        return OFFICIAL.holds(self._program.written_out(condition), given_)
