"""Tests of single facts, those of one fact put to it together.

Where nothing is said of a fact none of its tests is asked, and a text that several of them name is looked for once.
Most accounts say nothing of most facts, so this takes half the time of asking test by test.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import reduce

import attrs
import ibis
import ibis.expr.types as ir

from engine.evaluators.columnar.lowering import Lowering, Values
from engine.evaluators.columnar.operands import operands
from engine.evaluators.columnar.packing import BITS, bits, constant, packed
from engine.program.expressions import (
    Arithmetic,
    Compare,
    DaysBetween,
    Expr,
    Has,
    Literal,
    Member,
    Named,
    TextTest,
    Within,
    path,
)

_STRICT = (Arithmetic, Compare, DaysBetween, Member, Named, TextTest, Within)
"""Operations that come to null where an operand does."""
_TEXTS = frozenset({"string", "enum", "place", "instant", "email"})
"""Kinds of facts that are compared as texts."""


def packed_tests(tests: Sequence[Expr], lowering: Lowering, elements: Values) -> list[ir.IntegerValue]:
    """Bit n of the integers is the answer to test n, as `packed` has it. A test that comes to null does not hold."""
    words = [_word(tests[start : start + BITS], lowering, elements) for start in range(0, len(tests), BITS)]
    return words or packed([])


def _word(tests: Sequence[Expr], lowering: Lowering, elements: Values) -> ir.IntegerValue:
    by_fact: defaultdict[Expr | None, dict[Expr, int]] = defaultdict(dict)
    for n, test in enumerate(tests):
        by_fact[_only_fact(test)][test] = 1 << n
    others = by_fact[None]
    parts = [bits((lowering.value(test, elements), bit) for test, bit in others.items())] if others else []
    for fact, about in by_fact.items():
        if fact is not None:
            parts += _OneFact(fact, lowering, elements).answers(about)
    return reduce(operator.or_, parts)


def _only_fact(test: Expr) -> Expr | None:
    """The fact without which the test does not hold, if it reads no other; else None."""
    if isinstance(test, Has):
        return None if test.read.type.kind == "record" else test.read
    facts = set(_facts(test))
    return facts.pop() if len(facts) == 1 else None


def _facts(expr: Expr) -> Iterator[Expr | None]:
    """The facts that make an expression null where they are not there; None for whatever else it reads."""
    if path(expr) is not None:
        yield expr
    elif isinstance(expr, _STRICT):
        for operand in operands(expr):
            yield from _facts(operand)
    elif not isinstance(expr, Literal):
        yield None


class _OneFact:
    """A fact, of which tests are asked."""

    def __init__(self, fact: Expr, lowering: Lowering, elements: Values) -> None:
        self._fact = fact
        self._value = lowering.value(fact, elements)
        self._said_by = lowering.said_by(fact, elements)
        self._lowering, self._elements = lowering, elements

    def answers(self, tests: Mapping[Expr, int]) -> Iterator[ir.IntegerValue]:
        """The bits of the tests that hold, as integers to be put together."""
        listed = {test: values for test in tests if (values := self._values(test)) is not None}
        further = [test for test in tests if test not in listed]
        if listed:
            yield self._by_value({tests[test]: values for test, values in listed.items()})
        if further:
            asked = bits((self._lowering.value(test, self._elements), tests[test]) for test in further)
            yield asked if len(further) == 1 else ibis.ifelse(self._said_by.isnull(), constant(0), asked)

    def _by_value(self, tests: Mapping[int, _Values]) -> ir.IntegerValue:
        """What the tests come to, by their bits, for each value that they name, and for others."""
        others = sum(bit for bit, values in tests.items() if values.all_but)
        by_answer: defaultdict[int, set[str | bool]] = defaultdict(set)
        for value in frozenset[str | bool]().union(*(values.named for values in tests.values())):
            by_answer[sum(bit for bit, values in tests.items() if values.has(value))].add(value)
        by_answer.pop(others, None)
        cases = [(self._is_one_of(by_answer[answer]), constant(answer)) for answer in sorted(by_answer)]
        # First of all, as it costs least and is most often so.
        return ibis.cases((self._said_by.isnull(), constant(0)), *cases, else_=constant(others))

    def _is_one_of(self, values: Collection[str | bool]) -> ir.BooleanValue:
        if values == {True}:
            return self._value
        (first, *more) = sorted(values)
        return self._value.isin([first, *more]) if more else self._value == first

    def _values(self, test: Expr) -> _Values | None:
        """The values of which a test holds; None where they cannot be listed."""
        if isinstance(test, Has):
            return _Values(frozenset(), all_but=True)
        if test == self._fact:
            return _Values(frozenset({True}))
        if self._fact.type.kind not in _TEXTS:
            return None
        match test:
            case Compare("==" | "!=" as compared, self._fact, Literal(str(value))):
                return _Values(frozenset({value}), all_but=compared == "!=")
            case Member(self._fact, tuple(literals)):
                return _Values(frozenset(str(literal.value) for literal in literals))
            case Within(self._fact, _, places):
                return _Values(self._lowering.occurring(places))
            case _:
                return None


@attrs.frozen
class _Values:
    """Values of a fact: those named, or all but these."""

    named: frozenset[str | bool]
    all_but: bool = False

    def has(self, value: object) -> bool:
        """Whether the value is one of them."""
        return (value in self.named) != self.all_but
