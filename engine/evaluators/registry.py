"""The table of evaluators. Each is imported when it is asked for, so that nobody pays for what others need."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence

from engine.evaluators.evaluator import Evaluator, EvaluatorKind
from engine.evaluators.partial import Partial
from engine.program.rule_set import RuleSet

EVALUATORS: Mapping[str, str] = {
    "compiled": "engine.evaluators.compiled",
    "reference": "engine.evaluators.reference",
    "rete": "engine.evaluators.rete",
    "columnar": "engine.evaluators.columnar",
}
"""The package of each evaluator, by its name. Each has its `EvaluatorKind` as `KIND`."""


def evaluator_kind(name: str) -> EvaluatorKind:
    """The evaluator of that name, one of `EVALUATORS`."""
    kind: EvaluatorKind = importlib.import_module(EVALUATORS[name]).KIND
    return kind


def obstacle_to(name: str) -> str | None:
    """Why no evaluator of that name can be used on this machine, and what to do; None when one can."""
    if name not in EVALUATORS:
        return f"`{name}` is no evaluator; give one of {', '.join(EVALUATORS)}"
    absence = evaluator_kind(name).absence()
    return None if absence is None else f"`{name}` cannot be used here: {absence}"


def make_evaluator(name: str, rule_sets: Sequence[RuleSet]) -> Evaluator:
    """An evaluator of these rule sets, by its name.

    Raises:
        NoOpinionError: the rule sets have an operation that it does not support. `expression` raises it likewise.
    """
    kind = evaluator_kind(name)
    return Partial(kind, rule_sets) if kind.unsupported else kind.make(rule_sets)
