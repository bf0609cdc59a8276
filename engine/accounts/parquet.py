"""A population's accounts as Parquet, for engines other than DuckDB: written once, and kept beside them."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import duckdb

from engine.accounts.population import PLACES, TABLE, Population, PopulationError
from engine.accounts.quoting import quoted

FOLDER = "accounts.parquet"
"""Name of the folder that holds the files, in that of the population."""
_ROWS_READ_AT_ONCE = 20_480
"""Rows of a group, of which an engine may give each to another processor. DuckDB takes multiples of 2,048."""
_GROUPS_A_FILE = 16


def as_parquet(population: Population) -> Path:
    """The folder with the accounts as Parquet files.

    Raises:
        PopulationError: it cannot be written.
    """
    folder = population.folder / FOLDER
    if folder.is_dir():
        return folder
    try:
        unfinished = Path(tempfile.mkdtemp(prefix=f"{FOLDER}.", dir=population.folder))
    except OSError as error:
        raise _unwritten(folder, error.strerror) from error
    try:
        with _opened(population) as connection:
            connection.execute(
                f"COPY population.{TABLE} TO {quoted(unfinished / 'part')} (FORMAT parquet, COMPRESSION zstd, "
                f"ROW_GROUP_SIZE {_ROWS_READ_AT_ONCE}, ROW_GROUPS_PER_FILE {_GROUPS_A_FILE})"
            )
        for number, path in enumerate(sorted((unfinished / "part").iterdir())):
            path.rename(unfinished / f"{number:05}.parquet")
        (unfinished / "part").rmdir()
        # Readable as the population is: a temporary folder is its maker's alone.
        unfinished.chmod(population.folder.stat().st_mode)
        if not folder.is_dir():
            unfinished.rename(folder)
    except (duckdb.Error, OSError) as error:
        raise _unwritten(folder, str(error)) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def places_of(population: Population) -> frozenset[str]:
    """Every place code that occurs among the accounts."""
    with _opened(population) as connection:
        return frozenset(code for (code,) in connection.execute(f"FROM population.{PLACES}").fetchall())


def _opened(population: Population) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "1GB",
        "preserve_insertion_order": "false",
    }
    connection = duckdb.connect(config=config)
    connection.execute(f"ATTACH {quoted(population.accounts)} AS population (READ_ONLY)")
    return connection


def _unwritten(folder: Path, why: str | None) -> PopulationError:
    said = next(iter((why or "").splitlines()), "") or "unknown error"
    return PopulationError(f"{folder}: cannot be written, look for room on the disk and for the right to ({said})")
