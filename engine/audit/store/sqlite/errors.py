"""SQLite's and the system's errors in words an operator can act on."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from engine.audit.unavailable import FULL, RIGHTS, Cause, LogUnavailable, from_os_error

if TYPE_CHECKING:
    from pathlib import Path

RESTORE = "stop the service, keep the file as it is and restore a backup"
_BUSY = ("another program holds it locked", "close that program; the log goes on by itself")
_WORDS = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: FULL,
    sqlite3.SQLITE_READONLY: ("it may not be written", RIGHTS),
    sqlite3.SQLITE_PERM: ("access is refused", RIGHTS),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", RIGHTS),
    sqlite3.SQLITE_IOERR: ("the disk reported an error", "check the disk, its quota and the system's messages"),
    sqlite3.SQLITE_CORRUPT: ("the file is damaged", RESTORE),
    sqlite3.SQLITE_NOTADB: ("the file is not a log", RESTORE),
    sqlite3.SQLITE_CONSTRAINT: ("it refused a row that does not continue it", RESTORE),
}
_OTHER = ("it cannot be used", "put right what the system says and restart the service")
_CAUSES = {
    sqlite3.SQLITE_BUSY: Cause.BUSY,
    sqlite3.SQLITE_LOCKED: Cause.BUSY,
    # SQLite then never reached the frame that commits, so nothing is in the log.
    sqlite3.SQLITE_FULL: Cause.FULL,
    sqlite3.SQLITE_CORRUPT: Cause.DAMAGED,
    sqlite3.SQLITE_NOTADB: Cause.DAMAGED,
    sqlite3.SQLITE_CONSTRAINT: Cause.DAMAGED,
}


def unavailable(path: Path, error: sqlite3.Error | OSError) -> LogUnavailable:
    """What stands between the service and the file at `path`, and what removes it, in one sentence."""
    if isinstance(error, OSError):
        return from_os_error(path, error)
    code = _code(error)
    what, remedy = _WORDS.get(code, _OTHER)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return LogUnavailable(f"{path}: {what} ({name}: {error}); {remedy}", cause=_CAUSES.get(code, Cause.OTHER))


def explain_lock(path: Path) -> str:
    """The sentence for a file whose lock does not come free."""
    return "{}: {}; {}".format(path, *_BUSY)


def _code(error: Exception) -> int:
    """SQLite's result code if it has words of its own, else the primary code in its low byte; -1 if there is none."""
    extended: int = getattr(error, "sqlite_errorcode", -1)
    return extended if extended in _WORDS or extended < 0 else extended & 0xFF
