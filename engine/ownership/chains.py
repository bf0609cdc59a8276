"""By what chains of shares an owner holds the customer: for explanations."""

from __future__ import annotations

import decimal
from collections.abc import Iterator, Sequence

import attrs

from engine.ownership.control import ONE
from engine.ownership.graph import CUSTOMER, Share
from engine.ownership.shares import Resolved

MAX_CHAINS = 10
MAX_STEPS = 20
"""Chains shown of one owner, and steps of one chain: more than this explains nothing to anybody."""
_MAX_LOOKED_AT = 100_000
_SHOWN = decimal.Context(prec=17)


@attrs.frozen
class Step:
    """A share on the way to the customer: the pointer of its record, its percentage, and whether it counts as the whole
    because an earlier holder of the chain controls what is held."""

    at: str
    pct: str
    counts_in_full: bool


Chain = tuple[Step, ...]


class Chains:
    """Finds chains in a graph. What it looks at over all owners is bounded, whatever the shape of the graph."""

    def __init__(self, graph: Resolved) -> None:
        self._control = graph.control
        self._held_by: list[list[Share]] = [[] for _ in graph.graph.into]
        for shares in graph.graph.into:
            for share in shares:
                if share.part:
                    self._held_by[share.holder].append(share)
        self._leads = _leading_to_customer(graph)
        self._left = _MAX_LOOKED_AT

    def of(self, nodes: Sequence[int]) -> tuple[Chain, ...]:
        """Chains from these nodes, which are one person, to the customer."""
        found: list[Chain] = []
        for node in nodes:
            for chain in self._from(node):
                if len(found) == MAX_CHAINS:
                    return tuple(found)
                found.append(chain)
        return tuple(found)

    def _from(self, start: int) -> Iterator[Chain]:
        path: list[Share] = []
        waiting = [iter(self._held_by[start])]
        while waiting and self._left:
            share = next(waiting[-1], None)
            if share is None:
                waiting.pop()
                if path:
                    path.pop()
                continue
            self._left -= 1
            assert share.held is not None
            if share.held == CUSTOMER:
                yield self._chain([*path, share])
            elif self._leads[share.held] and len(path) < MAX_STEPS and all(s.holder != share.held for s in path):
                path.append(share)
                waiting.append(iter(self._held_by[share.held]))

    def _chain(self, shares: Sequence[Share]) -> Chain:
        holders: set[int] = set()
        steps = []
        for share in shares:
            holders.add(share.holder)
            assert share.held is not None
            assert share.part is not None
            control = self._control[share.held]
            pct = f"{_SHOWN.multiply(share.part, 100).normalize(_SHOWN):f}"
            is_full = control is not None and control.by in holders
            steps.append(Step(f"/customer/holders/{share.record}", pct, is_full))
        return tuple(steps)


def _leading_to_customer(graph: Resolved) -> list[bool]:
    """Whether shares in a node are, in the end, shares in the customer."""
    leads = [False] * len(graph.graph.into)
    leads[CUSTOMER] = True
    waiting = [CUSTOMER]
    while waiting:
        for share in graph.graph.into[waiting.pop()]:
            if not leads[share.holder]:
                leads[share.holder] = True
                waiting.append(share.holder)
    return leads


def amount(chain: Chain) -> decimal.Decimal:
    """What arrives over a chain, in percent."""
    part = ONE
    for step in chain:
        if not step.counts_in_full:
            part = _SHOWN.multiply(part, _SHOWN.multiply(decimal.Decimal(step.pct), decimal.Decimal("0.01")))
    return _SHOWN.multiply(part, 100)


def written(chain: Chain) -> str:
    """The chain in words, from the owner to the customer: 50 % of /customer/holders/0 × 50 %."""
    own, *others = chain
    text = _written(own)
    for step in others:
        text += f" of {step.at} × {_written(step)}"
    return text


def _written(step: Step) -> str:
    return f"{step.pct} %" + (" (control: counts as 100 %)" if step.counts_in_full else "")
