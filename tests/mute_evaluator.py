"""An evaluator that has no opinion of customers called Mute, and is the reference for all others: for tests of what
follows when the one that decides is at fault. Register it with `mute_evaluator.register`."""

from __future__ import annotations

import pytest

from engine.evaluators import registry
from engine.evaluators.evaluator import EvaluatorKind, Facts, NoOpinionError
from engine.evaluators.reference import Reference
from engine.program.expressions import OPERATIONS
from engine.program.finding import Finding
from engine.vocabulary.derived import DerivedLists


class Mute(Reference):
    def findings(self, action: str, as_of: str, facts: Facts, derived: DerivedLists) -> list[Finding] | None:
        if (facts.get("customer") or {}).get("name") == "Mute":
            raise NoOpinionError("the evaluator lost its voice")
        return super().findings(action, as_of, facts, derived)


KIND = EvaluatorKind(
    name="mute",
    make=Mute,
    operations=frozenset(OPERATIONS),
)


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it one of the evaluators while a test runs."""
    monkeypatch.setitem(registry.EVALUATORS, KIND.name, __name__)
