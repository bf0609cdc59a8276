"""What a program asks of a case, as a few integers: cases that give the same answers are decided alike.

A program is made of tests of single facts (this place lies there, that fact is missing) under `and`, `or` and `not`.
Its tests are put to every account, and their answers packed 62 to an integer: the account's profile. Millions of
accounts have some thousands of profiles, and only these are decided. Whether a list has an element of a kind is such a
test, too (see `engine.evaluators.columnar.separating`). Of other loops the answers of each element are packed, so a
profile holds a list of integers for each such list. Nothing is lost: the program reads nothing else (predicate
abstraction, as Graf and Saïdi have it, 1997).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
import ibis
import ibis.expr.types as ir

from engine.evaluators.columnar.folding import rewritten
from engine.evaluators.columnar.loops import mapped
from engine.evaluators.columnar.lowering import Lowering
from engine.evaluators.columnar.operands import Elements, has_loop, operands
from engine.evaluators.columnar.packing import BITS, beginnings, joined, only, packed
from engine.evaluators.columnar.separating import ELEMENT, is_connective, is_separate
from engine.evaluators.columnar.single_facts import packed_tests
from engine.program.expressions import Element, Expr, Literal, Quantify


@attrs.define(eq=False)
class Questions:
    """The tests that expressions are made of: of the case, and of the elements of each list that is looped over.

    `tests` are those of the case. `loops` are the tests that ask of a list whether there is an element of a kind, and
    `lists` those of single elements, both by the list. Each has a number among its like; `bits` has the places of tests
    and loops in the profile, while a test of an element has its number for its bit in what is packed for the element.

    A loop in a loop makes one test of both, as what the inner one comes to is seldom asked: see `lowering`.
    """

    tests: dict[Expr, int] = attrs.Factory(dict)
    loops: dict[Expr, dict[Expr, int]] = attrs.Factory(dict)
    lists: dict[Expr, dict[Expr, int]] = attrs.Factory(dict)
    _elements: Elements = attrs.Factory(Elements)
    _seen: set[Expr] = attrs.Factory(set)

    @property
    def parts(self) -> list[list[Expr]]:
        """The tests of the case and the loops, each with those that it shares an integer with."""
        return [
            list(asked)[start : start + BITS]
            for asked in (self.tests, *self.loops.values())
            for start in range(0, len(asked), BITS)
        ]

    @property
    def bits(self) -> dict[Expr, int]:
        """Which bit of a profile, from the first of `w0` on, is the answer to each test of the case and each loop."""
        parts = self.parts
        begins = beginnings(map(len, parts))
        return {test: begin + n for part, begin in zip(parts, begins, strict=True) for n, test in enumerate(part)}

    def add(self, exprs: Iterable[Expr]) -> None:
        """Ask what these conditions ask."""
        for expr in exprs:
            self._ask(expr)

    def add_element_condition(self, over: Expr, element: Element, condition: Expr) -> None:
        """Ask what a condition on the elements of a list asks."""
        self._ask_of_element(over, element, condition)

    def _ask(self, expr: Expr) -> None:
        if expr in self._seen or isinstance(expr, Literal):
            return
        self._seen.add(expr)
        if is_connective(expr):
            for operand in operands(expr):
                self._ask(operand)
        elif isinstance(expr, Quantify) and is_separate(expr) and not self._elements.of(expr):
            loops = self.loops.setdefault(expr.over, {})
            loops.setdefault(expr, len(loops))
        elif isinstance(expr, Quantify) and not self._elements.of(expr) and not has_loop(expr.body):
            self._ask_of_element(expr.over, expr.element, expr.body)
        else:
            self.tests.setdefault(expr, len(self.tests))

    def _ask_of_element(self, over: Expr, element: Element, expr: Expr) -> None:
        self.lists.setdefault(over, {})
        if isinstance(expr, Literal):
            return
        if not self._elements.of(expr):
            self._ask(expr)
        elif is_connective(expr):
            for operand in operands(expr):
                self._ask_of_element(over, element, operand)
        else:
            tests = self.lists[over]
            tests.setdefault(InLoop(element).test(expr), len(tests))


class InLoop:
    """Conditions on the elements of a list, as tests of one element that stands for all."""

    def __init__(self, element: Element) -> None:
        self._element = element
        self._done: dict[Expr, Expr] = {}

    def test(self, expr: Expr) -> Expr:
        """The same, said of `ELEMENT`."""
        return rewritten(expr, self._replace, self._done)

    def _replace(self, expr: Expr) -> Expr | None:
        return Element(ELEMENT, expr.type) if expr == self._element else None


def profile(questions: Questions, lowering: Lowering) -> dict[str, ir.Value]:
    """The profile of each case of a table, by the names of its columns.

    They are `w0` and on for tests of the case and for loops, and `l0` and on for the elements of lists.
    """
    answers = packed_tests(list(questions.tests), lowering, {}) if questions.tests else []
    for over, loops in questions.loops.items():
        found = lowering.loops.get(over) or packed([lowering.value(loop, {}) for loop in loops])
        answers += only(found, len(loops))
    words = joined(answers, beginnings(map(len, questions.parts)))
    columns: dict[str, ir.Value] = {f"w{n}": word for n, word in enumerate(words)}
    for n, (over, tests) in enumerate(questions.lists.items()):
        columns[f"l{n}"] = _packed_list(lowering, over, list(tests))
    return columns


def _packed_list(lowering: Lowering, over: Expr, tests: Sequence[Expr]) -> ir.ArrayValue:
    def pack(element: ir.Value) -> ir.Value:
        words = packed_tests(tests, lowering, {ELEMENT: element})
        return words[0] if len(words) == 1 else ibis.struct({f"w{n}": word for n, word in enumerate(words)})

    elements = mapped(lowering.value(over, {}), Element(ELEMENT, over.type.element or over.type), pack)
    return ibis.coalesce(elements, ibis.literal([], elements.type()))


def element_words(tests: int, element: ir.Value) -> list[ir.IntegerValue]:
    """The integers of an element of such a list."""
    count = max(1, -(-tests // BITS))
    return [element] if count == 1 else [element[f"w{n}"] for n in range(count)]
