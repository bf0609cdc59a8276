"""The places that occur among accounts: what a program asks of others need not be asked."""

from __future__ import annotations

from collections.abc import Iterator

from engine.accounts.layout import Layout
from engine.accounts.population import TABLE


def places_query(layout: Layout) -> str:
    """Every place code of the accounts, in a column `code`, as DuckDB reads it."""
    codes = " UNION ".join(_codes(layout))
    return f"SELECT code FROM ({codes}) WHERE code IS NOT NULL"  # noqa: S608 - names of columns


def _codes(layout: Layout) -> Iterator[str]:
    """A query for each column that has places, or lists of them."""
    for table, columns in ((TABLE, layout.facts), *((name, layout.element(of)) for name, of in layout.lists.items())):
        for column in columns:
            element = column.type.element
            if column.type.kind == "place":
                yield f'SELECT DISTINCT "{column.path}" AS code FROM "{table}"'  # noqa: S608 - names of columns
            elif element is not None and element.kind == "place":
                yield f'SELECT DISTINCT unnest("{column.path}") AS code FROM "{table}"'  # noqa: S608
