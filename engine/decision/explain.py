"""Why: each rule that fired, and each that did not with the clause that failed and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from engine.decision.decider import Case, Decider
from engine.decision.decision import Decision
from engine.decision.derived_facts import DerivedFacts, derived_facts
from engine.language.source import Span
from engine.program.expressions import Element, Expr
from engine.program.rule_set import Block, Clause, Condition, Item, Rule, RuleSet, walk


@attrs.frozen
class Reason:
    """A clause that failed, as written, and where it stands."""

    clause: str
    span: Span


@attrs.frozen
class RuleTrace:
    """What became of one rule.

    `fired_at` are the pointers of its findings; when there are none, `reasons` lead from the clause that failed to the
    definition that made it fail, and `note` says what no clause can (an empty list, an earlier choice).
    """

    rule: str
    effect: str
    section: str
    span: Span
    fired_at: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    note: str = ""


@attrs.frozen
class Explanation:
    """A decision with what was worked out for it and what became of every rule; `unasked` maps rule sets to why they
    were not asked."""

    decision: Decision
    derived: DerivedFacts
    rules: tuple[RuleTrace, ...]
    unasked: Mapping[str, str]

    @property
    def document(self) -> dict[str, Any]:
        """The explanation as JSON, below the decision it explains."""
        return {
            "derived": attrs.asdict(self.derived),
            "rules": [attrs.asdict(trace) for trace in self.rules],
            "unasked": dict(self.unasked),
        }


def explain(decider: Decider, request: object, mode: str = "dry_run") -> Explanation:
    """Decide and explain. Slow: it compiles every clause on its own. Raises RequestError as `Decider.decide`."""
    decision = decider.decide(request, mode)
    case = decider.case(request)
    explaining = _Explaining(decider, case, decision)
    traces: list[RuleTrace] = []
    unasked: dict[str, str] = {}
    for rule_set in decider.policy.program:
        if case.action not in rule_set.actions:
            unasked[rule_set.name] = f"not about {case.action}"
        elif not rule_set.in_force(case.as_of):
            unasked[rule_set.name] = f"not in force on {case.as_of}"
        else:
            traces += explaining.rule_set(rule_set)
    return Explanation(decision, derived_facts(decider, case), tuple(traces), unasked)


class _Explaining:
    def __init__(self, decider: Decider, case: Case, decision: Decision) -> None:
        self._case = case
        self._derived = decider.derived(case)
        self._evaluator = decider.evaluator
        self._origins = decider.policy.world.origins
        self._compiled: dict[tuple[Expr, Element | None], Any] = {}
        self._fired: dict[str, list[str]] = {}
        for finding in decision.findings:
            self._fired.setdefault(finding.rule.id, []).append(finding.at)

    def rule_set(self, rule_set: RuleSet) -> Iterator[RuleTrace]:
        """What became of each rule of the set."""
        earlier = _earlier_choices(rule_set.block)
        for above, item in walk(rule_set.block):
            if isinstance(item.outcome, Rule):
                yield self._trace(item.outcome, [*above, item], earlier)

    def _trace(self, rule: Rule, items: Sequence[Item], earlier: Mapping[int, Sequence[Item]]) -> RuleTrace:
        trace = RuleTrace(rule.id, rule.effect, rule.section, rule.span)
        if rule.id in self._fired:
            return attrs.evolve(trace, fired_at=tuple(self._fired[rule.id]))
        for item in items:
            for before in earlier.get(id(item), ()):
                if self._holds(before.condition.expr):
                    text = " && ".join(clause.text for clause in before.condition.clauses)
                    return attrs.evolve(trace, note=f"an earlier choice of the match was taken: {text or 'always'}")
            is_last = item is items[-1]
            if is_last and rule.each is not None:
                return self._over_elements(trace, rule, item.condition)
            reasons = self._reasons(item.condition.clauses, None, None)
            if reasons:
                return attrs.evolve(trace, reasons=tuple(reasons))
        return trace

    def _over_elements(self, trace: RuleTrace, rule: Rule, condition: Condition) -> RuleTrace:
        assert rule.each is not None
        listed = ".".join(rule.each.names)
        elements = self._elements(rule)
        if not elements:
            return attrs.evolve(trace, note=f"{listed} is empty")
        reasons = self._reasons(condition.clauses, rule.each.element, elements[0])
        note = f"for the first of {len(elements)} in {listed}" if len(elements) > 1 else ""
        return attrs.evolve(trace, reasons=tuple(reasons), note=note)

    def _elements(self, rule: Rule) -> Sequence[Any]:
        assert rule.each is not None
        if rule.each.is_derived:
            return self._derived[rule.each.names[0]]
        here: Any = self._case.facts
        for name in rule.each.names:
            here = (here or {}).get(name)
        return here or ()

    def _reasons(self, clauses: Sequence[Clause], element: Element | None, value: object) -> list[Reason]:
        """The first clause that fails, then the clause of the variable's definition that makes it fail, and so on."""
        for clause in clauses:
            if not self._holds(clause.expr, element, value):
                deeper = self._reasons(self._origins.get(clause.expr, ()), element, value)
                return [Reason(clause.text, clause.span), *deeper]
        return []

    def _holds(self, expr: Expr, element: Element | None = None, value: object = None) -> bool:
        key = (expr, element)
        if key not in self._compiled:
            self._compiled[key] = self._evaluator.expression(expr, element)
        case = self._case
        return bool(self._compiled[key](case.facts, case.as_of, case.action, self._derived, value))


def _earlier_choices(block: Block) -> dict[int, Sequence[Item]]:
    """For each choice of a `match`, by its id: the choices before it that would have been taken instead."""
    found: dict[int, Sequence[Item]] = {}
    choices = list(block.choices)
    for n, item in enumerate(choices):
        if block.is_match:
            found[id(item)] = choices[:n]
        if isinstance(item.outcome, Block):
            found |= _earlier_choices(item.outcome)
    return found


def render_explanation(explanation: Explanation) -> str:
    """The explanation for people: fired rules first, then the others with what failed."""
    fired = [trace for trace in explanation.rules if trace.fired_at]
    lines = [f"Rules that apply ({len(fired)})"]
    for trace in fired:
        lines.append(f"  {trace.rule}  {trace.effect}  {trace.section}")
        lines.append(f"      {trace.span.file}:{trace.span.line}  {', '.join(at or '/' for at in trace.fired_at)}")
    quiet = [trace for trace in explanation.rules if not trace.fired_at]
    lines.append(f"\nRules that do not ({len(quiet)})")
    for trace in quiet:
        lines.append(f"  {trace.rule}" + (f"  ({trace.note})" if trace.note else ""))
        for depth, reason in enumerate(trace.reasons):
            why = "not" if depth == 0 else "because not"
            lines.append(f"      {'  ' * depth}{why}: {reason.clause}")
            lines.append(f"      {'  ' * depth}     {reason.span.file}:{reason.span.line}:{reason.span.column}")
    derived = list(explanation.derived.lines)
    if derived:
        lines.append(f"\nWorked out before the rules were read ({len(derived)})")
        lines += [f"  {line}" for line in derived]
    if explanation.unasked:
        lines.append("\nRule sets not asked")
        lines += [f"  {name}  ({why})" for name, why in explanation.unasked.items()]
    return "\n".join(lines)
