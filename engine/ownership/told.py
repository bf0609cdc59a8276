"""What the records of the graph say of a person, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from engine.ownership.graph import Graph, Person, Record
from engine.vocabulary import read_vocabulary
from engine.vocabulary.presence import is_present

FIELDS = frozenset(read_vocabulary().records["beneficial_owner"].fields)
"""What a caller may say of an owner."""


@attrs.frozen(eq=False)
class Told:
    """Each fact that is told, with the record that says it first; and whether a record claims control."""

    facts: Mapping[str, tuple[int, Any]]
    claims_control: bool


class Telling:
    """Reads every record once, however many persons it is part of and however often these are asked for."""

    def __init__(self, graph: Graph, holders: Sequence[Record]) -> None:
        self._graph = graph
        self._holders = holders
        self._of_nodes: dict[int, Told] = {}
        self._of_persons: dict[Person, Told] = {}

    def of(self, person: Person) -> Told:
        """What is told of a person; of several records the first that says something is believed."""
        if person not in self._of_persons:
            nodes = [self._of_node(node) for node in person.nodes]
            facts: dict[str, tuple[int, Any]] = {}
            for told in nodes:
                for name, said in told.facts.items():
                    facts[name] = min(facts.get(name, said), said, key=_record)
            self._of_persons[person] = Told(facts, any(told.claims_control for told in nodes))
        return self._of_persons[person]

    def _of_node(self, node: int) -> Told:
        if node not in self._of_nodes:
            facts: dict[str, tuple[int, Any]] = {}
            for record in self._graph.records[node]:
                for name, value in self._holders[record].items():
                    if name in FIELDS and is_present(value):
                        facts.setdefault(name, (record, value))
            claims = any(
                self._holders[record].get("control_by") or self._holders[record].get("substantial_control")
                for record in self._graph.records[node]
            )
            self._of_nodes[node] = Told(facts, claims)
        return self._of_nodes[node]


def _record(said: tuple[int, Any]) -> int:
    return said[0]
