"""The log and the keys in one PostgreSQL database."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from engine.audit.store.postgresql.connecting import shown
from engine.audit.store.postgresql.schema import migrate
from engine.audit.store.postgresql.session import PostgresConnection
from engine.audit.store.postgresql.source import PostgresSource
from engine.audit.store.readers import Readers
from engine.audit.store.tail import RESTORE, find_flaw
from engine.audit.unavailable import Cause, LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from engine.audit.store.protocol import Session


_PAUSE = 0.02
_SIGNING_SECONDS = 10
_LOCK = "SELECT pg_advisory_lock(hashtext('ostiary.signing'))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtext('ostiary.signing'))"
_KEYS = ("vault_key", "vault_account", "vault_hold", "vault_state")


class _Transaction:
    """One transaction for log and keys, so neither can be there without the other."""

    def __init__(self, session: PostgresConnection) -> None:
        self._session = session
        self.log: Session = session
        self.keys: Session = session

    def commit(self) -> None:
        self._session.commit()


class PostgresStore:
    """The store at a PostgreSQL URL, made and brought up to date if need be.

    The row of `log_state` is the sequencer: whoever has it locked may append. Isolation levels are not relied upon.
    """

    def __init__(self, url: str, seconds: float) -> None:
        self.name = shown(url)
        self.waiting_for = f"{self.name}: another service keeps the log's turn; see pg_locks for who holds it"
        self._url = url
        self._readers = Readers(self.name, self._connect)
        self._signers = Readers(self.name, self._connect_to_sign)
        self._writer: PostgresConnection | None = self._connect()
        try:
            _prepare(self._writer, self.name, seconds)
        except LogUnavailable:
            self.discard()
            raise

    def turn(self) -> AbstractContextManager[None]:
        """Nothing to wait for here: `begin` takes the row."""
        return contextlib.nullcontext()

    def begin(self) -> _Transaction:
        """A transaction that holds the sequencer's row."""
        writer = self._open_writer()
        try:
            writer.execute("BEGIN; SELECT size FROM log_state FOR UPDATE")
        except LogUnavailable as trouble:
            if trouble.cause is Cause.BUSY:
                writer.execute("ROLLBACK")
            raise
        return _Transaction(writer)

    def discard(self) -> None:
        """Give up the connection that writes."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def scrub(self) -> None:
        """Write the tables of the keys anew, and make room where boxes were: without their keys nothing opens those.

        The server keeps copies elsewhere for a time: see docs/retention.md.
        """
        writer = self._open_writer()
        try:
            for table in _KEYS:
                writer.run_patiently(f"VACUUM FULL {table}")
            writer.run_patiently("VACUUM sealed")
        except LogUnavailable as trouble:
            if trouble.cause is Cause.BUSY:
                raise LogUnavailable(
                    f"{self.name}: another session keeps reading the keys, so copies of what was deleted are still "
                    "there; end it, pg_locks says which it is, and repeat the command"
                ) from trouble
            raise

    def reading(self) -> AbstractContextManager[Session]:
        """A connection for the body alone."""
        return self._readers.borrow()

    def reading_keys(self) -> AbstractContextManager[Session]:
        """The same: keys are in the same database."""
        return self._readers.borrow()

    @contextlib.contextmanager
    def signing_turn(self) -> Iterator[None]:
        """An advisory lock of the database, which ends with its connection.

        Raises:
            LogUnavailable: another service has had it for ten seconds; a signature takes a small part of one.
        """
        with self._signers.borrow() as session:
            try:
                session.execute(_LOCK)
            except LogUnavailable as trouble:
                if trouble.cause is Cause.BUSY:
                    raise LogUnavailable(
                        f"{self.name}: another service keeps the turn to sign; see pg_locks for which, and end it if "
                        "it has halted; the log goes on by itself"
                    ) from trouble
                raise
            try:
                yield
            finally:
                # If it fails the connection is gone, and the lock with it.
                with contextlib.suppress(LogUnavailable):
                    session.execute(_UNLOCK)

    def source(self) -> PostgresSource:
        """A snapshot of the database."""
        return PostgresSource(self.name, self._url)

    def back_up(self, directory: str) -> None:
        """PostgreSQL has tools of its own for that."""
        raise LogUnavailable(
            f"{self.name}: not backed up to `{directory}`: use pg_dump or pg_basebackup for a PostgreSQL log, "
            "or `ostiary log export` for a copy that can be verified"
        )

    def stop_reading(self) -> None:
        """Close the connections that read, and those that sign."""
        self._readers.close()
        self._signers.close()

    def close(self) -> None:
        """Close whatever is open."""
        self.stop_reading()
        self.discard()

    def _open_writer(self) -> PostgresConnection:
        if self._writer is not None and not self._writer.is_usable():
            # It went while nothing was under way, so nothing is lost with it.
            self.discard()
        if self._writer is None:
            self._writer = self._connect()
        return self._writer

    def _connect(self) -> PostgresConnection:
        return PostgresConnection(self.name, self._url)

    def _connect_to_sign(self) -> PostgresConnection:
        connection = self._connect()
        connection.wait_for_locks(_SIGNING_SECONDS)
        return connection


def _prepare(writer: PostgresConnection, name: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            migrate(writer, name)
            break
        except LogUnavailable as trouble:
            if trouble.cause is not Cause.BUSY or time.monotonic() > end:
                raise
            # Another service that starts at the same time makes the tables.
            writer.execute("ROLLBACK")
            time.sleep(_PAUSE)
    # In one snapshot, as other services may be appending.
    writer.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    flaw = find_flaw(writer)
    writer.execute("COMMIT")
    if flaw is not None:
        raise LogUnavailable(f"{name}: {flaw}; {RESTORE}")
