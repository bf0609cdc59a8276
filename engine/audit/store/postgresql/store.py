"""The log and the keys in one PostgreSQL database."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from psycopg.conninfo import conninfo_to_dict

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


class _Transaction:
    """One transaction for log and keys, so neither can be there without the other."""

    def __init__(self, session: PostgresConnection) -> None:
        self.log: Session = session
        self.keys: Session = session

    def commit(self) -> None:
        try:
            self.log.execute("COMMIT")
        except LogUnavailable as trouble:
            # The answer may have been lost on its way back from a commit that took place.
            trouble.may_be_logged = trouble.cause is not Cause.FULL
            raise


class PostgresStore:
    """The store at a PostgreSQL URL, made and brought up to date if need be.

    The row of `log_state` is the sequencer: whoever has it locked may append. Isolation levels are not relied upon
    for that.
    """

    def __init__(self, url: str) -> None:
        self.name = shown(url)
        self.waiting_for = f"{self.name}: another service keeps the log's turn; see pg_locks for who holds it"
        self._url = url
        self._readers = Readers(self.name, self._connect)
        self._writer: PostgresConnection | None = self._connect()
        try:
            self._prepare(self._writer)
        except LogUnavailable:
            self.discard()
            raise

    def _prepare(self, writer: PostgresConnection) -> None:
        migrate(writer, self.name)
        # The state and the entries have to be of one moment: other services may be appending.
        writer.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        flaw = find_flaw(writer)
        writer.execute("COMMIT")
        if flaw is not None:
            raise LogUnavailable(f"{self.name}: {flaw}; {RESTORE}")

    def turn(self) -> AbstractContextManager[None]:
        """Nothing to wait for here: `begin` takes the row."""
        return contextlib.nullcontext()

    def begin(self) -> _Transaction:
        """A transaction that holds the sequencer's row."""
        if self._writer is None:
            self._writer = self._connect()
        writer = self._writer
        writer.execute("BEGIN")
        try:
            writer.execute("SELECT size FROM log_state FOR UPDATE")
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
        """Rewrite the tables that rows were deleted from; see docs/retention.md on what the server keeps elsewhere."""
        if self._writer is None:
            self._writer = self._connect()
        for table in ("vault_key", "vault_account", "vault_hold", "sealed"):
            self._writer.execute(f"VACUUM FULL {table}")

    def reading(self) -> AbstractContextManager[Session]:
        """A connection for the body alone."""
        return self._readers.borrow()

    def reading_keys(self) -> AbstractContextManager[Session]:
        """The same: keys are in the same database."""
        return self._readers.borrow()

    @contextlib.contextmanager
    def signing_turn(self) -> Iterator[None]:
        """An advisory lock of the database, which ends with its connection."""
        connection = self._connect()
        try:
            connection.execute("SET lock_timeout = 0")
            connection.execute("SELECT pg_advisory_lock(hashtext('ostiary.signing'))")
            yield
        finally:
            connection.close()

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
        """Close the connections that read."""
        self._readers.close()

    def close(self) -> None:
        """Close whatever is open."""
        self.stop_reading()
        self.discard()

    def _connect(self) -> PostgresConnection:
        return PostgresConnection(self.name, self._url)


def shown(url: str) -> str:
    """The URL without user and password."""
    parts = conninfo_to_dict(url)
    host = parts.get("host") or "localhost"
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgresql://{host}{port}/{parts.get('dbname') or ''}"
