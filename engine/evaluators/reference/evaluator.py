"""The reference evaluator: rules by the book, for which being slow is allowed and being clever is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from engine.evaluators.evaluator import Facts, Holds
from engine.evaluators.reference.case import Case, case_of
from engine.evaluators.reference.runtime import Runtime
from engine.program.expressions import Element, Expr
from engine.program.finding import Finding, derived_finding, element_finding, finding
from engine.program.rule_set import Block, Condition, Rule, RuleSet
from engine.vocabulary.derived import DerivedLists


class Reference:
    """Interprets the rule sets of one policy. Safe to share between threads."""

    def __init__(self, rule_sets: Sequence[RuleSet]) -> None:
        self._rule_sets = rule_sets
        self._runtime = Runtime()

    def findings(self, action: str, as_of: str, facts: Facts, derived: DerivedLists) -> list[Finding] | None:
        """The rules that apply, in file order; None when no rule set for the action is in force that day.

        `facts` must fit the vocabulary, `as_of` is a day as ISO text, `derived` holds every derived list of it.

        Raises:
            NoOpinionError: the official CEL runtime complains of an expression.
        """
        law = [r for r in self._rule_sets if action in r.actions and r.in_force(as_of)]
        if not law:
            return None
        ranks = {id(rule): rank for rank, rule in enumerate((rule for r in law for rule in r.rules), 1)}
        reading = _Reading(self._runtime, case_of(action, as_of, facts, derived), ranks)
        return [found for rule_set in law for found in reading.block(rule_set.block)]

    def expression(self, expr: Expr, element: Element | None = None) -> Holds:
        """An expression as a function of facts, day, action and derived lists, and of the element it is about.

        The function raises NoOpinionError as `findings` does.
        """

        def holds(facts: Facts, as_of: str, action: str, derived: DerivedLists, value: object = None) -> Any:  # noqa: ANN401
            case = case_of(action, as_of, facts, derived)
            return self._runtime.value(expr, case if element is None else case.about(element, value))

        return holds


@attrs.frozen
class _Reading:
    """The rules read for one case. `ranks` has the place of each rule in file order, by its `id`."""

    runtime: Runtime
    case: Case
    ranks: Mapping[int, int]

    def block(self, block: Block) -> Iterator[Finding]:
        """The findings of a block: a `match` takes the first choice whose condition holds, an `aggregate` every one."""
        for item in block.choices:
            if isinstance(item.outcome, Rule) and item.outcome.each is not None:
                yield from self._each(item.outcome, item.condition)
            elif self.runtime.value(item.condition.expr, self.case):
                if isinstance(item.outcome, Rule):
                    yield finding(item.outcome, self.ranks[id(item.outcome)])
                else:
                    yield from self.block(item.outcome)
                if block.is_match:
                    return

    def _each(self, rule: Rule, condition: Condition) -> Iterator[Finding]:
        """The findings of a rule about the elements of a list, one for each of which its condition holds.

        What the condition says before it speaks of the element is asked once: for each element, the runtime would
        convert anew the records that are mentioned there, and perhaps with them the whole list.
        """
        assert rule.each is not None
        of_case, of_element = self.runtime.divided(condition.expr, rule.each.element)
        if not self.runtime.value(of_case, self.case):
            return
        bind = derived_finding if rule.each.is_derived else element_finding
        bound: Any = bind(rule, self.ranks[id(rule)])
        for index, element in enumerate(self.case.listed(rule.each.over)):
            if self.runtime.value(of_element, self.case.about(rule.each.element, element)):
                yield bound(element if rule.each.is_derived else index)
