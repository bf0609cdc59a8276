"""An evaluator that leaves an operation out, and would get it wrong. Register it with `partial_evaluator.register`."""

from __future__ import annotations

import pytest

from engine.evaluators import registry
from engine.evaluators.compiled import Compiled
from engine.evaluators.evaluator import EvaluatorKind
from engine.program.expressions import OPERATIONS, Has, Size


class Uncounting(Compiled):
    """Whatever it is asked about holds. It says that it keeps something running."""

    restarts = 7
    last_failure = "no room"

    def expression(self, *_about):
        return lambda *_case: True


KIND = EvaluatorKind(
    name="partial",
    make=Uncounting,
    operations=frozenset(OPERATIONS) - {Has, Size},
    unsupported={Has: "it sees what is there alone", Size: "it cannot count"},
)
UNABLE = "`partial` does not evaluate `Has`, which "


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it one of the evaluators while a test runs."""
    monkeypatch.setitem(registry.EVALUATORS, KIND.name, __name__)
