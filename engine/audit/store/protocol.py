"""What the log asks of a database. Whatever goes wrong in it is raised as LogUnavailable, in words for an operator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

from engine.audit.verify import Source

Value: TypeAlias = int | str | bytes | None


class Session(Protocol):
    """Statements in the SQL that SQLite and PostgreSQL share: `?` for parameters, `"index"` and `"case"` in quotes."""

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """Run one statement; its rows, if it has any."""

    def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement for each of `rows`."""


class Connection(Session, Protocol):
    """A session of its own."""

    def is_usable(self) -> bool:
        """Whether it is still there after it has lain idle; asked often, so it must cost next to nothing."""

    def close(self) -> None:
        """End it; what it has not committed is undone."""


class Transaction(Protocol):
    """The one write transaction that may be under way: the log, and the customers' keys, which may lie elsewhere.

    Where they do, the keys are committed first: a crash in between leaves a key that nothing uses, never an entry
    without its key.
    """

    @property
    def log(self) -> Session:
        """The tables of the log."""

    @property
    def keys(self) -> Session:
        """The tables of the vault's keys."""

    def commit(self) -> None:
        """Make it durable.

        Raises:
            LogUnavailable: it is not known to be durable; `may_be_logged` says whether it may stand all the same.
        """


class ClosableSource(Source, Protocol):
    """A log to verify, to be closed after use."""

    def close(self) -> None:
        """End the snapshot."""


class Store(Protocol):
    """A database that holds one log.

    `name` is how messages call it; `waiting_for` says what is in the way while a turn or a lock is waited for.
    """

    name: str
    waiting_for: str

    def turn(self) -> AbstractContextManager[None]:
        """This process's turn to write, waited for as long as it takes."""

    def begin(self) -> Transaction:
        """A write transaction, within the turn.

        Raises:
            LogUnavailable: with cause BUSY, waiting is all that is needed.
        """

    def discard(self) -> None:
        """Give up the connections that write, and with them what they have not committed."""

    def scrub(self) -> None:
        """Leave no copy of deleted rows behind, as far as the database can; within the turn."""

    def reading(self) -> AbstractContextManager[Session]:
        """A connection to the log for the body alone, which sees what is committed."""

    def reading_keys(self) -> AbstractContextManager[Session]:
        """A connection to the keys, likewise."""

    def signing_turn(self) -> AbstractContextManager[None]:
        """The turn to sign, one process at a time, waited for as long as it takes."""

    def source(self) -> ClosableSource:
        """What the verifier reads: the log in one snapshot.

        Raises:
            LogUnavailable: it cannot be read.
            Damaged: it cannot be read as a log.
        """

    def back_up(self, directory: str) -> None:
        """Copy log and keys, as they are at one moment each, into an existing directory.

        Raises:
            LogUnavailable: it could not be written, or this kind of database has tools of its own for that.
        """

    def stop_reading(self) -> None:
        """Close the connections that read."""

    def close(self) -> None:
        """Close whatever is open."""
