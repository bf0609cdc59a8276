"""A program as suites of statements: what the generated function does, one level of indentation at a time."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from engine.program.expressions import Expr
from engine.program.rule_set import Each, Rule


@attrs.define(eq=False)
class Suite:
    """Statements in order; `loop` is the list this suite runs over for each element, when it does."""

    parent: Suite | None
    statements: list[Statement] = attrs.Factory(list)
    loop: Each | None = None
    shared: list[Expr] = attrs.Factory(list)


@attrs.frozen(eq=False)
class Emit:
    """The rule applies. `rank` is its place among all rules of the function, as the files have them."""

    rule: Rule
    rank: int


@attrs.frozen(eq=False)
class Test:
    """The suite runs if the condition holds."""

    condition: Expr
    suite: Suite


@attrs.frozen(eq=False)
class First:
    """The suite of the first condition that holds runs."""

    choices: tuple[Test, ...]


@attrs.frozen(eq=False)
class Loop:
    """The suite runs for each element."""

    suite: Suite
    each: Each


Statement = Emit | Test | First | Loop


def expressions(suite: Suite) -> Iterator[tuple[Suite, Expr, bool]]:
    """Every expression of a suite and of those it encloses, with the suite in which it is evaluated.

    The last part tells whether it is evaluated whenever that suite runs.
    """
    for statement in suite.statements:
        match statement:
            case Test(condition, inner):
                yield suite, condition, True
                yield from expressions(inner)
            case First(choices):
                for n, choice in enumerate(choices):
                    yield suite, choice.condition, n == 0
                    yield from expressions(choice.suite)
            case Loop(inner, each):
                yield suite, each.over, True
                yield from expressions(inner)


def inner_suites(suite: Suite) -> Iterator[Suite]:
    """The suites directly inside a suite."""
    for statement in suite.statements:
        match statement:
            case Test(_, inner) | Loop(inner):
                yield inner
            case First(choices):
                yield from (choice.suite for choice in choices)
