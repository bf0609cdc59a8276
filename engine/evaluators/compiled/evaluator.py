"""The compiled evaluator: generates each function once, when the first decision under that body of law asks for it."""

from __future__ import annotations

import datetime
import operator
import threading
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from engine.evaluators.compiled.generate import generate
from engine.evaluators.compiled.python_text import PythonText
from engine.evaluators.evaluator import Facts, Holds
from engine.program.expressions import Element, Expr
from engine.program.finding import Finding
from engine.program.rule_set import RuleSet
from engine.vocabulary.derived import DerivedLists
from engine.vocabulary.presence import is_present

Decide = Callable[[Facts, str, str, DerivedLists], list[Finding]]


class Compiled:
    """Evaluates the rule sets of one policy. Safe to share between threads."""

    def __init__(self, rule_sets: Sequence[RuleSet]) -> None:
        self._rule_sets = rule_sets
        self._functions: dict[tuple[str, tuple[bool, ...]], Decide] = {}
        self._lock = threading.Lock()
        days = {r.effective_from for r in rule_sets} | {_day_after(r.effective_until) for r in rule_sets}
        self._eras = sorted(days - {""})
        self._by_era: dict[tuple[str, int], Decide | None] = {}

    def findings(self, action: str, as_of: str, facts: Facts, derived: DerivedLists) -> list[Finding] | None:
        """The rules that apply, in file order; None when no rule set for the action is in force that day.

        `facts` must fit the vocabulary, `as_of` is a day as ISO text, `derived` holds every derived list of it.
        """
        key = (action, bisect_right(self._eras, as_of))
        if key not in self._by_era:
            self._by_era[key] = self._function(action, as_of)
        decide = self._by_era[key]
        return None if decide is None else decide(facts, action, as_of, derived)

    def text(self, action: str, as_of: str) -> str:
        """The generated Python, for people who want to see it."""
        return generate(self._law(action, as_of), _names())

    def expression(self, expr: Expr, element: Element | None = None) -> Holds:
        """An expression as a function of facts, day, action and derived lists, and of the element it is about."""
        names = _names()
        writer = PythonText({}, names)
        last = "element=None" if element is None else f"{writer.value(element)}=None"
        text = f"def holds(facts, as_of, action, derived, {last}):\n    return {writer.value(expr)}\n"
        function: Holds = _define(text, names, "holds")
        return function

    def _law(self, action: str, as_of: str) -> list[RuleSet]:
        return [r for r in self._rule_sets if action in r.actions and r.in_force(as_of)]

    def _function(self, action: str, as_of: str) -> Decide | None:
        law = self._law(action, as_of)
        if not law:
            return None
        key = (action, tuple(rule_set in law for rule_set in self._rule_sets))
        with self._lock:
            if key not in self._functions:
                names = _names()
                self._functions[key] = _define(generate(law, names), names, "decide")
            return self._functions[key]


def _names() -> dict[str, object]:
    return {
        "E": {},
        "days_between": days_between,
        "is_present": is_present,
        "RANK": operator.attrgetter("rank"),
    }


def _define(text: str, names: dict[str, object], name: str) -> Any:  # noqa: ANN401 - the generated function
    # The text is made from checked expressions only; constants enter as objects or through repr().
    exec(compile(text, f"<ostiary {name}>", "exec"), names)  # noqa: S102
    return names[name]


def days_between(start: str, end: str) -> int:
    """Whole days from one ISO day to another."""
    return datetime.date.fromisoformat(end).toordinal() - datetime.date.fromisoformat(start).toordinal()


def _day_after(day: str) -> str:
    if not day or day == "9999-12-31":
        return ""
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days=1)).isoformat()
