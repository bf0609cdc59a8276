"""The log and the keys in two files of SQLite beside each other."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING

from engine.audit.store.readers import Readers
from engine.audit.store.sqlite.connection import checkpoint, closing_on_error, open_reader, open_writer
from engine.audit.store.sqlite.errors import explain_lock, unavailable
from engine.audit.store.sqlite.lock import FileLock, held_elsewhere
from engine.audit.store.sqlite.opening import DATABASE, KEYS, SIGNING_LOCK, open_files
from engine.audit.store.sqlite.session import SqliteConnection
from engine.audit.unavailable import Cause, LogUnavailable
from engine.audit.verify import SqliteSource, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from engine.audit.store.protocol import Session


_READERS_SECONDS = 5.0
_PAUSE = 0.02


class _File:
    """One of the two files: the connection that writes, and the transaction on it."""

    def __init__(self, path: Path, connection: SqliteConnection) -> None:
        self.path = path
        self.identity = _identity(path)
        self._connection: SqliteConnection | None = connection
        self.is_writing = False

    def begin(self) -> SqliteConnection:
        if self._connection is None:
            self._connection = self._reopen()
        if not self.is_writing:
            self._connection.execute("BEGIN IMMEDIATE")
            self.is_writing = True
        return self._connection

    def commit(self) -> None:
        if self.is_writing and self._connection is not None:
            self._connection.execute("COMMIT")
            self.is_writing = False

    def discard(self) -> None:
        self.is_writing = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def tidy(self, *, is_written_anew: bool) -> None:
        """Move everything into the file itself, with zeros where rows were deleted, and empty the write-ahead log.

        Written anew, the file keeps no copy of an indexed value either: measured, balancing an index leaves one behind
        now and then, zeros or not.
        """
        connection = self._connection or self._reopen()
        self._connection = connection
        if is_written_anew:
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("VACUUM")
        end = time.monotonic() + _READERS_SECONDS
        try:
            while not checkpoint(connection.db):
                if time.monotonic() > end:
                    raise LogUnavailable(
                        f"{self.path}: another program keeps reading, so copies of what was deleted are still there; "
                        "close that program and repeat the command"
                    )
                time.sleep(_PAUSE)
        except sqlite3.Error as error:
            raise unavailable(self.path, error) from error

    def _reopen(self) -> SqliteConnection:
        """A fresh connection after a failure, with everything committed so far flushed anew."""
        try:
            with closing_on_error(open_writer(self.path)) as db:
                if not checkpoint(db):
                    raise LogUnavailable(f"{self.path}: another program keeps reading an old state; close that program")
        except sqlite3.Error as error:
            raise unavailable(self.path, error) from error
        return SqliteConnection(self.path, db)


class _Transaction:
    def __init__(self, log: _File, keys: _File) -> None:
        self._log = log
        self._keys = keys
        self.log: Session = log.begin()

    @property
    def keys(self) -> Session:
        return self._keys.begin()

    def commit(self) -> None:
        self._keys.commit()
        try:
            self._log.commit()
        except LogUnavailable as trouble:
            # A full disk is noticed before the frame that commits is written; of other failures nobody can tell.
            trouble.may_be_logged = trouble.cause is not Cause.FULL
            raise


class SqliteStore:
    """The store in `directory`, made and brought up to date if need be.

    A `flock` around every transaction makes the turns of several processes fair, and keeps commits and checkpoints
    apart, which versions of SQLite before 3.44.6, 3.50.7 and 3.51.3 need.
    """

    def __init__(self, directory: Path, seconds: float) -> None:
        self._lock, log, keys = open_files(directory, seconds)
        self._log = _File(directory / DATABASE, log)
        self._keys = _File(directory / KEYS, keys)
        self._signing_lock = directory / SIGNING_LOCK
        self.directory = directory
        self.path = directory / DATABASE
        self.name = str(self.path)
        self.waiting_for = held_elsewhere(self._lock.path)
        self._readers = Readers(self.name, lambda: self._reader(self._log.path))
        self._key_readers = Readers(str(self._keys.path), lambda: self._reader(self._keys.path))
        try:
            # Open from the start, these keep the `-shm` files alive, which a full disk would not let be made anew.
            for readers in (self._readers, self._key_readers):
                with readers.borrow() as session:
                    session.execute("SELECT count(*) FROM sqlite_master")
        except LogUnavailable:
            self.close()
            raise

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """The file lock."""
        self.waiting_for = held_elsewhere(self._lock.path)
        with self._lock:
            self.waiting_for = explain_lock(self.path)
            yield

    def begin(self) -> _Transaction:
        """A write transaction; the files must still be those that were opened."""
        for file in (self._log, self._keys):
            if _identity(file.path) != file.identity:
                raise LogUnavailable(
                    f"{file.path}: the file was moved or replaced while in use; stop the service and put it back",
                    cause=Cause.DAMAGED,
                )
        return _Transaction(self._log, self._keys)

    def discard(self) -> None:
        """Give up the connections that write."""
        self._log.discard()
        self._keys.discard()

    def scrub(self) -> None:
        """Write the keys anew and empty the write-ahead logs; deleted rows of the log are overwritten with zeros."""
        self._keys.tidy(is_written_anew=True)
        self._log.tidy(is_written_anew=False)

    def reading(self) -> AbstractContextManager[Session]:
        """A read-only connection to the log."""
        return self._readers.borrow()

    def reading_keys(self) -> AbstractContextManager[Session]:
        """A read-only connection to the keys."""
        return self._key_readers.borrow()

    @contextlib.contextmanager
    def signing_turn(self) -> Iterator[None]:
        """A file lock of its own, because a signature takes longer than a commit."""
        try:
            lock = FileLock(self._signing_lock)
        except OSError as error:
            raise unavailable(self._signing_lock, error) from error
        try:
            with lock:
                yield
        finally:
            lock.close()

    def source(self) -> SqliteSource:
        """The file, opened so that nothing is written to it."""
        try:
            return SqliteSource(self.path)
        except Unreadable as error:
            raise LogUnavailable(str(error)) from error

    def back_up(self, directory: str) -> None:
        """`VACUUM INTO` for both files: whole, without free pages, and while others write."""
        for file in (self._log, self._keys):
            copy = f"{directory}/{file.path.name}"
            with contextlib.closing(self._reader(file.path)) as session:
                # Nothing is written to the file itself, but SQLite would refuse the copy too.
                session.execute("PRAGMA query_only = 0")
                session.execute("VACUUM INTO ?", [copy])

    def stop_reading(self) -> None:
        """Close the connections that read: the last to close a file tidies it, and they may not."""
        self._readers.close()
        self._key_readers.close()

    def close(self) -> None:
        """Close whatever is open."""
        self.stop_reading()
        with self._lock:
            self.discard()
        self._lock.close()

    def _reader(self, path: Path) -> SqliteConnection:
        try:
            return SqliteConnection(path, open_reader(path))
        except sqlite3.Error as error:
            raise unavailable(path, error) from error


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of the file, None if it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
