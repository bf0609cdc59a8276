"""A log in PostgreSQL as the verifier reads it: one snapshot, whatever is appended meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from engine.audit.store.postgresql.session import connect
from engine.audit.verify import BATCH, QUERIES, Damaged, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class PostgresSource:
    """The `Source` of the verifier over a URL. Close it after use."""

    is_export = False

    def __init__(self, name: str, url: str) -> None:
        """Begin the snapshot.

        Raises:
            LogUnavailable: the server cannot be reached.
        """
        self.name = name
        self._connection = connect(name, url)
        self._connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def structure(self) -> Sequence[str]:
        """Nothing: the server's checksums are its own business, and every row that matters is hashed."""
        return ()

    def entries(self, start: int = 0) -> Iterator[Sequence[Row]]:
        """Rows (index, kind, id, leaf, body) in batches, by index from `start`."""
        sql = 'SELECT "index", kind, id, leaf, body FROM entry WHERE "index" >= %s ORDER BY "index"'
        with self._cursor("entries") as cursor:
            try:
                cursor.execute(sql, (start,))
                while rows := cursor.fetchmany(BATCH):
                    yield rows
            except psycopg.Error as error:
                raise Damaged(f"{self.name}: the entries cannot be read: {error}") from error

    def rows(self, table: str) -> Iterator[Row]:
        """The rows that QUERIES says, in batches."""
        with self._cursor(table) as cursor:
            try:
                cursor.execute(QUERIES[table])
                while rows := cursor.fetchmany(BATCH):
                    yield from rows
            except psycopg.Error as error:
                raise Damaged(f"{self.name}: the table `{table}` cannot be read: {error}") from error

    def tile(self, level: int, index: int) -> object:
        """The hashes of a tile, None if it is not there."""
        row = self._connection.execute(
            'SELECT hashes FROM tile WHERE level = %s AND "index" = %s', (level, index)
        ).fetchone()
        return None if row is None else row[0]

    def close(self) -> None:
        """End the snapshot."""
        self._connection.close()

    def _cursor(self, name: str) -> psycopg.ServerCursor[Any]:
        # Kept by the server, which hands out a batch at a time: a log does not fit into memory.
        return psycopg.ServerCursor(self._connection, name, withhold=False)
