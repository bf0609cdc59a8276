"""PostgreSQL's errors in words an operator can act on."""

from __future__ import annotations

import attrs
import psycopg
from psycopg import errors

from engine.audit.unavailable import Cause, LogUnavailable


@attrs.frozen
class _Trouble:
    """One kind of trouble, known by the class of the error.

    A refusal to connect has no class of its own, so it is known by the `phrases` of an English-speaking server; another
    gets the sentence for a server that cannot be reached, with its own words in it.
    """

    classes: tuple[type[psycopg.Error], ...]
    what: str
    remedy: str
    cause: Cause = Cause.OTHER
    phrases: tuple[str, ...] = ()


_KNOWN = (
    _Trouble(
        (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure),
        "another service keeps the log's turn",
        "see pg_locks for who holds it; the log goes on by itself",
        Cause.BUSY,
    ),
    _Trouble(
        (errors.QueryCanceled,),
        "somebody cancelled what it was doing",
        "leave its sessions alone; the log goes on by itself",
        Cause.BUSY,
    ),
    _Trouble(
        (errors.DiskFull, errors.OutOfMemory),
        "the server has no room",
        "free some space; the log goes on by itself",
        Cause.FULL,
    ),
    _Trouble(
        (errors.TooManyConnections,),
        "the server lets no more connections in",
        "raise max_connections or the user's limit, each process needs about ten; the log goes on by itself",
        phrases=("too many connections", "too many clients", "remaining connection slots"),
    ),
    _Trouble(
        (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction, errors.InvalidSchemaName),
        "a part of its tables is missing",
        "see that OSTIARY_LOG names the right database and schema; if it does, keep it as it is and restore a backup",
        Cause.DAMAGED,
    ),
    _Trouble(
        (errors.DataCorrupted, errors.IndexCorrupted, errors.RaiseException, errors.IntegrityError),
        "it refused a row that does not continue it, or is damaged",
        "stop every service on it, keep it as it is and restore a backup",
        Cause.DAMAGED,
    ),
    _Trouble(
        (errors.InsufficientPrivilege, errors.InvalidPassword, errors.InvalidAuthorizationSpecification),
        "access is refused",
        "check the user and password in OSTIARY_LOG, pg_hba.conf, and what that user is granted",
        phrases=(
            "password authentication failed",
            "no password supplied",
            "no pg_hba.conf entry",
            "authentication failed for user",
            "is not permitted to log in",
            "permission denied",
            "FATAL:  role ",
        ),
    ),
    _Trouble(
        (errors.ReadOnlySqlTransaction,),
        "it may not be written",
        "connect to the primary server, with `target_session_attrs=read-write` in OSTIARY_LOG if it has several hosts; "
        "the log goes on by itself",
        phrases=("session is read-only", "server is in hot standby mode"),
    ),
    _Trouble(
        (errors.InvalidCatalogName,),
        "there is no such database",
        "create it with `createdb --encoding=UTF8`, or correct OSTIARY_LOG",
        phrases=("FATAL:  database ",),
    ),
    _Trouble(
        (errors.CannotConnectNow,),
        "the server is starting or stopping",
        "wait for it; the log goes on by itself",
        phrases=("the database system is ",),
    ),
    _Trouble(
        (),
        "no secure connection can be made",
        "check `sslmode` and `sslrootcert` in OSTIARY_LOG, and the server's certificate",
        phrases=("certificate verify failed", "server does not support SSL", "server certificate", "SSL error"),
    ),
)
_GONE = _Trouble((), "the server cannot be reached", "check that it runs and can be reached; the log goes on by itself")


def unavailable(name: str, error: psycopg.Error) -> LogUnavailable:
    """What stands between the service and the database `name`, and what removes it, in one sentence."""
    trouble = _of(error)
    # The server's first line; what follows it may quote a row.
    words = str(error).strip().partition("\n")[0]
    return LogUnavailable(
        f"{name}: {trouble.what} ({type(error).__name__}: {words}); {trouble.remedy}", cause=trouble.cause
    )


def _of(error: psycopg.Error) -> _Trouble:
    for trouble in _KNOWN:
        if isinstance(error, trouble.classes):
            return trouble
    if error.sqlstate is None:
        for trouble in _KNOWN:
            if any(phrase in str(error) for phrase in trouble.phrases):
                return trouble
    return _GONE
