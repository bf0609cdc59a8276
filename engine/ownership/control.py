"""Who controls an intermediate: more than half of it, directly or through entities controlled."""

from __future__ import annotations

import decimal
from collections.abc import Sequence

import attrs

from engine.ownership.graph import CUSTOMER, EXACT, Graph

HALF = decimal.Decimal("0.5")
ONE = decimal.Decimal(1)
NONE = decimal.Decimal(0)


@attrs.frozen
class Control:
    """Who controls an entity in the end, and what of it the shares of that group do not carry, as a fraction."""

    by: int
    rest: decimal.Decimal


def controls(
    graph: Graph, components: Sequence[Sequence[int]], number: Sequence[int], related: Sequence[int]
) -> list[Control | None]:
    """For each node its ultimate controller, if it has one; `related` maps each node to whom it counts together with.

    Holders come first in `components`, so whoever controls a holder is known before what it holds is looked at. Inside
    a ring nobody is ultimate: there a holder stands for itself.
    """
    found: list[Control | None] = [None] * len(graph.into)
    for component in components:
        for node in component:
            if node != CUSTOMER:
                found[node] = _controller(graph, node, number, related, found)
    return found


def _controller(
    graph: Graph, node: int, number: Sequence[int], related: Sequence[int], found: Sequence[Control | None]
) -> Control | None:
    together: dict[int, decimal.Decimal] = {}
    carriers: dict[int, int] = {}
    for share in graph.into[node]:
        if share.part is not None:
            above = found[share.holder] if number[share.holder] != number[node] else None
            carrier = share.holder if above is None else above.by
            group = related[carrier]
            together[group] = EXACT.add(together.get(group, NONE), share.part)
            carriers.setdefault(group, carrier)
    if not together:
        return None
    largest = max(together, key=lambda group: together[group])
    if together[largest] <= HALF:
        return None
    return Control(carriers[largest], max(NONE, EXACT.subtract(ONE, together[largest])))
