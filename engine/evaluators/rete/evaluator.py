"""The rete evaluator: conditions to facts and rules, the chaining to durable-rules, its answer to findings."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from engine.evaluators.evaluator import Facts, Holds, NoOpinionError
from engine.evaluators.rete.answer import Answer, check_settled
from engine.evaluators.rete.atoms import Case
from engine.evaluators.rete.law import Law
from engine.evaluators.rete.lowering import Lowering
from engine.evaluators.rete.net import ALWAYS, nets
from engine.evaluators.rete.process import Process
from engine.program.expressions import Element, Expr
from engine.program.finding import Finding
from engine.program.rule_set import RuleSet
from engine.vocabulary.derived import DerivedLists


@functools.cache
def shared_process() -> Process:
    """The process of all evaluators that were not given one of their own."""
    return Process()


class Rete:
    """Evaluates the rule sets of one policy. Safe to share between threads, which take turns.

    `process` is where durable-rules runs; any number of evaluators can share one.
    """

    def __init__(self, rule_sets: Sequence[RuleSet], process: Process | None = None) -> None:
        self._rule_sets = rule_sets
        self.process = process or shared_process()
        self._laws: dict[tuple[str, tuple[bool, ...]], Law] = {}

    @property
    def restarts(self) -> int:
        """How often the process was replaced because something was wrong with it."""
        return self.process.failures

    @property
    def last_failure(self) -> str:
        """What was wrong with it last."""
        return self.process.last_failure

    def findings(self, action: str, as_of: str, facts: Facts, derived: DerivedLists) -> list[Finding] | None:
        """The rules that apply, in file order; None when no rule set for the action is in force that day.

        Raises NoOpinionError when durable-rules dies, hangs, or settles too little or too much.
        """
        chosen = tuple(action in rule_set.actions and rule_set.in_force(as_of) for rule_set in self._rule_sets)
        if not any(chosen):
            return None
        law = self._laws.get((action, chosen))
        if law is None:
            # Two threads may build it at once; they build the same.
            law = Law([rule_set for rule_set, is_law in zip(self._rule_sets, chosen, strict=True) if is_law])
            self._laws[action, chosen] = law
        question, listed = law.question(Case(facts, as_of, action, derived))
        return self.process.ask(law.nets, question, lambda answer: law.findings(answer, listed))

    def expression(self, expr: Expr, element: Element | None = None) -> Holds:
        """An expression as a function of facts, day, action and derived lists, and of the element it is about."""
        lowering = Lowering()
        node = lowering.node(expr)
        asked = nets(lowering.net)

        def holds(facts: Facts, as_of: str, action: str, derived: DerivedLists, value: object = None) -> bool:
            elements = {} if element is None else {element.key: value}
            asserted = lowering.asserted(Case(facts, as_of, action, derived, elements))
            if lowering.net.has_rules:
                return self.process.ask(asked, [[asserted]], read)
            # Nothing is left to chain: it is an atom, or constant.
            settled = {ALWAYS, *asserted}
            if settled.isdisjoint((node, -node)):
                raise NoOpinionError("an expression rests on a fact that is absent")
            return node in settled

        def read(answer: Answer) -> bool:
            check_settled(answer, [{abs(node)}])
            return answer[0][0].holds(node)

        return holds
