"""Who counts together with whom: `related_to`, taken both ways and passed on (Q01, aggregate_related)."""

from __future__ import annotations

from collections.abc import Sequence

from engine.ownership.graph import CUSTOMER, Graph, Person, Record


def related_nodes(graph: Graph, holders: Sequence[Record], listed: Sequence[Record]) -> tuple[list[int], list[int]]:
    """The group of each node of the graph, and of each listed owner; a group is any number that its members share.

    Listed owners are members beside the nodes of the graph that are the same person.
    """
    nodes = len(graph.into)
    groups = _Groups(nodes + len(listed))
    found: dict[Person, int] = {}
    by_id: dict[str, list[int]] = {own_id: [node] for own_id, node in graph.nodes.items() if node != CUSTOMER}
    for index, owner in enumerate(listed):
        if owner.get("id") is not None:
            by_id.setdefault(owner["id"], []).append(nodes + index)
        person = graph.person(owner)
        for member in (found[person],) if person in found else person.nodes:
            groups.join(nodes + index, member)
        if person.nodes:
            found.setdefault(person, nodes + index)
    members = [(share.holder, holders[share.record]) for share in graph.shares]
    members += [(nodes + index, owner) for index, owner in enumerate(listed)]
    for member, record in members:
        for other in record.get("related_to") or ():
            for same in by_id.get(other, ()):
                groups.join(member, same)
    numbers = [groups.of(member) for member in range(nodes + len(listed))]
    return numbers[:nodes], numbers[nodes:]


class _Groups:
    """Disjoint sets of numbers, with paths halved on the way up."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def of(self, member: int) -> int:
        above = self._above
        while above[member] != member:
            above[member] = above[above[member]]
            member = above[member]
        return member

    def join(self, one: int, other: int) -> None:
        one, other = self.of(one), self.of(other)
        self._above[max(one, other)] = min(one, other)
