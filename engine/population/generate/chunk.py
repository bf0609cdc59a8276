"""A chunk of accounts as a table, with the owners resolved."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from engine.population.generate.accounts import account_columns, product_columns
from engine.population.generate.arrays import Columns, flags, lists, records, words
from engine.population.generate.customers import Customers, customers
from engine.population.generate.draws import Bools, Draws
from engine.population.generate.graphs import Graphs, graphs
from engine.population.generate.owners import Owners, numbers_of_owners, owners
from engine.population.generate.resellers import Resellers, reseller_columns
from engine.population.generate.resolved import HOLDERS, LISTED, resolved
from engine.population.generate.setting import Setting

CHUNK = 50_000
"""Accounts that are made at once. Another number makes other accounts: raise the generator's version with it."""
_REASONS = ("No individual owns a quarter, and nobody controls the firm alone.",)


def chunk_table(setting: Setting, pool: Resellers, number: int, count: int) -> pa.Table:
    """The first `count` accounts of a chunk, in the schema of the layout."""
    draws = Draws(setting.seed, number)
    rows = np.arange(count, dtype=np.int64) + number * CHUNK
    malicious = setting.happens(draws, "malicious.share", count)
    who = customers(setting, draws.under("customers"), rows, malicious)
    told = who.entities & setting.happens(draws, "graphs.entities", count)
    unlisted = told & ~setting.happens(draws, "graphs.listed_too", count)
    listed = owners(setting, draws.under("owners"), who, numbers_of_owners(setting, draws, who, unlisted))
    holders = graphs(setting, draws.under("graphs"), who, told, listed.counts)
    columns: Columns = {
        "row": pa.array(rows),
        **account_columns(setting, draws, who.tags, malicious),
        **product_columns(setting, draws, malicious),
        **who.columns,
        "customer.no_owner_reason": _reasons(setting, draws, who, told, listed),
        **reseller_columns(setting, draws, pool, malicious),
        LISTED: _lists(setting, LISTED, listed.columns, listed),
        HOLDERS: _lists(setting, HOLDERS, holders.columns, holders),
    }
    if setting.distributions.malicious_share > 0:
        # Where nobody is malicious nothing is labelled.
        columns["malicious"] = flags(malicious)
    columns |= resolved(setting, columns, listed, told)
    schema = setting.layout.schema
    filled = [columns[field.name] if field.name in columns else pa.nulls(count, field.type) for field in schema]
    return pa.Table.from_arrays(
        [column.cast(field.type) for column, field in zip(filled, schema, strict=True)], schema=schema
    )


def _lists(setting: Setting, path: str, elements: Columns, of: Owners | Graphs) -> pa.Array:
    type_ = setting.layout.schema.field(path).type.value_type
    return lists(records(elements, type_, int(of.counts.sum())), of.counts)


def _reasons(setting: Setting, draws: Draws, who: Customers, told: Bools, listed: Owners) -> pa.Array:
    count = len(told)
    stated = who.entities & ~told & (listed.counts == 0) & setting.happens(draws, "owners.reason_recorded", count)
    return words(_REASONS, np.zeros(count, dtype=np.int64), stated)
