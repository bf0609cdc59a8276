"""Rule sets to suites: guards become tests, a `match` a chain, all rules over one list a single loop."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from engine.evaluators.compiled.sharing import place_shared
from engine.evaluators.compiled.statements import Emit, First, Loop, Suite, Test
from engine.program.expressions import FALSE, TRUE, And, Expr, conjunction, negation
from engine.program.rule_set import Block, Item, Rule, RuleSet

Known = frozenset[Expr]
"""What holds wherever a suite runs, because the guards around it do."""


def suite_of(rule_sets: Sequence[RuleSet]) -> Suite:
    """The body of the function that decides under these rule sets."""
    body = Suite(None)
    building = _Building()
    for rule_set in rule_sets:
        building.fill(body, rule_set.block, frozenset())
    place_shared(body)
    return body


@attrs.define
class _Building:
    """Numbers the rules as they stand in the files, so that findings can be put into that order."""

    _rank: int = 0

    def fill(self, suite: Suite, block: Block, known: Known) -> None:
        if block.is_match:
            self._fill_match(suite, block, known)
            return
        for item in block.items:
            if isinstance(item.outcome, Rule) and item.outcome.each is not None:
                self._each(suite, item, item.outcome, known)
            else:
                test = self._test(suite, item, known)
                if test.condition != FALSE and test.suite.statements:
                    suite.statements.append(test)

    def _fill_match(self, suite: Suite, block: Block, known: Known) -> None:
        choices: list[Test] = []
        for item in block.choices:
            test = self._test(suite, item, known)
            if test.condition != FALSE:
                # A choice that does nothing under the switches as they are set keeps the later ones from being taken.
                choices.append(test)
            if test.condition == TRUE:
                break
            known |= _conjuncts(negation(item.condition.expr))
        while choices and not choices[-1].suite.statements:
            choices.pop()
        if choices:
            suite.statements.append(First(tuple(choices)))

    def _test(self, suite: Suite, item: Item, known: Known) -> Test:
        """The item as a statement; its condition is what the guards around it have not settled."""
        inner = Suite(suite)
        if isinstance(item.outcome, Block):
            self.fill(inner, item.outcome, known | _conjuncts(item.condition.expr))
        else:
            self._rank += 1
            inner.statements.append(Emit(item.outcome, self._rank))
        return Test(_unless_known(item.condition.expr, known), inner)

    def _each(self, suite: Suite, item: Item, rule: Rule, known: Known) -> None:
        """All rules of a suite that look at one list share one loop over it."""
        assert rule.each is not None
        loop = next((s for s in suite.statements if isinstance(s, Loop) and s.each.element == rule.each.element), None)
        if loop is None:
            loop = Loop(Suite(suite, loop=rule.each), rule.each)
            suite.statements.append(loop)
        test = self._test(loop.suite, item, known)
        if test.condition != FALSE:
            loop.suite.statements.append(test)


def _conjuncts(expr: Expr) -> Known:
    return frozenset(expr.items if isinstance(expr, And) else (expr,))


def _unless_known(condition: Expr, known: Known) -> Expr:
    """The condition without what the guards have settled."""
    return conjunction(
        tuple(item for item in (condition.items if isinstance(condition, And) else (condition,)) if item not in known)
    )
