"""Rings of holders: the strongly connected components of the graph, holders before what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.ownership.graph import Graph


def components_of(graph: Graph) -> list[list[int]]:
    """Every node once, in components: each comes after all that hold something of it (Tarjan 1972).

    A component of several nodes is a ring: each holds something of itself through the others. Recursion would stop at
    a chain of a thousand, so the path is a list.
    """
    order: list[int] = [-1] * len(graph.into)
    low: list[int] = [0] * len(graph.into)
    waiting: list[int] = []
    is_waiting = bytearray(len(graph.into))
    found: list[list[int]] = []
    count = 0
    for start in range(len(graph.into)):
        if order[start] >= 0:
            continue
        path: list[tuple[int, Iterator[int]]] = []
        node: int | None = start
        while node is not None or path:
            if node is not None:
                order[node] = low[node] = count
                count += 1
                waiting.append(node)
                is_waiting[node] = True
                path.append((node, iter([share.holder for share in graph.into[node]])))
            here, others = path[-1]
            node = None
            for other in others:
                if order[other] < 0:
                    node = other
                    break
                if is_waiting[other]:
                    low[here] = min(low[here], order[other])
            if node is None:
                path.pop()
                if path:
                    above = path[-1][0]
                    low[above] = min(low[above], low[here])
                if low[here] == order[here]:
                    found.append(_popped(waiting, is_waiting, here))
    return found


def _popped(waiting: list[int], is_waiting: bytearray, last: int) -> list[int]:
    component = []
    while True:
        node = waiting.pop()
        is_waiting[node] = False
        component.append(node)
        if node == last:
            return component


def component_numbers(components: Sequence[Sequence[int]], nodes: int) -> list[int]:
    """The number of each node's component."""
    numbers = [0] * nodes
    for number, component in enumerate(components):
        for node in component:
            numbers[node] = number
    return numbers
