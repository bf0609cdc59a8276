"""Whether findings are such as the rules can make: an evaluator that is broken may answer with anything.

Opinions enter the log, which holds nothing of the facts. So no text that the policy does not have may be in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from engine.decision.decider import Decider
from engine.policy.policy import Policy
from engine.program.finding import Finding

_INDEX = re.compile(r"[0-9]{1,6}")
"""Of an element of a list; a telephone number has more digits."""


def is_sound(decider: Decider, findings: Sequence[Finding]) -> bool:
    """Whether each finding is of a rule of the policy, and points to facts by names of the vocabulary and indices."""
    policy = decider.policy
    # The very objects: one with the same id may say anything.
    rules = {id(rule) for rule_set in policy.program for rule in rule_set.rules} | {id(decider.no_law.rule)}
    orders = {order.id: {condition.message for condition in order.conditions} for order in policy.orders}
    names = set(_names(policy))

    def is_pointer(at: str) -> bool:
        first, *parts = at.split("/")
        return not first and all(part in names or _INDEX.fullmatch(part) for part in parts)

    return all(
        id(found.rule) in rules
        and is_pointer(found.at)
        and all(is_pointer(need.at) for need in found.needs)
        and (not found.order or found.order in orders)
        and {*found.terms} <= {*found.rule.terms, *orders.get(found.order, ())}
        for found in findings
    )


def _names(policy: Policy) -> Iterator[str]:
    vocabulary = policy.vocabulary
    yield from vocabulary.facts
    for record in vocabulary.records.values():
        yield from record.fields
