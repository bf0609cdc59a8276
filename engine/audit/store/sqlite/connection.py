"""Connections to the log's file: set for durability, and every setting read back before it is trusted."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from sqlite_utils import Database

from engine.audit.unavailable import LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

BUSY_MILLISECONDS = 1_000
OLDEST_SQLITE = (3, 37, 0)

# Checkpoints run inside COMMIT, so they too are under the file lock.
_WRITER_PRAGMAS: Mapping[str, int | str] = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    # What is deleted, a customer's key above all, is overwritten with zeros.
    "secure_delete": 1,
    "busy_timeout": BUSY_MILLISECONDS,
    "wal_autocheckpoint": 1_000,
    "journal_size_limit": 64 * 1024 * 1024,
}
_READER_PRAGMAS = {"query_only": 1, "busy_timeout": BUSY_MILLISECONDS}


def open_writer(path: Path) -> Database:
    """A connection that may write: write-ahead log, every commit flushed (`synchronous=FULL`).

    The file must exist: a log that has vanished is not silently begun anew.

    Raises:
        LogUnavailable: a setting did not take.
        sqlite3.Error: the file cannot be opened or set.
    """
    return _open(path, "rw", _WRITER_PRAGMAS)


def open_reader(path: Path) -> Database:
    """A connection that cannot write, sees what is committed and never checkpoints. Raises as `open_writer` does."""
    return _open(path, "ro", _READER_PRAGMAS)


def checkpoint(db: Database) -> bool:
    """Move all that is committed into the database file, flush it and empty the write-ahead log.

    A flush that failed may leave pages in memory that the disk never got, and flushing those again reports success.
    Copying them into the database file is a write of its own, so its flush can be believed. The caller holds the file
    lock. False if programs that are reading prevent it.

    Raises:
        sqlite3.Error: the disk did not take it.
    """
    is_prevented: int = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not is_prevented


@contextlib.contextmanager
def closing_on_error(db: Database) -> Iterator[Database]:
    """Close `db` if the body fails, which also undoes an open transaction."""
    try:
        yield db
    except BaseException:
        db.close()
        raise


def _open(path: Path, mode: str, pragmas: Mapping[str, int | str]) -> Database:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise LogUnavailable(
            f"{path}: SQLite {sqlite3.sqlite_version} has no strict tables; use a Python built with 3.37 or newer"
        )
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_MILLISECONDS / 1000,
        check_same_thread=False,
    )
    with closing_on_error(Database(connection, execute_plugins=False)) as db:
        for name, wanted in pragmas.items():
            db.execute(f"PRAGMA {name} = {wanted}").fetchall()
            actual = db.execute(f"PRAGMA {name}").fetchone()[0]
            if actual != wanted:
                raise LogUnavailable(
                    f"{path}: SQLite runs with {name} = {actual} where the log needs {wanted}; "
                    "put the data directory on a local disk with locking"
                )
    return db
