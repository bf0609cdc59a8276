"""Puts the requests of one program to all contenders, and counts what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import attrs

from bench.agreement.contenders import Answer, answers, contender
from bench.agreement.sample import draw
from engine import Policy
from engine.program.expressions import Expr, all_within


@attrs.frozen
class Split:
    """Two contenders that do not say the same of a case, or one that has no opinion on it."""

    program: int
    case: int
    names: tuple[str, str]
    answers: tuple[Answer, Answer]

    @property
    def is_no_opinion(self) -> bool:
        """Whether one of the two did not answer."""
        return any(answer.has_no_opinion for answer in self.answers)


@attrs.define
class Tally:
    """What was examined. `operations` counts the programs in which each stands, `outcomes` the decisions."""

    programs: int = 0
    cases: int = 0
    findings: int = 0
    operations: Counter[str] = attrs.Factory(Counter)
    outcomes: Counter[str] = attrs.Factory(Counter)
    refused: list[str] = attrs.Factory(list)
    splits: list[Split] = attrs.Factory(list)

    def add(self, other: Tally) -> None:
        """Count what another counted, too."""
        self.programs += other.programs
        self.cases += other.cases
        self.findings += other.findings
        self.operations += other.operations
        self.outcomes += other.outcomes
        self.refused += other.refused
        self.splits += other.splits


def examine(seed: int, program: int, cases: Iterable[int], names: Sequence[str]) -> Tally:
    """The cases of a program, put to the contenders: each is compared with the first."""
    sample = draw(seed, program)
    contenders = [contender(name, sample.policy) for name in names]
    tally = Tally(programs=1, refused=list(sample.refused))
    tally.operations.update({type(expr).__name__ for expr in expressions_of(sample.policy)})
    cases = list(cases)
    requests = [sample.request(case) for case in cases]
    for case, first, *others in zip(cases, *(answers(one, requests) for one in contenders), strict=True):
        tally.cases += 1
        tally.findings += len(first.findings)
        tally.outcomes[first.outcome or "not said"] += 1
        tally.splits += [
            Split(program, case, (names[0], name), (first, answer))
            for name, answer in zip(names[1:], others, strict=True)
            if not first.agrees_with(answer)
        ]
    return tally


def expressions_of(policy: Policy) -> Iterator[Expr]:
    """Every operation of a program, those of its orders' conditions among them."""
    of_rules = (expr for rule_set in policy.program for expr in rule_set.expressions)
    of_orders = (condition.expr for order in policy.orders for condition in order.conditions)
    return all_within([*of_rules, *of_orders])
