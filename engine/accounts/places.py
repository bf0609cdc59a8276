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
    """A query for each column that has places, or lists of them, or elements that do."""
    for column in layout.facts:
        element = column.type.element
        if element is not None and element.kind == "place":
            yield _distinct(f'unnest("{column.path}")')
        elif column.type.kind == "place":
            yield _distinct(f'"{column.path}"')
    for name, record in layout.lists.items():
        for column in layout.element(record):
            said = f'list_transform("{name}", lambda element: element."{column.path}")'
            if column.type.kind == "place":
                yield _distinct(f"unnest({said})")
            elif column.type.element is not None and column.type.element.kind == "place":
                yield _distinct(f"unnest(flatten({said}))")


def _distinct(code: str) -> str:
    return f"SELECT DISTINCT {code} AS code FROM {TABLE}"  # noqa: S608 - names of columns
