"""The compiled evaluator against the official CEL runtime: random programs on random facts must find the same."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from official_cel import OfficialCel, activation, message, record_type
from random_facts import random_facts
from random_programs import Program, random_program
from random_words import MEASURES
from small_rules import DAY, plain_policy, policy

from engine.evaluators.compiled import Compiled
from engine.ownership import LOOK_THROUGH, resolve
from engine.vocabulary.derived import DerivedLists, derived

CASES = 12
LOOPS = {"o": "beneficial_owner", "w": "owner"}
OFFICIAL = OfficialCel(plain_policy().places.within, {name: record_type(record) for name, record in LOOPS.items()})


class Interpreted:
    """Rules by the book: `match` takes the first item that holds, `aggregate` every one; conditions by official CEL."""

    def __init__(self, program: Program, case: Mapping[str, Any], derived: DerivedLists) -> None:
        self._program = program
        self._given = activation(case, DAY, "account.open", derived)
        owners = (case.get("customer") or {}).get("beneficial_owners") or []
        self._lists = {
            "o": [(f"/customer/beneficial_owners/{index}", owner) for index, owner in enumerate(owners)],
            "w": [(owner.at, owner) for owner in derived["owners"]],
        }

    def block(self, block: Mapping[str, Any]) -> tuple[list[str], bool]:
        """The findings, and whether a choice was made, as it always is in an aggregate."""
        found: list[str] = []
        for item in block.get("match") or block["aggregate"]:
            inner, is_taken = self._item(item)
            found += inner
            if "match" in block and is_taken:
                return found, True
        return found, "aggregate" in block

    def _item(self, item: Mapping[str, Any]) -> tuple[list[str], bool]:
        if "for" in item:
            (name,) = item["for"]
            return [
                f"random/{item['id']}@{at}"
                for at, element in self._lists[name]
                if self._holds(item["condition"], {**self._given, name: message(LOOPS[name], element)})
            ], True
        if "condition" in item and not self._holds(item["condition"], self._given):
            return [], False
        if "rule" in item:
            found, is_taken = self.block(item["rule"])
            return found, is_taken or "condition" in item
        return [f"random/{item['id']}@/customer"], True

    def _holds(self, condition: str, given_: Mapping[str, Any]) -> bool:
        return OFFICIAL.holds(self._program.written_out(condition), given_)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.integers(0, 2**32))
def test_same_findings(seed: int) -> None:
    rng = Random(seed)
    program = random_program(rng)
    compiled = Compiled(policy(program.rules, definitions__d=program.definitions).program)
    for _ in range(CASES):
        case, measures = random_facts(rng), rng.choice(((), MEASURES[:1], MEASURES))
        listed = [derived(measure, "/customer") for measure in measures]
        lists = {**resolve(case.get("customer") or {}, LOOK_THROUGH), "measures": listed}
        found = compiled.findings("account.open", DAY, case, lists)
        expected, _ = Interpreted(program, case, lists).block(program.rules["rule"])
        assert [f"{finding.rule.id}@{finding.at}" for finding in found] == expected
