"""Decisions that the compiled and the reference evaluator come to alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson
from small_rules import DAY, item, policy, rule_set

from engine import Decider, Policy
from engine.evaluators.registry import make_evaluator


def decided_alike(made: Policy, request: Mapping[str, Any]) -> bytes:
    """The decision, to which both must come."""
    compiled, reference = (
        orjson.dumps(Decider(made, evaluator=make_evaluator(name, made.program)).decide(request).document)
        for name in ("compiled", "reference")
    )
    assert reference == compiled
    return reference


def holds_alike(condition: str, facts: Mapping[str, Any], **others: Any) -> bool:
    """Whether the condition holds of the facts, by both. `variables` go into its rule set, other files beside it."""
    listed = {"variables": others.pop("variables")} if "variables" in others else {}
    made = policy(rule_set(item(condition=condition), **listed), **others)
    request = {"action": "account.open", "as_of": DAY, "facts": facts}
    return json.loads(decided_alike(made, request))["outcome"] == "deny"
