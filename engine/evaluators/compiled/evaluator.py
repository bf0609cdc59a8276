"""The compiled evaluator: generates each function once, when the first decision under that body of law asks for it."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.evaluators.compiled.generate import generate
from engine.evaluators.compiled.python_text import PythonText
from engine.measures.match import Measure
from engine.program.expressions import Expr
from engine.program.finding import Finding, finding
from engine.program.rule_set import Rule, RuleSet

Facts = Mapping[str, Any]
Decide = Callable[[Facts, str, str, Sequence[Measure]], list[Finding]]


class Compiled:
    """Evaluates the rule sets of one policy. Safe to share between threads."""

    def __init__(self, rule_sets: Sequence[RuleSet]) -> None:
        self._rule_sets = rule_sets
        self._functions: dict[tuple[str, tuple[bool, ...]], Decide] = {}
        self._lock = threading.Lock()
        days = {r.effective_from for r in rule_sets} | {_day_after(r.effective_until) for r in rule_sets}
        self._eras = sorted(days - {""})
        self._by_era: dict[tuple[str, int], Decide | None] = {}

    def findings(
        self, action: str, as_of: str, facts: Facts, measures: Sequence[Measure]
    ) -> list[Finding] | None:
        """The rules that apply, in file order; None when no rule set for the action is in force that day.

        `facts` must fit the vocabulary, `as_of` is a day as ISO text, `measures` are those that touch the case.
        """
        era = sum(day <= as_of for day in self._eras)
        key = (action, era)
        if key not in self._by_era:
            self._by_era[key] = self._function(action, as_of)
        decide = self._by_era[key]
        return None if decide is None else decide(facts, action, as_of, measures)

    def text(self, action: str, as_of: str) -> str:
        """The generated Python, for people who want to see it."""
        return generate(self._law(action, as_of), {})

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


def compile_expression(expr: Expr) -> Callable[[Facts, str], bool]:
    """A single expression as a function of the facts and the day."""
    names = _names()
    body = PythonText({}, names).value(expr)
    text = f"def holds(facts, as_of, action='', measures=()):\n    return {body}\n"
    return _define(text, names, "holds")


def _names() -> dict[str, object]:
    return {"E": {}, "days_between": days_between, "bind": _bind, "bind_measures": _bind_measures}


def _define(text: str, names: dict[str, object], name: str) -> Any:  # noqa: ANN401 - the generated function
    # The text is made from checked expressions only; constants enter as objects or through repr().
    exec(compile(text, f"<ostiary {name}>", "exec"), names)  # noqa: S102
    return names[name]


def _bind(rules: Sequence[Rule], elements: Sequence[object], hits: list[tuple[int, int]]) -> list[Finding]:
    """Findings rule by rule, as the rules stand in the file, each bound to the element it is about."""
    del elements
    hits.sort()
    bases = {rule.id: "/" + "/".join(rule.each.names) for rule in rules if rule.each is not None}
    return [finding(rules[position], f"{bases[rules[position].id]}/{index}") for position, index in hits]


def _bind_measures(rules: Sequence[Rule], measures: Sequence[Measure], hits: list[tuple[int, int]]) -> list[Finding]:
    """Likewise for special measures: a finding points to the facts that bring the case under the order."""
    hits.sort()
    found = []
    for position, index in hits:
        rule, measure = rules[position], measures[index]
        terms = tuple(condition.message for condition in measure.order.conditions) if rule.effect == "restrict" else ()
        found.append(Finding(rule, measure.at, measure.needs, measure.order.id, terms))
    return found


def days_between(start: str, end: str) -> int:
    """Whole days from one ISO day to another."""
    return datetime.date.fromisoformat(end).toordinal() - datetime.date.fromisoformat(start).toordinal()


def _day_after(day: str) -> str:
    if not day or day == "9999-12-31":
        return ""
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days=1)).isoformat()
