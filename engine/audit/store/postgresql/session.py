"""A connection to PostgreSQL as a session."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import psycopg

from engine.audit.store.postgresql.errors import unavailable
from engine.audit.unavailable import LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.audit.store.protocol import Value

CONNECT_SECONDS = 5
LOCK_MILLISECONDS = 1_000
_OPTIONS = (
    f"-c lock_timeout={LOCK_MILLISECONDS} -c synchronous_commit=on -c default_transaction_isolation=read\\ committed"
)
_SETTINGS = {"fsync": ("on",), "full_page_writes": ("on",), "synchronous_commit": ("on", "remote_apply")}


def connect(name: str, url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection on which each statement is a transaction of its own unless BEGIN says otherwise.

    Raises:
        LogUnavailable: the server cannot be reached, or refuses.
    """
    try:
        return psycopg.connect(
            url,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            options=_OPTIONS,
            application_name="ostiary",
            # A server that has gone without a word is noticed in seconds, not in the hours of the system's default.
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=10_000,
        )
    except psycopg.Error as error:
        raise unavailable(name, error) from error


class PostgresConnection:
    """Statements on one connection, each a transaction of its own unless BEGIN says otherwise."""

    def __init__(self, name: str, url: str) -> None:
        """Connect, with every setting that durability rests on read back.

        Raises:
            LogUnavailable: the server cannot be reached, refuses, or does not flush what it commits.
        """
        self._name = name
        self._connection = connect(name, url)
        for setting, wanted in _SETTINGS.items():
            ((actual,),) = self.execute(f"SHOW {setting}")
            if actual not in wanted:
                self.close()
                raise LogUnavailable(
                    f"{name}: the server runs with {setting} = {actual} where the log needs {wanted[0]}; "
                    "set it in postgresql.conf"
                )

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """Run one statement; its rows, if it has any."""
        try:
            cursor = self._connection.execute(_translated(sql), parameters or None)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise unavailable(self._name, error) from error

    def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement for each of `rows`, sent together."""
        try:
            with self._connection.cursor() as cursor:
                cursor.executemany(_translated(sql), rows)
        except psycopg.Error as error:
            raise unavailable(self._name, error) from error

    def close(self) -> None:
        """End it; the server undoes what is not committed."""
        self._connection.close()


@lru_cache(maxsize=256)
def _translated(sql: str) -> bytes:
    """The statement with the parameters of the driver; none of ours has a `?` or `%` in it otherwise."""
    return sql.replace("?", "%s").encode()
