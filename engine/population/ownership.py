"""The same accounts with their owners resolved by another reading of Q01, kept beside the population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import duckdb
import pyarrow as pa

from engine.accounts.checking import check_tables
from engine.accounts.layout import DERIVED, Layout
from engine.accounts.population import Population, PopulationError, kept_population
from engine.accounts.tables import accounts_query
from engine.accounts.writer import MEMORY, PopulationWriter
from engine.ownership import resolve
from engine.population.batch import Batch

_OTHER_READINGS = "ownership"
_BATCH = 5_000
_DEPENDS = (
    'coalesce("customer.holders" IS NOT NULL OR '
    'list_bool_or(list_transform("customer.beneficial_owners", lambda owner: owner.related_to IS NOT NULL)), false)'
)
"""Only somebody with holders, or with owners who are related, can have others under another reading."""


def with_reading(population: Population, layout: Layout, reading: str) -> Population:
    """The population with owners resolved by a reading: itself, or one below its folder, made when first asked for.

    Raises:
        PopulationError: its database is damaged, or it cannot be written there.
    """
    check_tables(population, layout)
    if population.manifest.ownership == reading:
        return population
    folder = population.folder / _OTHER_READINGS / reading
    manifest = attrs.evolve(population.manifest, ownership=reading)
    made = kept_population(folder)
    if made is not None and made.manifest == manifest and _is_whole(made, layout):
        return made
    with PopulationWriter(folder, layout) as writer:
        _copy(population.accounts, writer, layout, reading)
        return writer.finish(manifest)


def _is_whole(population: Population, layout: Layout) -> bool:
    """Whether it can be used again; one that is damaged is made anew."""
    try:
        check_tables(population, layout)
    except PopulationError:
        return False
    return True


def _copy(accounts: Path, writer: PopulationWriter, layout: Layout, reading: str) -> None:
    with duckdb.connect(accounts, read_only=True, config={"memory_limit": MEMORY}) as connection:
        columns = accounts_query(layout)
        for batch in connection.sql(f"{columns} WHERE NOT ({_DEPENDS})").to_arrow_reader(_BATCH):
            writer.add(pa.Table.from_batches([batch]).cast(layout.schema))
        for batch in connection.sql(f"{columns} WHERE {_DEPENDS}").to_arrow_reader(_BATCH):
            writer.add(_resolved(batch.to_pylist(), layout, reading))


def _resolved(rows: Sequence[Mapping[str, Any]], layout: Layout, reading: str) -> pa.Table:
    batch = Batch(layout)
    for row in rows:
        found = layout.derived_columns(resolve(layout.case_facts(row).get("customer") or {}, reading))
        batch.add({**row, **dict.fromkeys(DERIVED), **found})
    return batch.table()
