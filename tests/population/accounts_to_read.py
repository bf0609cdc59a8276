"""What the tests of reading populations share: the policy, small files, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from bench.shipped import EXAMPLE_JURISDICTIONS, shipped_policy
from engine import Policy
from engine.accounts.layout import Layout
from engine.accounts.population import Population
from engine.accounts.tables import accounts_query
from engine.population.reading import read_mapping, read_population


@cache
def policy() -> Policy:
    """The shipped rules with the fictional places and orders."""
    return shipped_policy(EXAMPLE_JURISDICTIONS)


def request(**customer: object) -> dict[str, Any]:
    return {"action": "account.open", "as_of": "2026-11-22", "facts": {"customer": customer}}


def lines(*values: object) -> bytes:
    """NDJSON of values; what is bytes already is a line as it is."""
    return b"".join((value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n" for value in values)


def read(path: Path, content: bytes | None = None, mapping: str | None = None, **options: object) -> Population:
    """The population of a file, written first if its content is given, with the text of a mapping."""
    if content is not None:
        path.write_bytes(content)
    columns = None
    if mapping is not None:
        file = path.with_name("columns.yaml")
        file.write_text(mapping)
        columns = read_mapping(file, policy())
    return read_population(path, path.with_name("made.population"), policy(), columns, **options)


def rows(population: Population) -> list[dict[str, Any]]:
    with duckdb.connect(population.accounts, read_only=True) as connection:
        table = connection.sql(f"{accounts_query(Layout(policy().vocabulary))} ORDER BY row").to_arrow_table()
    return table.to_pylist()


def facts(population: Population) -> list[dict[str, Any]]:
    layout = Layout(policy().vocabulary)
    return [layout.case_facts(row) for row in rows(population)]


def leftovers(folder: Path) -> Iterable[str]:
    """What stands in a folder beside the sources of a test."""
    return sorted(path.name for path in folder.iterdir() if path.suffix in {".population", ".unfinished"})
