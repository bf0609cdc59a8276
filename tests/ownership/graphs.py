"""Short ways to write ownership graphs, and the shapes of big ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.ownership import LOOK_THROUGH, resolve

Record = dict[str, Any]
MOST = 10_000


def holder(text: str, **more: Any) -> Record:
    """`"anna 50 Acme"`: the individual `anna` has 50 percent of the entity `Acme`; `?` is an unknown share."""
    own_id, pct, owner_of = text.split()
    kind = "entity" if own_id[0].isupper() else "individual"
    record = {"id": own_id, "kind": kind, "owner_of": owner_of, "pct": None if pct == "?" else float(pct)}
    return record | more


def graph(*texts: str | Record) -> list[Record]:
    """Several holders."""
    return [holder(text) if isinstance(text, str) else text for text in texts]


def owners(holders: Sequence[Mapping], listed: Sequence[Mapping] = (), reading: str = LOOK_THROUGH) -> list[Any]:
    """The derived owners of a customer whose id is `Customer`."""
    return list(_resolved(holders, listed, reading)["owners"])


def problems(holders: Sequence[Mapping], reading: str = LOOK_THROUGH) -> list[tuple[str, int]]:
    """Kind of each problem and the index of the holder it stands at; somebody is listed, so the rest is nobody's."""
    found = _resolved(holders, [{"id": "somebody"}], reading)["ownership_problems"]
    return [(problem["problem"], int(problem.at.removeprefix("/customer/holders/"))) for problem in found]


def _resolved(holders: Sequence[Mapping], listed: Sequence[Mapping], reading: str) -> Mapping[str, Sequence[Any]]:
    return resolve({"id": "Customer", "holders": list(holders), "beneficial_owners": list(listed)}, reading)


def chain(size: int, pct: float) -> list[Record]:
    """Each holds a part of the one before; an individual at the end."""
    links = [_link(n, pct, "customer" if n == 0 else f"C{n - 1}") for n in range(size - 1)]
    return [*links, {"id": "end", "kind": "individual", "owner_of": f"C{size - 2}", "pct": pct}]


def fan(size: int, pct: float) -> list[Record]:
    """All hold a part of the customer."""
    return [{"id": f"p{n}", "kind": "individual", "owner_of": "customer", "pct": pct} for n in range(size)]


def diamonds(size: int, pct: float) -> list[Record]:
    """Two ways from every joint to the next, so that the number of ways doubles each time."""
    records: list[Record] = []
    for n in range(size // 4):
        below = "customer" if n == 0 else f"J{n - 1}"
        records += [{"id": f"{side}{n}", "kind": "entity", "owner_of": below, "pct": pct} for side in "AB"]
        records += [{"id": f"J{n}", "kind": "entity", "owner_of": f"{side}{n}", "pct": pct} for side in "AB"]
    return records


def ring(size: int, pct: float) -> list[Record]:
    """A chain that ends where it began."""
    links = [_link(n, pct, "customer" if n == 0 else f"C{n - 1}") for n in range(size - 1)]
    return [*links, {"id": "Customer", "kind": "entity", "owner_of": f"C{size - 2}", "pct": pct}]


def zeno(size: int, pct: float) -> list[Record]:
    """A quarter of the customer goes up a chain of halves, and at each link `p` takes a part of what is left."""
    records: list[Record] = [{"id": "C0", "kind": "entity", "owner_of": "customer", "pct": 25}]
    for n in range(1, size // 2):
        records.append({"id": f"C{n}", "kind": "entity", "owner_of": f"C{n - 1}", "pct": 50})
        records.append({"id": "p", "kind": "individual", "owner_of": f"C{n - 1}", "pct": pct})
    return records


def relatives(size: int, pct: float) -> list[Record]:
    """A fan of people of whom each is related to the one before."""
    return [record | {"related_to": [f"p{n - 1}"]} for n, record in enumerate(fan(size, pct))]


def _link(n: int, pct: float, owner_of: str) -> Record:
    return {"id": f"C{n}", "kind": "entity", "owner_of": owner_of, "pct": pct}


SHAPES = {"chain": chain, "fan": fan, "diamonds": diamonds, "ring": ring, "zeno": zeno, "relatives": relatives}
