"""The derived lists of a chunk of accounts: what `engine.ownership.resolve` comes to for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from engine.accounts.layout import AT
from engine.ownership import resolve
from engine.population.generate.arrays import Columns, flags, lists, numerals, records, texts
from engine.population.generate.draws import Bools, Ints
from engine.population.generate.owners import Owners
from engine.population.generate.setting import Setting

LISTED, HOLDERS = "customer.beneficial_owners", "customer.holders"
_OWNERS, _PROBLEMS = "owners", "ownership_problems"


def resolved(setting: Setting, columns: Columns, listed: Owners, told: Bools) -> Columns:
    """The derived lists as columns; `told` are the accounts whose customer has told an ownership graph.

    Of the others only the list of owners speaks, whatever the reading, as nobody is said to be related to anybody:
    those are done at once. Each graph is resolved by itself.
    """
    graphs = _graphs(setting, columns, np.flatnonzero(told).tolist())
    problems, of_problems = _elements(setting, _PROBLEMS, graphs, told)
    from_graphs, of_graphs = _elements(setting, _OWNERS, graphs, told)
    alone = ~told[listed.rows]
    owners = pa.concat_arrays([_as_listed(setting, listed).filter(pa.array(alone)), from_graphs])
    rows = np.concatenate([listed.rows[alone], np.repeat(np.arange(len(told)), of_graphs)])
    in_order = owners.take(pa.array(np.argsort(rows, kind="stable")))
    return {
        _OWNERS: lists(in_order, np.bincount(rows, minlength=len(told))),
        _PROBLEMS: lists(problems, of_problems),
    }


def _as_listed(setting: Setting, listed: Owners) -> pa.Array:
    """Every listed owner as one of whom only the list speaks."""
    count = len(listed.rows)
    nth = np.arange(count) - (np.cumsum(listed.counts) - listed.counts)[listed.rows]
    elements = {
        **listed.columns,
        AT: texts("/customer/beneficial_owners/", numerals(nth)),
        "listed": flags(np.ones(count, dtype=bool)),
        "reaches_quarter": flags(np.nan_to_num(listed.shares, nan=-1.0) >= 25),
    }
    return records(elements, _type(setting, _OWNERS), count)


def _graphs(setting: Setting, columns: Columns, rows: Sequence[int]) -> list[Mapping[str, Any]]:
    """The derived lists of single accounts, as they are stored."""
    taken = pa.array(rows, pa.int64())
    parts = {path: columns[path].take(taken).to_pylist() for path in ("customer.id", LISTED, HOLDERS)}
    found: list[Mapping[str, Any]] = []
    for index in range(len(rows)):
        customer = setting.layout.case_facts({path: values[index] for path, values in parts.items()})["customer"]
        found.append(setting.layout.sparse_row(0, "", {}, resolve(customer, setting.reading)))
    return found


def _elements(setting: Setting, name: str, graphs: list[Mapping[str, Any]], told: Bools) -> tuple[pa.Array, Ints]:
    """The elements of a derived list of all graphs, and how many of them each account has."""
    counts = np.zeros(len(told), dtype=np.int64)
    counts[told] = [len(graph.get(name, ())) for graph in graphs]
    return pa.array([element for graph in graphs for element in graph.get(name, ())], _type(setting, name)), counts


def _type(setting: Setting, name: str) -> pa.StructType:
    return setting.layout.schema.field(name).type.value_type
