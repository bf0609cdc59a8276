"""An evaluator that is right but for customers whose id says what it does wrong. Registered by tests alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import attrs

from engine.evaluators.compiled import KIND as COMPILED
from engine.evaluators.compiled import Compiled
from engine.evaluators.evaluator import EvaluatorKind, NoOpinionError

LEFT_OUT = "cip.collection/email"
HELD = threading.Event()
"""Set, it lets go whoever hangs."""


def _leave_out(findings: list, _facts: dict) -> list:
    """The wrong allow."""
    return [finding for finding in findings if finding.rule.id != LEFT_OUT]


def _invent(findings: list, facts: dict) -> list:
    return [attrs.evolve(findings[0], at=f"/customer/{facts['customer']['name']}")]


def _number(findings: list, _facts: dict) -> list:
    """A number of a card or a telephone, in the place of an index."""
    return [attrs.evolve(findings[0], at="/customer/phones/49305550100")]


def _talk(findings: list, facts: dict) -> list:
    rule = attrs.evolve(findings[0].rule, message=f"{facts['customer']['name']} has no email address.")
    return [attrs.evolve(findings[0], rule=rule)]


def _raise(_findings: list, facts: dict) -> list:
    raise ValueError(facts["customer"]["name"])


def _die(_findings: list, _facts: dict) -> list:
    raise NoOpinionError("the process died")


def _die_slowly(_findings: list, _facts: dict) -> list:
    time.sleep(1.1)
    raise NoOpinionError("the process hung")


def _exit(_findings: list, _facts: dict) -> list:
    raise SystemExit(1)


def _hang(findings: list, _facts: dict) -> list:
    HELD.wait(30)
    return findings


WRONGS: dict[str, Callable[[list, dict], list]] = {
    "leaves-out": _leave_out,
    "invents": _invent,
    "numbers": _number,
    "talks": _talk,
    "raises": _raise,
    "dies": _die,
    "dies-slowly": _die_slowly,
    "exits": _exit,
    "hangs": _hang,
}


class Contrary(Compiled):
    """Counts what a customer called `dies` brings about as restarts."""

    restarts = 0
    last_failure = "it was called `dies`"

    def findings(self, action, as_of, facts, derived):
        found = super().findings(action, as_of, facts, derived)
        id_ = (facts.get("customer") or {}).get("id")
        self.restarts += id_ == "dies"
        return WRONGS[id_](found, facts) if id_ in WRONGS else found


KIND = EvaluatorKind(name="contrary", make=Contrary, operations=COMPILED.operations)
