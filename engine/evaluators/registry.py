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
FOR_POPULATIONS = frozenset({"columnar"})
"""Those made for whole populations. One request takes them tenths of a second, so no service asks them. Said here and
not by their kinds, as whoever lists the others is not to import them."""


def for_services() -> tuple[str, ...]:
    """The names of those that a service may ask."""
    return tuple(name for name in EVALUATORS if name not in FOR_POPULATIONS)


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


def obstacle_to_serving(name: str) -> str | None:
    """The same for a service."""
    others = ", ".join(for_services())
    if name in FOR_POPULATIONS:
        return f"`{name}` is for whole populations, and takes tenths of a second for one request; give one of {others}"
    return obstacle_to(name) if name in EVALUATORS else f"`{name}` is no evaluator; give one of {others}"


def make_evaluator(name: str, rule_sets: Sequence[RuleSet]) -> Evaluator:
    """An evaluator of these rule sets, by its name.

    Raises:
        NoOpinionError: the rule sets have an operation that it does not support. `expression` raises it likewise.
    """
    kind = evaluator_kind(name)
    return Partial(kind, rule_sets) if kind.unsupported else kind.make(rule_sets)
