"""Whether the database of a population is what its manifest says, in the tables of this version."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from engine.accounts.layout import Layout
from engine.accounts.population import PLACES, TABLE, Population, PopulationError, first_line
from engine.accounts.tables import tables_of

_AGAIN = "remove the folder, then read or generate it again"


def check_tables(population: Population, layout: Layout) -> None:
    """Refuse a database that lacks a table, a column or accounts: of what is not there nothing would be counted.

    The digest of a population is that of its manifest, and says nothing of what became of the database since.

    Raises:
        PopulationError: something is not there, or is of another kind; or the database cannot be read.
    """
    try:
        with duckdb.connect(population.accounts, read_only=True) as connection:
            problem = _problem(connection, population, layout)
    except duckdb.Error as error:
        problem = f"cannot be read ({first_line(error)})"
    if problem:
        raise PopulationError(f"{population.accounts}: {problem}; {_AGAIN}")


def _problem(connection: duckdb.DuckDBPyConnection, population: Population, layout: Layout) -> str:
    """What is wrong; nothing when all is as it should be."""
    there = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    for name, schema in (tables_of(layout) | {PLACES: pa.schema([("code", pa.string())])}).items():
        if name not in there:
            return f"it has no table `{name}`"
        kept = connection.table(name)
        wanted = connection.from_arrow(schema.empty_table())
        types = dict(zip(kept.columns, kept.types, strict=True))
        for column, type_ in zip(wanted.columns, wanted.types, strict=True):
            if types.get(column) != type_:
                return f"`{name}` has no column `{column}` of the kind that this version of Ostiary keeps"
    ((accounts,),) = connection.execute(f"SELECT count(*) FROM {TABLE}").fetchall()  # noqa: S608 - its name
    if accounts != population.manifest.accounts:
        return f"it has {accounts:,} accounts, and its manifest says {population.manifest.accounts:,}"
    return ""
