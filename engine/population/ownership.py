"""The same accounts with their owners resolved by another reading of Q01, kept beside the population."""

from __future__ import annotations

from pathlib import Path

import attrs
import duckdb

from engine.accounts.layout import DERIVED, Layout
from engine.accounts.population import TABLE, Population, PopulationError, open_population
from engine.accounts.writer import PopulationWriter
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
    try:
        made = open_population(folder)
        if made.manifest == manifest:
            return made
    except PopulationError:
        pass  # there is none yet, or one of another version
    folder.parent.mkdir(exist_ok=True)
    with PopulationWriter(folder, layout) as writer:
        _copy(population.accounts, writer, layout, reading)
        return writer.finish(manifest)


def _copy(accounts: Path, writer: PopulationWriter, layout: Layout, reading: str) -> None:
    """Only somebody with holders, or with owners who are related, can have others under another reading."""
    with duckdb.connect(accounts, read_only=True) as connection:
        asked = connection.execute(f"FROM {TABLE} ORDER BY row")
        names = [name for name, *_ in asked.description or ()]
        while rows := asked.fetchmany(_BATCH):
            batch = Batch(layout)
            for values in rows:
                row = dict(zip(names, values, strict=True))
                customer = layout.case_facts(row).get("customer") or {}
                found = layout.derived_columns(resolve(customer, reading))
                batch.add({**row, **dict.fromkeys(DERIVED), **found})
            writer.add(batch.table())
