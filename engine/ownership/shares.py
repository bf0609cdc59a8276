"""How much of the customer arrives at each node: one pass from the customer outwards."""

from __future__ import annotations

import decimal
from collections.abc import Collection, Iterator, Sequence

import attrs

from engine.ownership.components import component_numbers, components_of
from engine.ownership.control import NONE, ONE, Control, controls
from engine.ownership.graph import CUSTOMER, EXACT, Graph

QUARTER = decimal.Decimal("0.25")
PRECISIONS = (60, 4_000)
"""Digits of the passes. Shares are exact as long as they fit; beyond, they are bounded from both sides. What is open
even with the last of them differs from 25 percent by less than a 10^3999th, and counts as 25 percent."""

_SHOWN = 20


@attrs.frozen(eq=False)
class Question:
    """Whether what the nodes have together, taken `factor` times and with `more` added, is at least a quarter."""

    nodes: tuple[int, ...]
    factor: decimal.Decimal = ONE
    more: decimal.Decimal = NONE


@attrs.frozen(eq=False)
class Resolved:
    """A graph with who controls what in it.

    `components` list holders before what they hold; `number` is each node's component.
    """

    graph: Graph
    components: Sequence[Sequence[int]]
    number: Sequence[int]
    control: Sequence[Control | None]

    @property
    def rings(self) -> Iterator[Sequence[int]]:
        """The components in which somebody holds a share of itself."""
        for component in self.components:
            if len(component) > 1 or any(s.holder == component[0] for s in self.graph.into[component[0]]):
                yield component


def resolved(graph: Graph, related: Sequence[int]) -> Resolved:
    """The graph with its rings and controllers; `related` maps each node to whom it counts together with."""
    components = components_of(graph)
    number = component_numbers(components, len(graph.into))
    return Resolved(graph, components, number, controls(graph, components, number, related))


class Shares:
    """The part of the customer that each node has, as a fraction; what is open is worked out further when asked for."""

    def __init__(self, graph: Resolved) -> None:
        self._graph = graph
        self.low, is_exact = _passed(graph, PRECISIONS[0], decimal.ROUND_FLOOR)
        self._high = self.low if is_exact else _passed(graph, PRECISIONS[0], decimal.ROUND_CEILING)[0]

    def percent(self, nodes: Collection[int]) -> float:
        """What the nodes have together, for display: rounded, and 100 where shares add up to more than the whole."""
        return float(_context(_SHOWN, decimal.ROUND_HALF_EVEN).multiply(min(self.least(nodes), ONE), 100))

    def least(self, nodes: Collection[int]) -> decimal.Decimal:
        """What the nodes have together, rounded down."""
        context = _context(PRECISIONS[0], decimal.ROUND_FLOOR)
        total = NONE
        for node in nodes:
            total = context.add(total, self.low[node])
        return total

    def reach(self, questions: Collection[Question]) -> dict[Question, bool]:
        """The answer to each question."""
        answers: dict[Question, bool] = {}
        low, high = self.low, self._high
        for digits in (*PRECISIONS[1:], 0):
            still_open = []
            for question in questions:
                answer = _answer(question, low, high)
                if answer is None and digits:
                    still_open.append(question)
                else:
                    answers[question] = answer is not False
            if not still_open:
                break
            questions = still_open
            wanted = {node for question in still_open for node in question.nodes}
            low = _passed(self._graph, digits, decimal.ROUND_FLOOR, wanted)[0]
            high = _passed(self._graph, digits, decimal.ROUND_CEILING, wanted)[0]
        return answers


def _answer(question: Question, low: Sequence[decimal.Decimal], high: Sequence[decimal.Decimal]) -> bool | None:
    """Whether a quarter is reached, by bounds; None when they leave it open."""
    if _amount(question, low, decimal.ROUND_FLOOR) >= QUARTER:
        return True
    return False if _amount(question, high, decimal.ROUND_CEILING) < QUARTER else None


def _amount(question: Question, shares: Sequence[decimal.Decimal], rounding: str) -> decimal.Decimal:
    context = _DOWN if rounding == decimal.ROUND_FLOOR else _UP
    total = NONE
    for node in question.nodes:
        total = context.add(total, shares[node])
    return context.add(context.multiply(total, question.factor), question.more)


def _context(digits: int, rounding: str) -> decimal.Context:
    return decimal.Context(prec=digits, rounding=rounding, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX, traps=[])


_DOWN = _context(PRECISIONS[-1] + EXACT.prec, decimal.ROUND_FLOOR)
_UP = _context(PRECISIONS[-1] + EXACT.prec, decimal.ROUND_CEILING)


def _passed(
    graph: Resolved, digits: int, rounding: str, wanted: Collection[int] | None = None
) -> tuple[list[decimal.Decimal], bool]:
    """The share of each node (or of those wanted, to save memory), rounded one way; and whether nothing was rounded.

    Each holder has its part of the share of what it holds, and whoever controls that has the rest of it on top: control
    of an intermediate counts as its full share. In a ring every member counts with all that enters the ring: more than
    arrives there where no share is lost, but a ring is put before a person anyway.
    """
    context = _context(digits, rounding)
    add, multiply = context.add, context.multiply
    into, number, control = graph.graph.into, graph.number, graph.control
    shares = [NONE] * len(into)
    shares[CUSTOMER] = ONE
    for component in reversed(graph.components):
        if len(component) > 1:
            total = NONE
            for node in component:
                total = add(total, shares[node])
            for node in component:
                shares[node] = total
        here = number[component[0]]
        for node in component:
            share = shares[node]
            if not share:
                continue
            for held in into[node]:
                if held.part is not None and number[held.holder] != here and _counts(held.holder, wanted, into):
                    shares[held.holder] = add(shares[held.holder], multiply(held.part, share))
            top = control[node]
            if top is not None and number[top.by] != here and _counts(top.by, wanted, into):
                shares[top.by] = add(shares[top.by], multiply(top.rest, share))
            if wanted is not None and node not in wanted:
                shares[node] = NONE
    return shares, not context.flags[decimal.Inexact]


def _counts(node: int, wanted: Collection[int] | None, into: Sequence[Sequence[object]]) -> bool:
    """Whether the share of a node is asked for, or passed on."""
    return wanted is None or node in wanted or bool(into[node])
