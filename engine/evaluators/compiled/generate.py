"""Suites to the text of one Python function."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Sequence

from engine.evaluators.compiled.python_text import PythonText
from engine.evaluators.compiled.statements import Emit, First, Loop, Suite, Test
from engine.evaluators.compiled.suite import suite_of
from engine.program.expressions import (
    TRUE,
    And,
    Expr,
    Has,
    Named,
    Or,
    Quantify,
    conjunction,
    disjunction,
    negation,
    path,
)
from engine.program.finding import derived_finding, element_finding, finding
from engine.program.rule_set import RuleSet

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")
_GENERATED = re.compile(r"e_|K\d+\Z|\d")
"""Names that the text of expressions makes for list elements and for constants."""
_RESERVED = frozenset({*keyword.kwlist, *dir(builtins), "facts", "action", "as_of", "derived", "out", "items", "i"})
_LONGEST_CHAIN = 50
"""Choices of a `match` that are written as one if-elif chain; Python nests each in the one before."""


def generate(rule_sets: Sequence[RuleSet], constants: dict[str, object]) -> str:
    """The text of `decide(facts, action, as_of, derived)`, which returns the findings in file order.

    `constants` receives the objects that the text refers to by name.
    """
    writer = _Writer(constants)
    writer.line(0, "def decide(facts, action, as_of, derived):")
    writer.line(1, "out = []")
    writer.suite(suite_of(rule_sets), 1)
    # Loops over lists run all their rules in one pass: only then can findings be out of file order.
    writer.line(1, "if len(out) > 1:")
    writer.line(2, "out.sort(key=RANK)")
    writer.line(1, "return out")
    return "\n".join(writer.lines) + "\n"


class _Writer:
    def __init__(self, constants: dict[str, object]) -> None:
        self.lines: list[str] = []
        self._names: dict[Expr, str] = {}
        self._taken = {*_RESERVED, *constants}
        self._repeated: dict[str, int] = {}
        self._text = PythonText(self._names, constants)

    def line(self, indent: int, text: str) -> None:
        self.lines.append("    " * indent + text)

    def suite(self, suite: Suite, indent: int) -> None:
        begin = len(self.lines)
        named_here = []
        for expr in suite.shared:
            if expr in self._names:
                continue  # computed further out, for others
            self._names[expr] = self._shared(expr, indent)
            named_here.append(expr)
        for statement in suite.statements:
            match statement:
                case Emit():
                    self._emit(statement, indent)
                case Test():
                    self._test("if", statement, indent)
                case First(choices):
                    self._first(choices, indent)
                case Loop():
                    self._loop(statement, indent)
        if len(self.lines) == begin:
            self.line(indent, "pass")
        for expr in named_here:
            self._taken.discard(self._names.pop(expr))

    def _new_name(self, expr: Expr) -> str:
        """A name that tells what it holds, unlike any other in scope."""
        words = (
            expr.label
            if isinstance(expr, Named)
            else "_".join(path(expr.read if isinstance(expr, Has) else expr) or ())
        )
        words = f"has_{words}" if isinstance(expr, Has) else words
        stem = _NOT_IN_NAMES.sub("_", words.removeprefix("variables.")).strip("_") or "value"
        name = stem = f"v_{stem}" if _GENERATED.match(stem) else stem
        while name in self._taken:
            self._repeated[stem] = self._repeated.get(stem, 1) + 1
            name = f"{stem}_{self._repeated[stem]}"
        self._taken.add(name)
        return name

    def _first(self, choices: Sequence[Test], indent: int) -> None:
        if len(choices) <= _LONGEST_CHAIN:
            for n, choice in enumerate(choices):
                self._test("elif" if n else "if", choice, indent)
            return
        self.line(indent, "while True:")
        for choice in choices:
            self.line(indent + 1, f"if {self._text.test(choice.condition)}:")
            self.suite(choice.suite, indent + 2)
            self.line(indent + 2, "break")
        self.line(indent + 1, "break")

    def _shared(self, expr: Expr, indent: int) -> str:
        """Compute a shared value; the name under which it is known from here on."""
        item = expr.item if isinstance(expr, Named) else expr
        *before, last = item.items if isinstance(item, And | Or) else (item,)
        while isinstance(last, Named) and last not in self._names:
            last = last.item
        if not isinstance(last, Quantify) or last.kind == "exists_one":
            value = self._text.test(expr) if expr.type.kind == "bool" else self._text.value(expr)
            name = self._new_name(expr)
            self.line(indent, f"{name} = {value}")
            return name
        name = self._new_name(expr)
        if not before:
            self._quantified(name, last, indent)
            return name
        # `a && list.exists(...)` is false unless a holds, `a || list.exists(...)` is true if it does.
        settled = isinstance(item, Or)
        test = self._text.test(negation(disjunction(tuple(before))) if settled else conjunction(tuple(before)))
        self.line(indent, f"{name} = {settled}")
        self.line(indent, f"if {test}:")
        self._quantified(name, last, indent + 1)
        return name

    def _quantified(self, name: str, expr: Quantify, indent: int) -> None:
        """A quantifier as a loop, which takes half the time of `any()` over a generator."""
        exists = expr.kind == "exists"
        self.line(indent, f"{name} = {not exists}")
        self.line(indent, f"for {self._text.value(expr.element)} in {self._text.value(expr.over)}:")
        body = self._text.test(expr.body if exists else negation(expr.body))
        self.line(indent + 1, f"if {body}:")
        self.line(indent + 2, f"{name} = {exists}")
        self.line(indent + 2, "break")

    def _test(self, word: str, test: Test, indent: int) -> None:
        if word == "if" and test.condition == TRUE and not test.suite.shared and _only_emits(test.suite):
            self.suite(test.suite, indent)
            return
        self.line(indent, f"{word} {self._text.test(test.condition)}:")
        self.suite(test.suite, indent + 1)

    def _emit(self, emit: Emit, indent: int) -> None:
        rule = emit.rule
        if rule.each is None:
            self.line(indent, f"out.append({self._text.constant(finding(rule, emit.rank))})")
            return
        if rule.each.is_derived:
            bind, element = derived_finding(rule, emit.rank), self._text.value(rule.each.element)
            self.line(indent, f"out.append({self._text.constant(bind)}({element}))")
        else:
            self.line(indent, f"out.append({self._text.constant(element_finding(rule, emit.rank))}(i))")

    def _loop(self, loop: Loop, indent: int) -> None:
        if not loop.suite.statements:
            return
        element, over = self._text.value(loop.each.element), self._text.value(loop.each.over)
        if loop.each.is_derived:
            self.line(indent, f"for {element} in {over}:")
            self.suite(loop.suite, indent + 1)
            return
        self.line(indent, f"items = {over}")
        self.line(indent, "if items:")
        self.line(indent + 1, f"for i, {element} in enumerate(items):")
        self.suite(loop.suite, indent + 2)


def _only_emits(suite: Suite) -> bool:
    return all(isinstance(statement, Emit) for statement in suite.statements)
