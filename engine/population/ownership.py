"""The same accounts with their owners resolved by another reading of Q01, kept beside the population."""

from __future__ import annotations

from pathlib import Path

import attrs
import duckdb

from engine.accounts.layout import DERIVED, Layout
from engine.accounts.population import TABLE, Population, kept_population
from engine.accounts.writer import MEMORY, PopulationWriter
from engine.ownership import resolve
from engine.population.batch import Batch

_OTHER_READINGS = "ownership"
_BATCH = 5_000


def with_reading(population: Population, layout: Layout, reading: str) -> Population:
    """The population with owners resolved by a reading: itself, or one below its folder, made when first asked for.

    Raises:
        PopulationError: it cannot be written there.
    """
    if population.manifest.ownership == reading:
        return population
    folder = population.folder / _OTHER_READINGS / reading
    manifest = attrs.evolve(population.manifest, ownership=reading)
    made = kept_population(folder)
    if made is not None and made.manifest == manifest:
        return made
    with PopulationWriter(folder, layout) as writer:
        _copy(population.accounts, writer, layout, reading)
        return writer.finish(manifest)


def _copy(accounts: Path, writer: PopulationWriter, layout: Layout, reading: str) -> None:
    """Only somebody with holders, or with owners who are related, can have others under another reading."""
    with duckdb.connect(accounts, read_only=True, config={"memory_limit": MEMORY}) as connection:
        # As they stand, which is by their rows: to sort them would take as much memory as they do.
        asked = connection.execute(f"FROM {TABLE}")
        names = [name for name, *_ in asked.description or ()]
        while rows := asked.fetchmany(_BATCH):
            batch = Batch(layout)
            for values in rows:
                row = dict(zip(names, values, strict=True))
                customer = layout.case_facts(row).get("customer") or {}
                found = layout.derived_columns(resolve(customer, reading))
                batch.add({**row, **dict.fromkeys(DERIVED), **found})
            writer.add(batch.table())
