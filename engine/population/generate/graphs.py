"""Ownership graphs: who holds how much of a customer, through one firm or two, told by `customer.holders`."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np
import pyarrow as pa

from engine.population.generate.arrays import Columns, amounts, only, texts, words
from engine.population.generate.customers import Customers
from engine.population.generate.draws import Bools, Draws, Floats, Ints
from engine.population.generate.persons import Persons, elsewhere, person_columns, standing
from engine.population.generate.setting import Setting

_NUMBERS = 40
"""Random numbers for a graph, more than the largest needs."""
_MOST = 3
"""Holders of one thing."""


@attrs.frozen(eq=False)
class Graphs:
    """Holders: `counts` for each account, and `columns` for each holder."""

    counts: Ints
    columns: Columns


@attrs.frozen
class _Holder:
    """A record of a graph: the tag of the holder and of the firm held, empty for the customer; no share: unknown.

    Of somebody who is listed as an owner the graph tells nothing but the share.
    """

    tag: str
    is_entity: bool
    held: str
    pct: int | None
    is_listed: bool = False


def graphs(setting: Setting, draws: Draws, customers: Customers, told: Bools, owners: Ints) -> Graphs:
    """The graphs of the customers who have told one. Who has listed `owners` has the first of them in the graph too."""
    rows_told = np.flatnonzero(told)
    numbers = draws.uniform("shape", len(rows_told) * _NUMBERS).reshape(-1, _NUMBERS)
    depths = setting.words(draws, "graphs.depths", customers.malicious[rows_told])
    depth_of = [int(word) for word in setting.table("graphs.depths").words]
    counts = np.zeros(len(told), dtype=np.int64)
    found: list[_Holder] = []
    for row, depth, drawn in zip(rows_told.tolist(), depths.tolist(), numbers.tolist(), strict=True):
        tag = customers.tags[row].as_py()
        first = f"{tag}-1" if owners[row] else ""
        graph = list(_graph(setting, iter(drawn), tag, first, depth_of[depth]))
        counts[row] = len(graph)
        found += graph
    rows = np.repeat(np.arange(len(told)), counts)
    return Graphs(counts, _columns(setting, draws, customers, rows, found))


def _graph(setting: Setting, drawn: Iterator[float], tag: str, first: str, depth: int) -> Iterator[_Holder]:
    """The holders of the customer, and of the first of them, which is a firm as long as there is depth.

    The individual furthest away is the one who is listed as an owner, where `first` is the tag of one.
    """
    chance = setting.distributions.chance
    is_partly_known = next(drawn) < chance("graphs.partly_known")
    is_circle = next(drawn) < chance("graphs.circles")
    held, number, firms = "", 0, []
    for level in range(1, depth + 1):
        parts = _parts(drawn, 60 if is_partly_known and level == depth else 100)
        for nth, part in enumerate(parts):
            number += 1
            is_chain = nth == 0 and level < depth
            is_opaque = nth > 0 and next(drawn) < chance("graphs.opaque")
            is_unknown = next(drawn) < chance("graphs.share_unknown")
            is_listed = bool(first) and nth == 0 and level == depth
            own = first if is_listed else f"{tag}-h{number}"
            if is_chain:
                firms.append(own)
            yield _Holder(own, is_chain or is_opaque, held, None if is_unknown else part, is_listed)
        held = firms[-1] if firms else ""
    if is_circle and firms:
        yield _Holder(firms[0], is_entity=True, held=firms[-1], pct=5)


def _parts(drawn: Iterator[float], total: int) -> list[int]:
    """Whole percents that come to a total, the first of them the largest in most cases."""
    weights = [1 + next(drawn), *(next(drawn) + 0.2 for _ in range(int(next(drawn) * _MOST)))]
    parts = [int(total * weight / sum(weights)) for weight in weights]
    parts[0] += total - sum(parts)
    return parts


def _columns(setting: Setting, draws: Draws, customers: Customers, rows: Ints, found: list[_Holder]) -> Columns:
    homes, malicious = customers.places[rows], customers.malicious[rows]
    places = elsewhere(setting, draws, "graphs.elsewhere", homes, malicious)
    entities = np.array([holder.is_entity for holder in found], dtype=bool)
    citizens, residents = standing(setting, draws, places)
    persons = Persons(
        tags=pa.array([holder.tag for holder in found], pa.string()),
        places=places,
        entities=entities,
        citizens=citizens,
        residents=residents,
        is_us=np.where(entities, setting.is_us[places], citizens | residents | setting.is_us[places]),
        malicious=malicious,
        complete=customers.complete[rows],
        asked=~entities,
    )
    shares: Floats = np.array([np.nan if holder.pct is None else holder.pct for holder in found], dtype=np.float64)
    unlisted = ~np.array([holder.is_listed for holder in found], dtype=bool)
    told = {path: only(column, unlisted) for path, column in person_columns(setting, draws, persons).items()}
    prefixes = words(("owner-", "firm-"), entities.astype(np.int64))
    held = pa.array(["customer" if not holder.held else f"firm-{holder.held}" for holder in found], pa.string())
    return {
        "id": texts(prefixes, persons.tags),
        "kind": words(("individual", "entity"), entities.astype(np.int64)),
        "owner_of": held,
        "pct": amounts(shares, ~np.isnan(shares)),
        **told,
    }
