"""PostgreSQL's errors in words an operator can act on."""

from __future__ import annotations

import psycopg
from psycopg import errors

from engine.audit.unavailable import Cause, LogUnavailable

_BUSY = (errors.LockNotAvailable, errors.DeadlockDetected, errors.QueryCanceled)
_WORDS: tuple[tuple[tuple[type[psycopg.Error], ...], str, str, Cause], ...] = (
    (
        _BUSY,
        "another service keeps the log's turn",
        "see pg_locks for who holds it; the log goes on by itself",
        Cause.BUSY,
    ),
    (
        (errors.DiskFull, errors.OutOfMemory, errors.TooManyConnections),
        "the server has no room",
        "free some space, or let more connections in; the log goes on by itself",
        Cause.FULL,
    ),
    (
        (errors.DataCorrupted, errors.IndexCorrupted, errors.RaiseException, errors.IntegrityError),
        "it refused a row that does not continue it, or is damaged",
        "stop every service on it, keep it as it is and restore a backup",
        Cause.DAMAGED,
    ),
    (
        (errors.InsufficientPrivilege, errors.InvalidPassword, errors.InvalidAuthorizationSpecification),
        "access is refused",
        "check the user and password in OSTIARY_LOG and what that user is granted",
        Cause.OTHER,
    ),
    (
        (errors.ReadOnlySqlTransaction,),
        "it may not be written",
        "connect to the primary server; the log goes on by itself",
        Cause.OTHER,
    ),
    ((errors.InvalidCatalogName,), "there is no such database", "create it, or correct OSTIARY_LOG", Cause.OTHER),
)
_GONE = (
    "the server cannot be reached",
    "check that it runs and can be reached; the log goes on by itself",
    Cause.OTHER,
)


def unavailable(name: str, error: psycopg.Error) -> LogUnavailable:
    """What stands between the service and the database `name`, and what removes it, in one sentence."""
    known = [row[1:] for row in _WORDS if isinstance(error, row[0])]
    what, remedy, cause = known[0] if known else _GONE
    # The server's first line; what follows it may quote a row.
    words = str(error).strip().partition("\n")[0]
    return LogUnavailable(f"{name}: {what} ({type(error).__name__}: {words}); {remedy}", cause=cause)
