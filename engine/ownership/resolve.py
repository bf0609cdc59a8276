"""The listed owners and the ownership graph to `owners` and `ownership_problems`, as the vocabulary has them."""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

import attrs

from engine.ownership.control import NONE
from engine.ownership.graph import EXACT, Person, Record, fraction, graph_of
from engine.ownership.problems import is_incomplete, opaque_questions, structural, unknown_shares
from engine.ownership.readings import AGGREGATE_RELATED, DIRECT_ONLY
from engine.ownership.related import related_nodes
from engine.ownership.shares import Question, Shares, resolved
from engine.ownership.told import Telling
from engine.vocabulary.derived import Derived, derived
from engine.vocabulary.presence import is_present


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
class _Candidate:
    """Somebody who may be an owner, and the group counted together with; `index` is the place among the listed owners,
    or None."""

    index: int | None
    person: Person
    group: int


class Resolution:
    """The ownership graph of a customer under a reading of Q01, resolved.

    `owners` are the elements of the derived list, each with the person of the graph; `problems` is
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
        self._telling = Telling(self._graph, self._holders)
        self._percents: dict[Person, float] = {}
        self._candidates = list(self._everybody(groups, listed_groups))
        self.owners, self.problems = self._found()

    def _found(self) -> tuple[list[tuple[Person, Derived]], list[Derived]]:
        questions = self._questions()
        opaque = () if self._direct_only else tuple(opaque_questions(self.resolved))
        answers = self._shares.reach(dict.fromkeys((*questions, *(question for _, question in opaque))))
        owners: list[tuple[Person, Derived]] = []
        reaching: set[Person] = set()
        for candidate, question in zip(self._candidates, questions, strict=True):
            person = candidate.person
            reaches = answers[question] or self._listed_pct(candidate) >= 25
            if reaches:
                reaching.add(person)
            if candidate.index is not None or reaches or self._telling.of(person).claims_control:
                owners.append((person, self._owner(candidate, reaches=reaches)))
        in_reach = {node for person in reaching for node in person.nodes}
        problems = [*structural(self.resolved, direct_only=self._direct_only)]
        problems += [
            (share.record, "unknown_share")
            for share in unknown_shares(self._graph)
            if self._graph.kinds[share.holder] == "entity" or share.holder not in in_reach
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

    def _everybody(self, groups: Sequence[int], listed_groups: Sequence[int]) -> Iterator[_Candidate]:
        """The listed owners, then every holder who is an individual and not listed, in the order of the records."""
        graph = self._graph
        listed = list(map(graph.person, self._listed))
        for index, (person, group) in enumerate(zip(listed, listed_groups, strict=True)):
            yield _Candidate(index, person, group)
        known = {node for person in dict.fromkeys(listed) for node in person.nodes}
        for share in graph.shares:
            node = share.holder
            if node not in known and graph.kinds[node] != "entity":
                known.add(node)
                yield _Candidate(None, graph.person_at(node), groups[node])

    def _questions(self) -> list[Question]:
        """For each candidate, whether the graph comes to a quarter; with what everybody related has, where they count
        together: of each the larger of the share listed and the one that the graph comes to."""
        persons = dict.fromkeys(candidate.person for candidate in self._candidates)
        if not self._aggregates:
            alone = {person: Question(person.nodes) for person in persons}
            return [alone[candidate.person] for candidate in self._candidates]
        least = {person: self._shares.least(person.nodes) for person in persons}
        by_graph: dict[int, dict[Person, None]] = {}
        listed: dict[int, decimal.Decimal] = {}
        counted: set[Person] = set()
        for candidate in self._candidates:
            person, group = candidate.person, candidate.group
            share = fraction(self._listed_pct(candidate))
            if share <= least[person]:
                by_graph.setdefault(group, {})[person] = None
            elif person not in counted:
                listed[group] = EXACT.add(listed.get(group, NONE), share)
            # Somebody of the graph who is listed twice counts once.
            if person.nodes:
                counted.add(person)
        asked = {
            group: Question(_nodes(by_graph.get(group, ())), more=listed.get(group, NONE))
            for group in {candidate.group for candidate in self._candidates}
        }
        return [asked[candidate.group] for candidate in self._candidates]

    def _listed_pct(self, candidate: _Candidate) -> float:
        pct = None if candidate.index is None else self._listed[candidate.index].get("ownership_pct")
        return 0 if pct is None else pct

    def _owner(self, candidate: _Candidate, *, reaches: bool) -> Derived:
        """The record of the list, with what only the graph says of the person."""
        person, index = candidate.person, candidate.index
        told = {name: value for name, (_, value) in self._telling.of(person).facts.items()}
        if index is None:
            element = derived(told, f"/customer/holders/{self._graph.records[person.nodes[0]][0]}")
        else:
            own = {name: value for name, value in self._listed[index].items() if is_present(value)}
            element = derived({**told, **own}, f"/customer/beneficial_owners/{index}")
        element["listed"] = index is not None
        element["reaches_quarter"] = reaches
        if person.nodes:
            if person not in self._percents:
                self._percents[person] = self._shares.percent(person.nodes)
            element["resolved_pct"] = self._percents[person]
        return element

    def _problem(self, record: int, kind: str) -> Derived:
        return derived({**self._holders[record], "problem": kind}, f"/customer/holders/{record}")


def _nodes(persons: Iterable[Person]) -> tuple[int, ...]:
    """The nodes of several persons, each once."""
    return tuple(dict.fromkeys(node for person in persons for node in person.nodes))
