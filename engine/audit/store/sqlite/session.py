"""A connection to a file of SQLite as a session."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from engine.audit.store.sqlite.errors import unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sqlite_utils import Database

    from engine.audit.store.protocol import Value


class SqliteConnection:
    """Statements on one connection; SQLite's errors come out as LogUnavailable."""

    def __init__(self, path: Path, db: Database) -> None:
        self.db = db
        self._path = path
        self._connection = db.conn

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """Run one statement; its rows, if it has any."""
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise unavailable(self._path, error) from error

    def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement for each of `rows`."""
        try:
            self._connection.executemany(sql, rows)
        except sqlite3.Error as error:
            raise unavailable(self._path, error) from error

    def is_usable(self) -> bool:
        """Always: nobody else can end it."""
        return True

    def close(self) -> None:
        """End it; what it has not committed is undone."""
        self._connection.close()
