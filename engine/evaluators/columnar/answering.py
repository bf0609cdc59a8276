"""From profiles to answers: the program's conditions, of which only `and`, `or`, `not` and loops are left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import attrs
import ibis
import ibis.expr.types as ir

from engine.evaluators.columnar.loops import filtered, mapped
from engine.evaluators.columnar.operands import Elements, operands
from engine.evaluators.columnar.packing import BITS, bit
from engine.evaluators.columnar.profile import InLoop, Questions, element_words
from engine.evaluators.columnar.separating import is_connective
from engine.program.expressions import And, Choose, Element, Expr, Literal, Named, Not, Or, Quantify


class Answering:
    """Conditions over a table of profiles.

    What several conditions have in common becomes a column, in a projection of its own for each level: so it is
    computed once. `table` is the table with these columns.
    """

    def __init__(self, table: ir.Table, questions: Questions, conditions: Iterable[Expr]) -> None:
        self._questions = questions
        self._elements = Elements()
        self._names: dict[Expr, str] = {}
        numbers = questions.bits
        words = [table[f"w{n}"] for n in range(max(numbers.values(), default=-1) // BITS + 1)]
        answers = {f"t{n}": bit(words, n) for n in numbers.values()}
        self._names |= {test: f"t{n}" for test, n in numbers.items()}
        self.table = table.mutate(**answers) if answers else table
        self._share(conditions)

    def truth(self, condition: Expr) -> ir.BooleanValue:
        """Whether a condition holds, never null."""
        return self._truth(condition, None)

    def elements(self, over: Expr, element: Element, condition: Expr) -> ir.ArrayValue:
        """For each element of a list whether a condition holds."""
        tests = self._questions.lists[over]
        name = f"l{list(self._questions.lists).index(over)}"
        loop = InLoop(element)

        def holds(value: ir.Value) -> ir.Value:
            return self._truth(condition, _Element(loop, tests, element_words(len(tests), value)))

        return mapped(self.table[name], element, holds)

    def _truth(self, expr: Expr, element: _Element | None) -> Any:  # noqa: ANN401 - Ibis types what it is given
        if expr in self._names:
            return self.table[self._names[expr]]
        match expr:
            case Literal(value):
                return ibis.literal(bool(value))
            case Named(_, item) if is_connective(expr):
                return self._truth(item, element)
            case Not(item):
                return ~self._truth(item, element)
            case And(items):
                return ibis.and_(*(self._truth(item, element) for item in items))
            case Or(items):
                return ibis.or_(*(self._truth(item, element) for item in items))
            case Choose(condition, then, otherwise) if is_connective(expr):
                holds = self._truth(condition, element)
                return ibis.ifelse(holds, self._truth(then, element), self._truth(otherwise, element))
            case Quantify() if not self._elements.of(expr):
                return self._quantified(expr)
        assert element is not None
        return bit(element.words, element.tests[element.loop.test(expr)])

    def _quantified(self, expr: Quantify) -> ir.BooleanValue:
        negated = expr.kind == "all"
        holding = self.elements(expr.over, expr.element, Not(expr.body) if negated else expr.body)
        if expr.kind == "exists_one":
            one: ir.BooleanValue = filtered(holding, expr.element, lambda holds: holds).length() == 1
            return one
        some: ir.BooleanValue = holding.contains(ibis.literal(value=True))
        return ~some if negated else some

    def _share(self, conditions: Iterable[Expr]) -> None:
        """Columns for the conditions, and for what is named in more than one of them."""
        # In their order, not a set's: the same program is the same text every time.
        wanted = dict.fromkeys(condition for condition in conditions if not isinstance(condition, Literal))
        uses = Counter[Expr]()
        waiting: list[Expr] = list(wanted)
        while waiting:
            expr = waiting.pop()
            uses[expr] += 1
            if uses[expr] == 1 and self._is_taken_apart(expr):
                waiting.extend(operands(expr))
        named = (expr for expr, times in uses.items() if times > 1 and self._is_worth_a_column(expr))
        shared = dict.fromkeys([*wanted, *named])
        by_level: dict[int, list[Expr]] = {}
        levels: dict[Expr, int] = {}
        for expr in shared:
            if expr not in self._names:
                by_level.setdefault(_level(expr, shared, levels), []).append(expr)
        for level in sorted(by_level):
            new = {expr: f"v{len(self._names) + n}" for n, expr in enumerate(by_level[level])}
            self.table = self.table.mutate(**{name: self.truth(expr) for expr, name in new.items()})
            self._names |= new

    def _is_taken_apart(self, expr: Expr) -> bool:
        """Whether the answer comes from those of its parts. A test is one answer, whatever stands in it."""
        is_loop = isinstance(expr, Quantify) and not self._elements.of(expr)
        return expr not in self._names and (is_loop or is_connective(expr))

    def _is_worth_a_column(self, expr: Expr) -> bool:
        is_named = isinstance(expr, Named | Quantify) and expr.type.kind == "bool"
        return is_named and not self._elements.of(expr)


@attrs.frozen(eq=False)
class _Element:
    """The element of a list that a condition is about: the numbers of its tests, and their packed answers."""

    loop: InLoop
    tests: Mapping[Expr, int]
    words: Sequence[ir.IntegerValue]


def _level(expr: Expr, shared: Collection[Expr], levels: dict[Expr, int]) -> int:
    """How many shared conditions lie below one another in it."""
    if expr not in levels:
        below = max((_level(operand, shared, levels) for operand in operands(expr)), default=0)
        levels[expr] = below + (expr in shared)
    return levels[expr]
