"""Rule sets to suites: guards become tests, a `match` a chain, all rules over one list a single loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from engine.evaluators.compiled.sharing import place_shared
from engine.evaluators.compiled.statements import Emit, First, Loop, Statement, Suite, Test, inner_suites
from engine.program.expressions import FALSE, TRUE, And, Expr, Named, conjunction, negation
from engine.program.rule_set import Block, Item, Rule, RuleSet

Known = frozenset[Expr]
"""What holds wherever a suite runs, because the guards around it do."""


def suite_of(rule_sets: Sequence[RuleSet]) -> Suite:
    """The body of the function that decides under these rule sets."""
    body = Suite(None)
    building = _Building()
    for rule_set in rule_sets:
        building.fill(body, rule_set.block, frozenset())
    _group(body)
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
            suite.statements.append(First(tuple(choices)) if len(choices) > 1 else choices[0])

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


def _group(suite: Suite) -> None:
    """Put tests that begin alike under one test of what they have in common.

    Tests of one suite may trade places: findings are put into file order at the end.
    """
    alike: dict[Expr, list[Test]] = {}
    for test in _tests(suite):
        if test.condition != TRUE:
            alike.setdefault(_first(test.condition), []).append(test)
    grouped: list[Statement] = []
    for statement in suite.statements:
        group = alike.get(_first(statement.condition), []) if isinstance(statement, Test) else []
        if len(group) < 2:
            grouped.append(statement)
        elif statement is group[0]:
            common = Suite(suite)
            for test in group:
                test.suite.parent = common
                common.statements.append(Test(_rest(test.condition), test.suite))
            grouped.append(Test(_first(group[0].condition), common))
    suite.statements = grouped
    for inner in inner_suites(suite):
        _group(inner)


def _tests(suite: Suite) -> Iterator[Test]:
    return (statement for statement in suite.statements if isinstance(statement, Test))


def _first(condition: Expr) -> Expr:
    return _spelled_out(condition)[0]


def _rest(condition: Expr) -> Expr:
    return conjunction(_spelled_out(condition)[1:])


def _spelled_out(condition: Expr) -> tuple[Expr, ...]:
    """The conjuncts, where a named conjunction that comes first stands for its own."""
    items = condition.items if isinstance(condition, And) else (condition,)
    head = items[0]
    if isinstance(head, Named) and isinstance(head.item, And):
        return (*_spelled_out(head.item), *items[1:])
    return items


def _conjuncts(expr: Expr) -> Known:
    return frozenset(expr.items if isinstance(expr, And) else (expr,))


def _unless_known(condition: Expr, known: Known) -> Expr:
    """The condition without what the guards have settled."""
    return conjunction(
        tuple(item for item in (condition.items if isinstance(condition, And) else (condition,)) if item not in known)
    )
