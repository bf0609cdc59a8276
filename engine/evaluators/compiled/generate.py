"""Suites to the text of one Python function."""

from __future__ import annotations

from collections.abc import Sequence

from engine.evaluators.compiled.python_text import PythonText
from engine.evaluators.compiled.statements import Emit, First, Loop, Suite, Test
from engine.evaluators.compiled.suite import suite_of
from engine.program.expressions import TRUE, Expr
from engine.program.finding import finding
from engine.program.rule_set import Rule, RuleSet


def generate(rule_sets: Sequence[RuleSet], constants: dict[str, object]) -> str:
    """The text of `decide(facts, action, as_of, measures)`, which returns the findings in file order.

    `constants` receives the objects that the text refers to by name.
    """
    writer = _Writer(constants)
    writer.line(0, "def decide(facts, action, as_of, measures):")
    writer.line(1, "out = []")
    writer.suite(suite_of(rule_sets), 1)
    writer.line(1, "return out")
    return "\n".join(writer.lines) + "\n"


class _Writer:
    def __init__(self, constants: dict[str, object]) -> None:
        self.lines: list[str] = []
        self._names: dict[Expr, str] = {}
        self._text = PythonText(self._names, constants)
        self._positions: dict[str, int] = {}

    def line(self, indent: int, text: str) -> None:
        self.lines.append("    " * indent + text)

    def suite(self, suite: Suite, indent: int) -> None:
        begin = len(self.lines)
        named_here = []
        for expr in suite.shared:
            value = self._text.test(expr) if expr.type.kind == "bool" else self._text.value(expr)
            self._names[expr] = f"v{len(self.lines)}"
            named_here.append(expr)
            self.line(indent, f"{self._names[expr]} = {value}")
        for statement in suite.statements:
            match statement:
                case Emit(rule):
                    self._emit(rule, indent)
                case Test():
                    self._test("if", statement, indent)
                case First(choices):
                    for n, choice in enumerate(choices):
                        self._test("elif" if n else "if", choice, indent)
                case Loop():
                    self._loop(statement, indent)
        if len(self.lines) == begin:
            self.line(indent, "pass")
        for expr in named_here:
            del self._names[expr]

    def _test(self, keyword: str, test: Test, indent: int) -> None:
        if keyword == "if" and test.condition == TRUE and not test.suite.shared and _only_emits(test.suite):
            self.suite(test.suite, indent)
            return
        self.line(indent, f"{keyword} {self._text.test(test.condition)}:")
        self.suite(test.suite, indent + 1)

    def _emit(self, rule: Rule, indent: int) -> None:
        if rule.each is None:
            self.line(indent, f"out.append({self._text.constant(finding(rule))})")
        else:
            self.line(indent, f"hits.append(({self._positions[rule.id]}, i))")

    def _loop(self, loop: Loop, indent: int) -> None:
        if not loop.rules:
            return
        over = self._text.value(loop.each.over)
        element = self._text.value(loop.each.element)
        bind = "bind_measures" if loop.rules[0].is_about_measures else "bind"
        rules = self._text.constant(loop.rules)
        self.line(indent, f"items = {over}")
        self.line(indent, "if items:")
        self.line(indent + 1, "hits = []")
        self.line(indent + 1, f"for i, {element} in enumerate(items):")
        self._positions = {rule.id: n for n, rule in enumerate(loop.rules)}
        self.suite(loop.suite, indent + 2)
        self.line(indent + 1, "if hits:")
        self.line(indent + 2, f"out.extend({bind}({rules}, items, hits))")


def _only_emits(suite: Suite) -> bool:
    return all(isinstance(statement, Emit) for statement in suite.statements)

