"""A connection to PostgreSQL as a session."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import psycopg

from engine.audit.store.postgresql.connecting import SILENCE_SECONDS, connect
from engine.audit.store.postgresql.errors import unavailable
from engine.audit.unavailable import LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.audit.store.protocol import Value

_SETTINGS = {
    "fsync": (("on",), "set it in postgresql.conf"),
    "full_page_writes": (("on",), "set it in postgresql.conf"),
    "synchronous_commit": (("on", "remote_apply"), "connect without a proxy that changes it"),
    "lock_timeout": (("1s",), "connect without a proxy that changes it"),
    "server_encoding": (("UTF8",), "make a database with `ENCODING 'UTF8'`"),
}
"""What durability and the rows rest on: values, and what to do if it is another."""
_SHOW = "SELECT " + ", ".join(f"current_setting('{setting}')" for setting in _SETTINGS)


class PostgresConnection:
    """Statements on one connection, each a transaction of its own unless BEGIN says otherwise."""

    def __init__(self, name: str, url: str) -> None:
        """Connect, with every setting that durability rests on read back.

        Raises:
            LogUnavailable: the server cannot be reached, refuses, or does not flush what it commits.
        """
        self._name = name
        self._connection = connect(name, url)
        self._warnings: list[str] = []
        self._connection.add_notice_handler(self._hear)
        try:
            self._check_settings()
        except LogUnavailable:
            self.close()
            raise

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """Run one statement; its rows, if it has any."""
        try:
            cursor = self._connection.execute(_translated(sql), parameters or None)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise unavailable(self._name, error) from error

    def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement for each of `rows`, sent together."""
        several = list(rows)
        if len(several) == 1:
            # A pipeline of one takes two answers more.
            self.execute(sql, several[0])
            return
        try:
            with self._connection.cursor() as cursor:
                cursor.executemany(_translated(sql), several)
        except psycopg.Error as error:
            raise unavailable(self._name, error) from error

    def commit(self) -> None:
        """Commit, and believe it only if the server has nothing to add.

        Raises:
            LogUnavailable: the server did not commit, or nobody knows, or it did and a standby has not confirmed it.
        """
        self._warnings.clear()
        try:
            answer = self._connection.execute("COMMIT").statusmessage
        except psycopg.Error as error:
            trouble = unavailable(self._name, error)
            # The answer may have been lost on its way back from a commit that took place.
            trouble.may_be_logged = True
            raise trouble from error
        if answer != "COMMIT":
            raise LogUnavailable(f"{self._name}: the server undid a transaction ({answer}); see its messages for why")
        if self._warnings:
            # A wait for a standby that is cancelled ends as a commit, with a warning.
            raise LogUnavailable(
                f"{self._name}: a commit stands on the server but perhaps on no standby ({self._warnings[0]}); see "
                "pg_stat_replication for what holds up the standby; the log goes on by itself",
                may_be_logged=True,
            )

    def run_patiently(self, sql: str) -> None:
        """Run a statement that may take long.

        Raises:
            LogUnavailable: it failed, or the server only warns of what it has left undone.
        """
        self._warnings.clear()
        usual, self._connection.patience = self._connection.patience, None
        try:
            self.execute(sql)
        finally:
            self._connection.patience = usual
        if self._warnings:
            raise LogUnavailable(
                f"{self._name}: `{sql}` was not done ({self._warnings[0]}); let the user in OSTIARY_LOG own the tables"
            )

    def wait_for_locks(self, seconds: int) -> None:
        """From now on, wait for locks for so long."""
        self.execute(f"SET lock_timeout = '{seconds}s'")
        self._connection.patience = seconds + SILENCE_SECONDS

    def is_usable(self) -> bool:
        """Whether it is still there after it has lain idle."""
        return self._connection.is_usable()

    def close(self) -> None:
        """End it; the server undoes what is not committed."""
        self._connection.close()

    def _check_settings(self) -> None:
        (actual,) = self.execute(_SHOW)
        for (setting, (wanted, remedy)), value in zip(_SETTINGS.items(), actual, strict=True):
            if value not in wanted:
                raise LogUnavailable(
                    f"{self._name}: the server runs with {setting} = {value} where the log needs {wanted[0]}; {remedy}"
                )

    def _hear(self, notice: psycopg.errors.Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            self._warnings.append(notice.message_primary or "a warning")


@lru_cache(maxsize=256)
def _translated(sql: str) -> bytes:
    """The statement with the parameters of the driver; none of ours has a `?` or `%` in it otherwise."""
    return sql.replace("?", "%s").encode()
