"""`customer.holders` as a graph: who holds how much of whom."""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

Record = Mapping[str, Any]
CUSTOMER = 0
"""The node of the customer."""
DIRECT = "customer"
"""What `owner_of` says for the customer, whatever its id."""
_ONE_HUNDREDTH = decimal.Decimal("0.01")
EXACT = decimal.Context(prec=800, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX, traps=[decimal.Inexact])
"""For sums and differences of shares as written: a double has 17 digits, the last of them after at most 343 places."""


@attrs.frozen
class Share:
    """One record: a holder and what it holds of something, as a fraction; None when that is not known.

    `record` is its index in `customer.holders`; `held` is None when `owner_of` names nobody.
    """

    record: int
    holder: int
    held: int | None
    part: decimal.Decimal | None


@attrs.frozen(eq=False)
class Person:
    """The nodes that are one person; a graph has one Person for the same nodes, however often it is asked."""

    nodes: tuple[int, ...]


@attrs.frozen
class Graph:
    """Nodes are numbers, the customer's is 0.

    `shares` are the records, each a share; `into` are, for each node, the shares held in it; `records` are, for each
    node, the indices of its records, the first one first; `kinds` is `entity`, `individual` or empty when that is not
    known. Nobody holds an individual: such shares stand in `shares` alone.
    """

    shares: Sequence[Share]
    into: Sequence[Sequence[Share]]
    records: Sequence[Sequence[int]]
    kinds: Sequence[str]
    nodes: Mapping[str, int]
    """The node of each id."""
    unnamed: Mapping[str, int]
    """The node of each name under which somebody without an id stands."""
    named: Mapping[str, Sequence[int]]
    """All nodes that go by a name."""

    _known: dict[tuple[str | None, str | None], Person] = attrs.Factory(dict)
    _persons: dict[tuple[int, ...], Person] = attrs.Factory(dict)

    def person(self, record: Record) -> Person:
        """Who a record speaks of: by the id where both have one, by the name otherwise; perhaps nobody of the graph."""
        key = record.get("id"), record.get("name")
        if key not in self._known:
            self._known[key] = self._person(tuple(self._same_as(*key)))
        return self._known[key]

    def person_at(self, node: int) -> Person:
        """The person who is one node."""
        return self._person((node,))

    def _person(self, nodes: tuple[int, ...]) -> Person:
        return self._persons.setdefault(nodes, Person(nodes))

    def _same_as(self, own_id: str | None, name: str | None) -> Iterable[int]:
        found: dict[int, None] = {}
        if own_id is not None and own_id in self.nodes:
            found[self.nodes[own_id]] = None
        if name is not None:
            for node in (self.unnamed[name],) if name in self.unnamed else ():
                found[node] = None
            for node in self.named.get(name, ()) if own_id is None else ():
                found[node] = None
        found.pop(CUSTOMER, None)
        return found


def graph_of(customer: Record, holders: Sequence[Record], *, direct_only: bool) -> Graph:
    """The graph. Records of one id are one holder; so are those of one name, unless two ids tell them apart."""
    nodes: dict[str, int] = {DIRECT: CUSTOMER}
    if customer.get("id") is not None:
        nodes[customer["id"]] = CUSTOMER
    records: list[list[int]] = [[]]
    named: dict[str, list[int]] = {}
    for index, holder in enumerate(holders):
        own_id = holder.get("id")
        if own_id is not None:
            node = nodes.setdefault(own_id, len(records))
            if node == len(records):
                records.append([])
            records[node].append(index)
            _name(named, holder.get("name"), node)
    unnamed: dict[str, int] = {}
    for index, holder in enumerate(holders):
        if holder.get("id") is None:
            node = _node_without_id(holder.get("name"), named, unnamed, len(records))
            if node == len(records):
                records.append([])
            records[node].append(index)
    for found in records:
        found.sort()  # those without an id came last
    kinds = [_kind([holders[index] for index in found]) for found in records]
    kinds[CUSTOMER] = "entity"
    shares = _shares(holders, records, nodes)
    into: list[list[Share]] = [[] for _ in records]
    for share in shares:
        held = share.held
        if held is not None and (held == CUSTOMER or not direct_only) and kinds[held] != "individual":
            into[held].append(share)
    return Graph(shares, into, records, kinds, nodes, unnamed, named)


def _name(named: dict[str, list[int]], name: str | None, node: int) -> None:
    if name is not None and node not in named.setdefault(name, []):
        named[name].append(node)


def _node_without_id(name: str | None, named: dict[str, list[int]], unnamed: dict[str, int], new: int) -> int:
    """The node of a record without an id: of the first that goes by its name, else a new one."""
    if name is None:
        return new
    if name in named and name not in unnamed:
        return named[name][0]
    node = unnamed.setdefault(name, new)
    _name(named, name, node)
    return node


def _kind(records: Sequence[Record]) -> str:
    """Where records disagree the holder counts as an individual, who may be an owner."""
    kinds = {record.get("kind") for record in records}
    return "individual" if "individual" in kinds else "entity" if "entity" in kinds else ""


def _shares(holders: Sequence[Record], records: Sequence[Sequence[int]], nodes: Mapping[str, int]) -> list[Share]:
    holder_of = {index: node for node, found in enumerate(records) for index in found}
    shares = []
    for index, holder in enumerate(holders):
        owner_of, pct = holder.get("owner_of"), holder.get("pct")
        held = CUSTOMER if owner_of is None else nodes.get(owner_of)
        shares.append(Share(index, holder_of[index], held, None if pct is None else fraction(pct)))
    return shares


def fraction(pct: float) -> decimal.Decimal:
    """A percentage as a fraction, exactly as it was written."""
    return EXACT.multiply(decimal.Decimal(repr(pct)), _ONE_HUNDREDTH)
