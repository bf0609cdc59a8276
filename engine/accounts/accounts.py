"""Accounts read back from a population, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import duckdb

from engine.accounts.layout import Layout
from engine.accounts.population import Population
from engine.accounts.tables import accounts_query
from engine.vocabulary.derived import DerivedLists

_BATCH = 2_000


@attrs.frozen(eq=False)
class Account:
    """An account of a population: what is asked of it, its facts, and what was worked out of them when it was read.

    `malicious` is its label, None where it has none.
    """

    row: int
    action: str
    facts: Mapping[str, Any]
    derived: DerivedLists
    malicious: bool | None


def accounts_at(population: Population, layout: Layout, rows: Sequence[int]) -> Iterator[Account]:
    """The accounts in these rows, in the order of the rows."""
    in_order = sorted(rows)
    with duckdb.connect(population.accounts, read_only=True) as connection:
        for start in range(0, len(in_order), _BATCH):
            wanted = in_order[start : start + _BATCH]
            # Rows of one batch lie between two others: whole groups of rows need not be looked at.
            query = f"{accounts_query(layout)} WHERE row BETWEEN ? AND ? AND row IN (SELECT unnest(?)) ORDER BY row"
            found = connection.execute(query, [wanted[0], wanted[-1], wanted])
            for values in found.fetchall():
                stored = dict(zip(layout.schema.names, values, strict=True))
                facts, derived = layout.case_facts(stored), layout.case_derived(stored)
                yield Account(stored["row"], stored["action"], facts, derived, stored["malicious"])
