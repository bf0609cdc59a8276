"""From a directory to a log that may be appended to: files made, tables migrated, the end of the log checked."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

from engine.audit.connection import checkpoint, closing_on_error, open_writer
from engine.audit.entry import leaf_hash
from engine.audit.lock import FileLock
from engine.audit.schema import is_newer, migrate
from engine.audit.unavailable import LogUnavailable, explain

if TYPE_CHECKING:
    from pathlib import Path

    from sqlite_utils import Database

DATABASE = "log.db"
LOCK = "log.lock"
_TAIL = 256
_RESTORE = "stop every service on it, keep the file as it is, restore a backup or start a new log in another directory"


def open_files(directory: Path, seconds: float) -> tuple[FileLock, Database]:
    """The file lock, free again, and a connection to a migrated log whose end has been checked.

    A directory that is made is the owner's alone (0700), and so is every file (0600).

    Raises:
        LogUnavailable: another process kept the lock for `seconds`, or the directory or a file is not fit for use.
    """
    path = directory / DATABASE
    try:
        _make_directory(directory)
        lock = FileLock(directory / LOCK)
    except OSError as error:
        raise LogUnavailable(explain(directory, error)) from error
    try:
        lock.acquire(seconds)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        db = _open_checked(path)
        lock.release()
    except (sqlite3.Error, OSError) as error:
        lock.close()
        raise LogUnavailable(explain(path, error)) from error
    except BaseException:
        lock.close()
        raise
    return lock, db


def _make_directory(directory: Path) -> None:
    if directory.is_dir():
        return
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite flushes the directory of a file it makes, but nobody the one in which that directory is new.
    parent = os.open(directory.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def _open_checked(path: Path) -> Database:
    with closing_on_error(open_writer(path)) as db:
        if is_newer(db):
            raise LogUnavailable(f"{path}: a newer version wrote this log; start that version or a later one")
        migrate(db)
        # What a process that died has left may never have been flushed. If others read, one of them has seen to it.
        checkpoint(db)
        flaw = _find_flaw(db)
        if flaw is not None:
            raise LogUnavailable(f"{path}: {flaw}; {_RESTORE}")
    return db


def _find_flaw(db: Database) -> str | None:
    """What is wrong with the size or the last entries, if anything: bounded work, whatever the length of the log."""
    size: int = db.execute("SELECT size FROM log_state").fetchone()[0]
    last: int | None = db.execute('SELECT max("index") FROM entry').fetchone()[0]
    if size != (0 if last is None else last + 1):
        return f"it should hold {size} entries, but its last index is {last}"
    start = max(size - _TAIL, 0)
    tail = list(db.table("entry").rows_where('"index" >= ?', [start], order_by='"index"'))
    if [row["index"] for row in tail] != list(range(start, size)):
        return f"entries are missing between index {start} and {last}"
    for row in tail:
        if leaf_hash(row["body"]) != row["leaf"]:
            return f"the body of entry {row['index']} is not the one that was logged"
    return None
