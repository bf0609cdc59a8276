"""Rule sets to suites: guards become tests, a `match` a chain, neighbours over one list a single loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from engine.evaluators.compiled.sharing import place_shared
from engine.evaluators.compiled.statements import Emit, First, Loop, Suite, Test
from engine.program.expressions import TRUE, Expr, Literal
from engine.program.rule_set import Block, Each, Item, Rule, RuleSet


def suite_of(rule_sets: Sequence[RuleSet]) -> Suite:
    """The body of the function that decides under these rule sets."""
    body = Suite(None)
    for rule_set in rule_sets:
        _fill(body, rule_set.block)
    place_shared(body)
    return body


def _fill(suite: Suite, block: Block) -> None:
    if block.is_match:
        choices = [_test(suite, item) for item in spliced(block)]
        suite.statements.append(First(tuple(choice for choice in choices if choice is not None)))
        return
    for run in _runs(block.items):
        rule = run[0].outcome
        if isinstance(rule, Rule) and rule.each is not None:
            suite.statements.append(_loop(suite, rule.each, run))
        else:
            test = _test(suite, run[0])
            if test is not None:
                suite.statements.append(test)


def spliced(block: Block) -> Iterator[Item]:
    """The choices of a `match`; a nested `match` without a condition stands for its own choices."""
    for item in block.items:
        if item.condition.expr == TRUE and isinstance(item.outcome, Block) and item.outcome.is_match:
            yield from spliced(item.outcome)
        else:
            yield item


def _test(suite: Suite, item: Item) -> Test | None:
    """The item as a statement; None when its condition can never hold under the switches as they are set."""
    if isinstance(item.condition.expr, Literal) and not item.condition.expr.value:
        return None
    inner = Suite(suite)
    if isinstance(item.outcome, Block):
        _fill(inner, item.outcome)
    else:
        inner.statements.append(Emit(item.outcome))
    return Test(item.condition.expr, inner)


def _runs(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Neighbours that look at the same list make one run, and are evaluated in one pass over it."""
    run: list[Item] = []
    for item in items:
        same = run and _element(item) is not None and _element(item) == _element(run[-1])
        if run and not same:
            yield run
            run = []
        run.append(item)
    if run:
        yield run


def _element(item: Item) -> Expr | None:
    return item.outcome.each.element if isinstance(item.outcome, Rule) and item.outcome.each is not None else None


def _loop(suite: Suite, each: Each, run: Sequence[Item]) -> Loop:
    inner = Suite(suite, loop=each)
    tests = [_test(inner, item) for item in run]
    inner.statements.extend(test for test in tests if test is not None)
    rules = [statement.rule for test in tests if test is not None for statement in test.suite.statements
             if isinstance(statement, Emit)]
    return Loop(inner, each, tuple(rules))
