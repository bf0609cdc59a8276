"""What an evaluator says that it does not evaluate, it is never asked: it might come to anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from engine.evaluators.evaluator import Evaluator, EvaluatorKind, Facts, Holds, NoOpinionError
from engine.program.expressions import Element, Expr, all_within
from engine.program.finding import Finding
from engine.program.rule_set import RuleSet
from engine.vocabulary.derived import DerivedLists


class Partial:
    """An evaluator whose kind leaves operations out. It is itself but for these: none is made of rules with one.

    Raises NoOpinionError when a rule set has an operation that the kind does not support.
    """

    def __init__(self, kind: EvaluatorKind, rule_sets: Sequence[RuleSet]) -> None:
        for rule_set in rule_sets:
            _require(kind, rule_set.expressions, f"which {rule_set.file} has")
        self._kind = kind
        self._evaluator: Evaluator = kind.make(rule_sets)

    def findings(self, action: str, as_of: str, facts: Facts, derived: DerivedLists) -> list[Finding] | None:
        """Those of the evaluator."""
        return self._evaluator.findings(action, as_of, facts, derived)

    def expression(self, expr: Expr, element: Element | None = None) -> Holds:
        """That of the evaluator.

        Raises:
            NoOpinionError: the expression has an operation that the kind does not support.
        """
        _require(self._kind, [expr], "which the condition of an order has")
        return self._evaluator.expression(expr, element)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else the evaluator offers, such as `restarts`
        return getattr(self._evaluator, name)


def _require(kind: EvaluatorKind, exprs: Iterable[Expr], where: str) -> None:
    for expr in all_within(exprs):
        reason = kind.unsupported.get(type(expr))
        if reason is not None:
            raise NoOpinionError(f"`{kind.name}` does not evaluate `{type(expr).__name__}`, {where}: {reason}")
