"""What keeps the graph from being resolved: each problem stands at the record of the holder concerned."""

from __future__ import annotations

import decimal
from collections.abc import Iterator, Sequence

from engine.ownership.control import HALF, NONE, ONE
from engine.ownership.graph import CUSTOMER, EXACT, Graph, Share
from engine.ownership.shares import QUARTER, Question, Resolved


def structural(graph: Resolved, *, direct_only: bool) -> Iterator[tuple[int, str]]:
    """Record and kind of each problem that no share has to be known for."""
    for share in graph.graph.shares:
        if share.held is None:
            yield share.record, "dangling"
        elif graph.graph.kinds[share.held] == "individual" and not direct_only:
            yield share.record, "held_individual"
    for ring in graph.rings:
        inside = set(ring)
        yield min(s.record for node in ring for s in graph.graph.into[node] if s.holder in inside), "cycle"
    for shares in graph.graph.into:
        yield from _excess(shares)


def _excess(shares: Sequence[Share]) -> Iterator[tuple[int, str]]:
    """Repeated holders of one thing, and the share with which it comes to more than the whole."""
    seen: set[int] = set()
    total = NONE
    for share in shares:
        if share.holder in seen:
            yield share.record, "repeated"
        seen.add(share.holder)
        before, total = total, EXACT.add(total, share.part or NONE)
        if before <= ONE < total:
            yield share.record, "over_100"


def unknown_shares(graph: Graph) -> Iterator[Share]:
    """Shares that count and are not stated."""
    return (share for shares in graph.into for share in shares if share.part is None)


def is_incomplete(graph: Graph) -> bool:
    """Whether a quarter of the customer may belong to somebody of whom the graph says nothing."""
    rest = _rest(graph.into[CUSTOMER])
    return rest is not None and rest >= QUARTER


def opaque_questions(resolved: Resolved) -> Iterator[tuple[int, Question]]:
    """For each entity of which not everything is accounted for: whether that part could carry a quarter.

    Whoever has more than half of an entity controls it and counts with all that it holds. Where the share of a known
    holder is not stated, that is asked for first, and so is the truth about a ring.
    """
    graph = resolved.graph
    in_rings = {node for ring in resolved.rings for node in ring}
    for node, shares in enumerate(graph.into):
        if node == CUSTOMER or node in in_rings or graph.kinds[node] != "entity":
            continue
        rest = _rest(shares)
        if rest is not None and rest > NONE:
            yield node, Question((node,), ONE if rest > HALF else rest)


def _rest(shares: Sequence[Share]) -> decimal.Decimal | None:
    """What of the whole the shares leave; None when one of them is not stated."""
    rest = ONE
    for share in shares:
        if share.part is None:
            return None
        rest = EXACT.subtract(rest, share.part)
    return rest
