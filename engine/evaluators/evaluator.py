"""What an evaluator is: rule sets to findings, and how it is known by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import attrs

from engine.program.expressions import OPERATIONS, Element, Expr
from engine.program.finding import Finding
from engine.program.rule_set import RuleSet
from engine.vocabulary.derived import DerivedLists

Facts = Mapping[str, Any]
Holds = Callable[..., bool]
"""An expression as a function of facts, day, action, derived lists and, where it is about one, a list element."""


class NoOpinionError(RuntimeError):
    """The evaluator is at fault, not the request: it died, hung, answered nonsense, or cannot evaluate the rules.

    Nothing was decided.
    """


class Evaluator(Protocol):
    """Evaluates rule sets. Safe to share between threads. Every evaluator finds the same, in the same order."""

    def findings(self, action: str, as_of: str, facts: Facts, derived: DerivedLists) -> list[Finding] | None:
        """The rules that apply, in file order; None when no rule set for the action is in force that day.

        `facts` must fit the vocabulary, `as_of` is a day as ISO text, `derived` holds every derived list of it.

        Raises:
            NoOpinionError: the evaluator could not answer.
        """
        ...

    def expression(self, expr: Expr, element: Element | None = None) -> Holds:
        """An expression as a function of facts, day, action and derived lists, and of the element it is about.

        The function raises NoOpinionError as `findings` does.
        """
        ...


@runtime_checkable
class Restarting(Protocol):
    """An evaluator that keeps something running, such as a process, and replaces it when it dies."""

    @property
    def restarts(self) -> int:
        """How often it was replaced."""
        ...

    @property
    def last_failure(self) -> str:
        """Why it was last, in words that hold nothing of the facts."""
        ...


def _knows_all(instance: EvaluatorKind, _: object, unsupported: Mapping[type[Expr], str]) -> None:
    unsaid = set(OPERATIONS) - instance.operations - set(unsupported)
    doubled = instance.operations & set(unsupported)
    if unsaid or doubled or not all(unsupported.values()):
        names = ", ".join(sorted(kind.__name__ for kind in unsaid | doubled))
        raise ValueError(
            f"evaluator `{instance.name}`: each operation of a program is supported, or unsupported with a reason; "
            f"look at {names or 'the empty reasons'}"
        )


@attrs.frozen
class EvaluatorKind:
    """An evaluator as others know it.

    `operations` are those of `OPERATIONS` that it evaluates; `unsupported` says of each other one why not, and of rules
    with such a one `make_evaluator` makes none. `absence` says why it cannot be used on this machine, None when it can.
    """

    name: str
    make: Callable[[Sequence[RuleSet]], Evaluator]
    operations: frozenset[type[Expr]]
    unsupported: Mapping[type[Expr], str] = attrs.field(factory=dict, validator=_knows_all)
    absence: Callable[[], str | None] = lambda: None
