"""From a directory to files that may be written: made, migrated, and their end checked."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from typing import TYPE_CHECKING

from engine.audit.files import create, make_directory
from engine.audit.store.sqlite import schema
from engine.audit.store.sqlite.connection import checkpoint, closing_on_error, open_writer
from engine.audit.store.sqlite.errors import unavailable
from engine.audit.store.sqlite.lock import FileLock
from engine.audit.store.sqlite.session import SqliteConnection
from engine.audit.store.tail import RESTORE, find_flaw
from engine.audit.unavailable import LogUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from sqlite_utils.migrations import Migrations

DATABASE = "log.db"
KEYS = "keys.db"
LOCK = "log.lock"
SIGNING_LOCK = "signing.lock"


def open_files(directory: Path, seconds: float) -> tuple[FileLock, SqliteConnection, SqliteConnection]:
    """The file lock, free again, and connections to the log, its end checked, and to the keys.

    A directory that is made is the owner's alone (0700), and so is every file (0600).

    Raises:
        LogUnavailable: another process kept the lock for `seconds`, or the directory or a file is not fit for use.
    """
    try:
        make_directory(directory)
        lock = FileLock(directory / LOCK)
    except OSError as error:
        raise unavailable(directory, error) from error
    try:
        lock.acquire(seconds)
        log = _open_log(directory / DATABASE)
        try:
            keys = _open(directory / KEYS, schema.KEYS)
        except BaseException:
            log.close()
            raise
        lock.release()
    except BaseException:
        lock.close()
        raise
    return lock, log, keys


def _open_log(path: Path) -> SqliteConnection:
    log = _open(path, schema.LOG)
    flaw = find_flaw(log)
    if flaw is not None:
        log.close()
        raise LogUnavailable(f"{path}: {flaw}; {RESTORE}")
    return log


def _open(path: Path, migrations: Migrations) -> SqliteConnection:
    try:
        # One that is there is not opened: closing it again would take SQLite's locks on it from the whole process.
        with contextlib.suppress(FileExistsError):
            create(path).close()
        if not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
            # SQLite would open it all the same, for reading, and say so no sooner than at the first commit.
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        with closing_on_error(open_writer(path)) as db:
            if schema.is_newer(db, migrations):
                raise LogUnavailable(f"{path}: a newer version wrote this log; start that version or a later one")
            schema.migrate(db, migrations)
            # What a process that died has left may never have been flushed. If others read, one of them has seen to it.
            checkpoint(db)
    except (sqlite3.Error, OSError) as error:
        raise unavailable(path, error) from error
    return SqliteConnection(path, db)
