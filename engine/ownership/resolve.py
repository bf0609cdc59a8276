"""The listed owners and the ownership graph to `owners` and `ownership_problems`, as the vocabulary has them."""

from __future__ import annotations

import decimal
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import attrs

from engine.ownership.control import NONE
from engine.ownership.graph import EXACT, fraction, graph_of
from engine.ownership.problems import is_incomplete, opaque_questions, structural, unknown_shares
from engine.ownership.readings import AGGREGATE_RELATED, DIRECT_ONLY
from engine.ownership.related import related_nodes
from engine.ownership.shares import Question, Shares, resolved
from engine.vocabulary import read_vocabulary
from engine.vocabulary.derived import Derived, derived
from engine.vocabulary.presence import is_present

Record = Mapping[str, Any]
_TOLD = tuple(read_vocabulary().records["beneficial_owner"].fields)


def resolve(customer: Record, reading: str) -> dict[str, Sequence[Derived]]:
    """Who owns 25 percent or more, or is listed, under a reading of Q01: `owners` and `ownership_problems`.

    `customer` must fit the vocabulary. Takes time in proportion to the records, whatever their shape.
    """
    listed = customer.get("beneficial_owners")
    if not customer.get("holders"):
        if not listed:
            return {"owners": (), "ownership_problems": ()}
        if reading != AGGREGATE_RELATED or not any(owner.get("related_to") for owner in listed):
            return {"owners": list(map(_as_listed, listed, count())), "ownership_problems": ()}
    resolution = Resolution(customer, reading)
    return {"owners": [owner for _, owner in resolution.owners], "ownership_problems": resolution.problems}


def _as_listed(owner: Record, index: int) -> Derived:
    """A listed owner of whom only the list speaks."""
    pct = owner.get("ownership_pct")
    element = Derived(owner)
    element.at = f"/customer/beneficial_owners/{index}"
    element["listed"] = True
    element["reaches_quarter"] = pct is not None and pct >= 25
    return element


@attrs.frozen
class _Person:
    """Somebody who may be an owner: the nodes and records that are this person, and the group counted together with.

    `index` is the place among the listed owners, or None.
    """

    index: int | None
    nodes: tuple[int, ...]
    records: tuple[int, ...]
    group: int


class Resolution:
    """The ownership graph of a customer under a reading of Q01, resolved.

    `owners` are the elements of the derived list, each with the nodes of the graph that are this person; `problems` is
    the other derived list; `resolved` is the graph they were found in.
    """

    def __init__(self, customer: Record, reading: str) -> None:
        self._listed: Sequence[Record] = customer.get("beneficial_owners") or ()
        self._holders: Sequence[Record] = customer.get("holders") or ()
        self._direct_only = reading == DIRECT_ONLY
        self._aggregates = reading == AGGREGATE_RELATED
        self._graph = graph_of(customer, self._holders, direct_only=self._direct_only)
        nodes = len(self._graph.into)
        groups, listed_groups = list(range(nodes)), list(range(nodes, nodes + len(self._listed)))
        if self._aggregates:
            groups, listed_groups = related_nodes(self._graph, self._holders, self._listed)
        self.resolved = resolved(self._graph, groups)
        self._shares = Shares(self.resolved)
        self._people = list(self._everybody(groups, listed_groups))
        self.owners, self.problems = self._found()

    def _found(self) -> tuple[list[tuple[Sequence[int], Derived]], list[Derived]]:
        questions = self._questions()
        opaque = () if self._direct_only else tuple(opaque_questions(self.resolved))
        answers = self._shares.reach(dict.fromkeys((*questions, *(question for _, question in opaque))))
        owners: list[tuple[Sequence[int], Derived]] = []
        reaching: set[int] = set()
        for person, question in zip(self._people, questions, strict=True):
            reaches = answers[question] or self._listed_pct(person) >= 25
            if reaches:
                reaching.update(person.nodes)
            if person.index is not None or reaches or self._claims_control(person):
                owners.append((person.nodes, self._owner(person, reaches=reaches)))
        problems = [*structural(self.resolved, direct_only=self._direct_only)]
        problems += [
            (share.record, "unknown_share")
            for share in unknown_shares(self._graph)
            if self._graph.kinds[share.holder] == "entity" or share.holder not in reaching
        ]
        problems += [
            (self._graph.records[node][0], "part_unknown" if self._graph.into[node] else "opaque")
            for node, question in opaque
            if answers[question]
        ]
        found = [self._problem(*problem) for problem in sorted(problems)]
        if self._holders and not self._listed and is_incomplete(self._graph):
            found.append(derived({"problem": "incomplete"}, "/customer/holders"))
        return owners, found

    def _everybody(self, groups: Sequence[int], listed_groups: Sequence[int]) -> Iterator[_Person]:
        """The listed owners, then every holder who is an individual and not listed, in the order of the records."""
        graph = self._graph
        known: set[int] = set()
        for index, owner in enumerate(self._listed):
            nodes = tuple(graph.same_as(owner))
            known.update(nodes)
            records = tuple(sorted(record for node in nodes for record in graph.records[node]))
            yield _Person(index, nodes, records, listed_groups[index])
        for share in graph.shares:
            node = share.holder
            if node not in known and graph.kinds[node] != "entity":
                known.add(node)
                yield _Person(None, (node,), tuple(graph.records[node]), groups[node])

    def _questions(self) -> list[Question]:
        """For each person, whether the graph comes to a quarter; with what everybody related has, where they count
        together: of each the larger of the share listed and the one that the graph comes to."""
        if not self._aggregates:
            return [Question(person.nodes) for person in self._people]
        nodes: dict[int, dict[int, None]] = {}
        listed: dict[int, decimal.Decimal] = {}
        counted: set[tuple[int, ...]] = set()
        for person in self._people:
            share = fraction(self._listed_pct(person))
            if share > self._shares.least(person.nodes):
                if person.nodes not in counted:
                    listed[person.group] = EXACT.add(listed.get(person.group, NONE), share)
            else:
                nodes.setdefault(person.group, {}).update(dict.fromkeys(person.nodes))
            # Somebody of the graph who is listed twice counts once.
            counted.update({person.nodes} - {()})
        groups = {person.group for person in self._people}
        asked = {group: Question(tuple(nodes.get(group, ())), more=listed.get(group, NONE)) for group in groups}
        return [asked[person.group] for person in self._people]

    def _listed_pct(self, person: _Person) -> float:
        pct = None if person.index is None else self._listed[person.index].get("ownership_pct")
        return 0 if pct is None else pct

    def _claims_control(self, person: _Person) -> bool:
        return any(
            self._holders[record].get("control_by") or self._holders[record].get("substantial_control")
            for record in person.records
        )

    def _owner(self, person: _Person, *, reaches: bool) -> Derived:
        """The record of the list, with what only the graph says of the person."""
        sources = [self._holders[record] for record in person.records]
        at = f"/customer/holders/{person.records[0]}" if person.index is None else ""
        if person.index is not None:
            sources.insert(0, self._listed[person.index])
            at = f"/customer/beneficial_owners/{person.index}"
        element = derived({}, at)
        for source in reversed(sources):
            for name, value in source.items():
                if name in _TOLD and is_present(value):
                    element[name] = value
        element["listed"] = person.index is not None
        element["reaches_quarter"] = reaches
        if person.nodes:
            element["resolved_pct"] = self._shares.percent(person.nodes)
        return element

    def _problem(self, record: int, kind: str) -> Derived:
        return derived({**self._holders[record], "problem": kind}, f"/customer/holders/{record}")
