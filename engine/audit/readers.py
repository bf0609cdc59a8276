"""Reading the log beside the writer: a pool of connections that cannot write, one to a thread at a time."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import TYPE_CHECKING

from engine.audit.connection import open_reader
from engine.audit.unavailable import LogUnavailable, explain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlite_utils import Database


class Readers:
    """Read-only connections, opened when they are needed and kept for the next who asks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[Database] = []
        self._mutex = threading.Lock()
        self._is_closed = False
        # Open from the start, the first one keeps the `-shm` file alive, which a full disk would not let be made anew.
        with self.borrow() as db:
            db.execute("SELECT size FROM log_state").fetchone()

    @contextlib.contextmanager
    def borrow(self) -> Iterator[Database]:
        """A connection for the body alone. Read it to the end there: an open query keeps the write-ahead log growing.

        Raises:
            LogUnavailable: the log is closed, or cannot be read.
        """
        db: Database | None = None
        try:
            db = self._checkout()
            yield db
        except sqlite3.Error as error:
            if db is not None:
                db.close()
                db = None
            raise LogUnavailable(explain(self._path, error)) from error
        finally:
            if db is not None:
                self._give_back(db)

    def close(self) -> None:
        """Close every connection; those lent out follow when they come back."""
        with self._mutex:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for db in idle:
            db.close()

    def _checkout(self) -> Database:
        with self._mutex:
            if self._is_closed:
                raise LogUnavailable(f"{self._path}: the log is closed; start the service again")
            if self._idle:
                return self._idle.pop()
        return open_reader(self._path)

    def _give_back(self, db: Database) -> None:
        with self._mutex:
            if not self._is_closed:
                self._idle.append(db)
                return
        db.close()
