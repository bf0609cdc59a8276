"""The rule sets for one action, as what has to be asked of durable-rules and what its answer comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from engine.evaluators.rete.answer import Answer, Question, check_settled
from engine.evaluators.rete.atoms import Case, Value, value_of
from engine.evaluators.rete.lowering import Lowering
from engine.evaluators.rete.net import ALWAYS, Nets, nets
from engine.program.finding import Finding, derived_finding, element_finding, finding
from engine.program.rule_set import Block, Each, Item, Rule, RuleSet


@attrs.frozen(eq=False)
class _Waiting:
    """A rule, the node that says whether it applies, in which net, and what makes its finding.

    `make` takes the index of an element and the element itself; a rule about none has session 0 and no use for either.
    """

    node: int
    net: int
    make: Callable[[int, Any], Finding]


@attrs.frozen(eq=False)
class _Loop:
    """The elements of one list: each has a session of its own."""

    key: str
    over: Value
    lowering: Lowering


class Law:
    """One body of law for one action."""

    def __init__(self, rule_sets: Sequence[RuleSet]) -> None:
        self._case = Lowering()
        self._loops: dict[str, _Loop] = {}
        self._must: list[set[int]] = [set()]
        self._waiting: list[_Waiting] = []
        for rule_set in rule_sets:
            self._block(rule_set.block, ALWAYS)
        self.nets: Nets = nets(self._case.net, [loop.lowering.net for loop in self._loops.values()])

    def question(self, case: Case) -> tuple[Question, list[Sequence[object]]]:
        """What to assert of a case, and the elements of each list in the order of their sessions."""
        asked, listed = [[self._case.asserted(case)]], []
        for loop in self._loops.values():
            elements = loop.over(case) or ()
            sessions = []
            for element in elements:
                case.elements[loop.key] = element
                sessions.append(loop.lowering.asserted(case))
            asked.append(sessions)
            listed.append(elements)
        return asked, listed

    def findings(self, answer: Answer, listed: Sequence[Sequence[object]]) -> list[Finding]:
        """The findings in file order. Raises NonsenseError when the answer leaves open whether some rule applies."""
        check_settled(answer, self._must)
        found = []
        for waiting in self._waiting:
            elements = listed[waiting.net - 1] if waiting.net else (None,)
            for index, element in enumerate(elements):
                if answer[waiting.net][index].holds(waiting.node):
                    found.append(waiting.make(index, element))
        return found

    def _block(self, block: Block, reached: int) -> None:
        """The items of a block to which one comes when the node `reached` holds."""
        case = self._case
        for item in block.choices if block.is_match else block.items:
            condition = item.condition.expr
            if isinstance(item.outcome, Rule) and item.outcome.each is not None:
                self._element_rule(item, item.outcome, item.outcome.each, reached)
                continue
            taken = self._settled(case.net.all_of((reached, *case.conjuncts(condition))), 0)
            if isinstance(item.outcome, Block):
                self._block(item.outcome, taken)
            else:
                self._waiting.append(_Waiting(taken, 0, _always(finding(item.outcome, len(self._waiting)))))
            if block.is_match:
                # One comes to the next choice when this one is not taken.
                reached = self._settled(case.net.all_of((reached, -case.node(condition))), 0)

    def _element_rule(self, item: Item, rule: Rule, each: Each, reached: int) -> None:
        key = each.element.key
        if key not in self._loops:
            self._loops[key] = _Loop(key, value_of(each.over), Lowering(each.element, self._case))
            self._must.append(set())
        number = list(self._loops).index(key) + 1
        lowering = self._loops[key].lowering
        parts = (lowering.net.imported(reached), *lowering.conjuncts(item.condition.expr))
        taken = self._settled(lowering.net.all_of(parts), number)
        rank = len(self._waiting)
        if each.is_derived:
            derived = derived_finding(rule, rank)
            self._waiting.append(_Waiting(taken, number, lambda _, element: derived(element)))
        else:
            listed = element_finding(rule, rank)
            self._waiting.append(_Waiting(taken, number, lambda index, _: listed(index)))

    def _settled(self, node: int, net: int) -> int:
        """The node, about which every answer has to say whether it holds."""
        self._must[net].add(abs(node))
        return node


def _always(made: Finding) -> Callable[[int, Any], Finding]:
    return lambda _, __: made
