"""How many accounts of a population there are of a kind."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import duckdb

from engine.accounts.population import TABLE, Population, PopulationError

COUNTED: Mapping[str, str] = {
    "action": "action",
    "place": "customer.located_in",
    "kind": "customer.kind",
    "product": "product.kind",
    "reseller": "reseller.located_in",
    "label": "malicious",
}
"""What accounts are counted by, each with its column."""
_IN_WORDS = {"label": {"true": "malicious", "false": "legitimate"}}


@attrs.frozen
class Group:
    """The accounts of one value; None for those of which nothing is said."""

    value: str | None
    accounts: int


def counts(population: Population) -> dict[str, list[Group]]:
    """The accounts by each of `COUNTED`, the largest group first.

    Raises:
        PopulationError: the database cannot be read.
    """
    try:
        with duckdb.connect(population.accounts, read_only=True) as connection:
            return {name: _groups(connection, name, column) for name, column in COUNTED.items()}
    except duckdb.Error as error:
        raise PopulationError(
            f"{population.accounts}: cannot be read; read or generate the population again"
        ) from error


def _groups(connection: duckdb.DuckDBPyConnection, name: str, column: str) -> list[Group]:
    rows = connection.execute(
        f'SELECT CAST("{column}" AS VARCHAR), count(*) FROM {TABLE} GROUP BY 1 ORDER BY 2 DESC, 1 NULLS LAST'  # noqa: S608
    ).fetchall()
    words = _IN_WORDS.get(name, {})
    return [Group(None if value is None else words.get(value, value), number) for value, number in rows]
