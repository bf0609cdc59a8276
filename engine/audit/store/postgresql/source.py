"""A log in PostgreSQL as the verifier reads it: one snapshot, whatever is appended meanwhile."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors

from engine.audit.store.postgresql.connecting import connect
from engine.audit.store.postgresql.errors import unavailable
from engine.audit.verify import BATCH, QUERIES, Damaged, Row, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DAMAGE = (errors.DataCorrupted, errors.IndexCorrupted, errors.UndefinedTable, errors.UndefinedColumn)
_SILENCE_SECONDS = 60.0
"""A large table may take a while until its first row comes."""


class PostgresSource:
    """The `Source` of the verifier over a URL. Close it after use."""

    is_export = False

    def __init__(self, name: str, url: str) -> None:
        """Begin the snapshot.

        Raises:
            LogUnavailable: the server cannot be reached.
            Damaged: the tables of a log are not all there.
        """
        self.name = name
        self._connection = connect(name, url)
        self._connection.patience = _SILENCE_SECONDS
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def structure(self) -> Sequence[str]:
        """Nothing: the server's checksums are its own business, and every row that matters is hashed."""
        return ()

    def entries(self, start: int = 0) -> Iterator[Sequence[Row]]:
        """Rows (index, kind, id, leaf, body) in batches, by index from `start`."""
        sql = 'SELECT "index", kind, id, leaf, body FROM entry WHERE "index" >= %s ORDER BY "index"'
        yield from self._batches("entry", sql, start)

    def rows(self, table: str) -> Iterator[Row]:
        """The rows that QUERIES says."""
        for batch in self._batches(table, QUERIES[table]):
            yield from batch

    def tile(self, level: int, index: int) -> object:
        """The hashes of a tile, None if it is not there."""
        with self._reading("the table `tile`"):
            row = self._connection.execute(
                'SELECT hashes FROM tile WHERE level = %s AND "index" = %s', (level, index)
            ).fetchone()
        return None if row is None else row[0]

    def close(self) -> None:
        """End the snapshot."""
        self._connection.close()

    def _begin(self) -> None:
        with self._reading("the database"):
            self._connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            missing = self._connection.execute(
                "SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(name) IS NULL", (["entry", *QUERIES],)
            ).fetchall()
        if missing:
            raise Damaged(
                f"{self.name}: there is no table `{'`, `'.join(row[0] for row in missing)}`; the database holds no "
                "log, or its schema was changed"
            )

    def _batches(self, table: str, sql: str, *parameters: int) -> Iterator[Sequence[Row]]:
        # Kept by the server, which hands out a batch at a time: a log does not fit into memory.
        cursor = psycopg.ServerCursor[Any](self._connection, table, withhold=False)
        what = f"the table `{table}`"
        try:
            with self._reading(what):
                cursor.execute(sql.encode(), parameters or None)
            while True:
                with self._reading(what):
                    rows = cursor.fetchmany(BATCH)
                if not rows:
                    break
                yield rows
        finally:
            with contextlib.suppress(psycopg.Error):
                cursor.close()

    @contextlib.contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as error:
            raise Damaged(f"{self.name}: {what} cannot be read: {error}") from error
        except psycopg.Error as error:
            # Such as a server that went away, which says nothing of the log.
            raise Unreadable(unavailable(self.name, error).reason) from error
