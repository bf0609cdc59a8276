"""The tables of a population's database that hold accounts; `engine.accounts.places` says what `places` holds."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from engine.accounts.layout import Layout
from engine.accounts.population import TABLE


def tables_of(layout: Layout) -> dict[str, pa.Schema]:
    """The accounts, and for each derived list its elements as rows: so that one field is read without the others.

    Of owners most is asked. Other lists are read whole: to keep their elements, too, makes writing a fifth longer.
    """
    return {TABLE: layout.kept} | {name: layout.kept_elements(name) for name in layout.derived}


def accounts_query(layout: Layout) -> str:
    """The accounts in the columns of the layout, as DuckDB reads them."""
    columns = ", ".join(f'"{name}"' for name in layout.schema.names)
    return f"SELECT {columns} FROM {TABLE}"  # noqa: S608 - names of columns


def inserting(layout: Layout, rows: str) -> Iterator[str]:
    """The statements that add a table of rows, in the schema of the layout, to these tables."""
    sizes = ", ".join(f'len("{name}")' for name in layout.lists)
    yield f"INSERT INTO {TABLE} SELECT *, {sizes} FROM {rows}"  # noqa: S608 - names of columns
    for name in layout.derived:
        fields = ", ".join(f'element."{field}"' for field in layout.kept_elements(name).names[1:])
        elements = f'SELECT row, unnest("{name}") AS element FROM {rows}'  # noqa: S608
        yield f'INSERT INTO "{name}" SELECT row, {fields} FROM ({elements})'  # noqa: S608
