"""Why the log cannot be written or read, in words an operator can act on."""

from __future__ import annotations

import errno
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class LogUnavailable(Exception):  # noqa: N818  the name states the condition a caller answers with 503
    """The log did not do what was asked, and nothing of it is half-written.

    `reason` says where, what and what to do; `retry_after` is in whole seconds. `may_be_logged` is true only when the
    outcome of a commit is not known: the entry was not acknowledged but may stand in the log, whole. Appending the same
    entry again is safe in either case.
    """

    def __init__(self, reason: str, *, retry_after: int = 5, may_be_logged: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.may_be_logged = may_be_logged


_RIGHTS = "let the service's user read and write the file and its directory"
_RESTORE = "stop the service, keep the file as it is and restore a backup"
_BUSY = ("another program holds it locked", "close that program; the log goes on by itself")
_FULL = ("the disk is full", "free some space; the log goes on by itself")
_WORDS = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: _FULL,
    sqlite3.SQLITE_READONLY: ("it may not be written", _RIGHTS),
    sqlite3.SQLITE_PERM: ("access is refused", _RIGHTS),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", _RIGHTS),
    sqlite3.SQLITE_IOERR: ("the disk reported an error", "check the disk, its quota and the system's messages"),
    sqlite3.SQLITE_CORRUPT: ("the file is damaged", _RESTORE),
    sqlite3.SQLITE_NOTADB: ("the file is not a log", _RESTORE),
    sqlite3.SQLITE_CONSTRAINT: ("it refused a row that does not continue it", _RESTORE),
}
_ERRNO_WORDS = {
    errno.EACCES: ("access is refused", _RIGHTS),
    errno.EPERM: ("access is refused", _RIGHTS),
    errno.EROFS: ("it may not be written", _RIGHTS),
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
}
_OTHER = ("it cannot be used", "see the system's words and restart the service")
_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT})


def _code(error: Exception) -> int:
    """SQLite's result code if it has words of its own, else the primary code in its low byte; -1 if there is none."""
    extended: int = getattr(error, "sqlite_errorcode", -1)
    return extended if extended in _WORDS or extended < 0 else extended & 0xFF


def explain(path: Path, error: sqlite3.Error | OSError) -> str:
    """One sentence on what stands between the service and the file at `path`, and what removes it."""
    known = _ERRNO_WORDS.get(error.errno or 0) if isinstance(error, OSError) else _WORDS.get(_code(error))
    what, remedy = known or _OTHER
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return f"{path}: {what} ({name}: {error}); {remedy}"


def explain_lock(path: Path) -> str:
    """The same for a file whose lock does not come free."""
    return "{}: {}; {}".format(path, *_BUSY)


def is_locked(error: Exception) -> bool:
    """Whether waiting is all that is needed."""
    return _code(error) in _LOCKED


def is_full(error: Exception) -> bool:
    """Whether the disk had no room. SQLite then never reached the frame that commits, so nothing is in the log."""
    return _code(error) == sqlite3.SQLITE_FULL


def is_damage(error: Exception) -> bool:
    """Whether going on could make things worse, so that the writer has to stop for good."""
    return _code(error) in _DAMAGED
