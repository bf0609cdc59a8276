"""An evaluator that leaves operations out is made of no rules with one, and asked about no expression with one."""

from __future__ import annotations

from typing import Any

import partial_evaluator
import pytest
from small_rules import DAY, item, policy, rule_set

from bench.agreement.contenders import contender
from engine import Decider, Policy
from engine.evaluators.compiled import Compiled
from engine.evaluators.evaluator import NoOpinionError, Restarting
from engine.evaluators.registry import make_evaluator

WITHOUT = "action == 'account.open'"
WITH = "has(customer.name)"
EACH = {"for": {"o": "customer.beneficial_owners"}}
REQUEST: dict[str, Any] = {"action": "account.open", "as_of": DAY, "facts": {"customer": {"located_in": "DE"}}}
ORDER = {
    "id": "o",
    "kind": "conditions",
    "target": {"jurisdiction": "DE"},
    "issued_on": "2026-01-10",
    "finding": "F",
    "factors": {"7.307(b)(4)(ii)": "F"},
}


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    partial_evaluator.register(monkeypatch)


def ordered(condition: str) -> Policy:
    """A policy whose rules the evaluator evaluates, with an order of this condition."""
    conditions = [{"id": "c", "condition": condition, "message": "M."}]
    return policy(rule_set(item("a", WITHOUT)), jurisdictions__measures__o={**ORDER, "conditions": conditions})


@pytest.mark.parametrize(
    "items",
    [
        [item("a", WITHOUT), item("b", WITH)],
        [item("a", WITHOUT), item("b", f"{WITHOUT} && !({WITH} || {WITHOUT})")],
        [{"condition": WITHOUT, "rule": {"match": [item("a", WITH), item("b")]}}],
        [{"condition": WITH, "rule": {"match": [item("a", WITHOUT), item("b")]}}],
        [item("a", "has(o.name)", **EACH)],
    ],
)
def test_it_is_made_of_no_rules_with_one(items: list[dict[str, Any]]) -> None:
    with pytest.raises(
        NoOpinionError, match=r"^`partial` does not evaluate `Has`, which rules/small\.yaml has: it sees"
    ):
        make_evaluator("partial", policy(rule_set(*items)).program)


def test_of_other_rules_it_decides_as_ever() -> None:
    made = policy(rule_set(item("a", WITHOUT), item("b", "action == 'training.start'")))
    evaluator = make_evaluator("partial", made.program)
    assert Decider(made, evaluator=evaluator).decide(REQUEST).document == Decider(made).decide(REQUEST).document
    assert isinstance(evaluator, Restarting)
    assert evaluator.restarts == 7
    assert not hasattr(evaluator, "process")


def test_it_is_asked_of_no_order_with_one() -> None:
    """What it would say of the condition is wrong, so nothing but a refusal keeps it from deciding."""
    made = ordered(WITH)
    evaluator = make_evaluator("partial", made.program)
    with pytest.raises(NoOpinionError, match="`partial` does not evaluate `Has`, which the condition of an order has"):
        Decider(made, evaluator=evaluator)
    assert Decider(ordered(WITHOUT), evaluator=evaluator).decide(REQUEST).outcome == "deny"


def test_comparing_evaluators_counts_it_as_without_opinion() -> None:
    made = policy(rule_set(item("a", WITH)))
    answer = contender("partial", made).answer(REQUEST)
    assert answer.has_no_opinion
    assert answer.failure.startswith(partial_evaluator.UNABLE)
    assert not contender("compiled", made).answer(REQUEST).agrees_with(answer)


def test_all_others_are_as_they_were_made() -> None:
    assert type(make_evaluator("compiled", ())) is Compiled
