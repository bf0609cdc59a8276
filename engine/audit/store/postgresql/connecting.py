"""A connection to PostgreSQL whose answers are not waited for without end."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import waiting
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow

from engine.audit.store.postgresql.errors import unavailable
from engine.audit.unavailable import LogUnavailable

if TYPE_CHECKING:
    from psycopg.abc import PQGen

CONNECT_SECONDS = 5
SILENCE_SECONDS = 5.0
"""How long a server may say nothing at all before it is taken for one that has halted."""
LOCK_MILLISECONDS = 1_000

# What the URL may say otherwise. A server that has gone without a word is noticed in seconds, not in the hours of the
# system's default.
_DEFAULTS = {
    "connect_timeout": CONNECT_SECONDS,
    "application_name": "ostiary",
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
# What neither the URL nor the user's settings on the server may say otherwise.
_OPTIONS = (
    f"-c lock_timeout={LOCK_MILLISECONDS} -c statement_timeout=0 -c synchronous_commit=on "
    "-c default_transaction_isolation=read\\ committed"
)
_Result = TypeVar("_Result")


class _SilenceError(psycopg.OperationalError):
    """The server has said nothing for too long."""


class PatientConnection(psycopg.Connection[TupleRow]):
    """Gives up when the server has said nothing for `patience` seconds; None waits for as long as it takes."""

    patience: float | None = SILENCE_SECONDS

    def wait(self, gen: PQGen[_Result], *how: Any, **named: Any) -> _Result:  # noqa: ANN401  as the driver has them
        """Run one exchange with the server."""
        try:
            return super().wait(gen if self.patience is None else _within(gen, self.patience), *how, **named)
        except _SilenceError:
            # What it would answer one day belongs to nobody any more.
            self.close()
            raise

    def is_usable(self) -> bool:
        """Whether an idle connection is still there, found out without asking the server.

        A server that ended it has said so: then there is something to read, where nothing is due.
        """
        if self.closed:
            return False
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        return not poll.poll(0)


def _within(gen: PQGen[_Result], seconds: float) -> PQGen[_Result]:
    """The same exchange, ended by an error once nothing has been heard for so long."""
    heard = time.monotonic()
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if ready != waiting.READY_NONE:
                heard = time.monotonic()
            elif time.monotonic() - heard > seconds:
                raise _SilenceError(f"no answer for {seconds:g} s")
            wanted = gen.send(ready)
    except StopIteration as end:
        result: _Result = end.value
        return result


def connect(name: str, url: str) -> PatientConnection:
    """A connection on which each statement is a transaction of its own unless BEGIN says otherwise.

    Raises:
        LogUnavailable: the server cannot be reached, or refuses.
    """
    given = parts_of(url)
    options = f"{given.pop('options', '') or ''} {_OPTIONS}"
    try:
        return PatientConnection.connect(
            autocommit=True, client_encoding="utf8", options=options, **{**_DEFAULTS, **given}
        )
    except psycopg.Error as error:
        raise unavailable(name, error) from error


def shown(url: str) -> str:
    """The URL without user and password. Raises LogUnavailable if it is none."""
    parts = parts_of(url)
    host = parts.get("host") or "localhost"
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgresql://{host}{port}/{parts.get('dbname') or ''}"


def parts_of(url: str) -> dict[str, Any]:
    """What the URL says, by the driver's names."""
    try:
        return dict(conninfo_to_dict(url))
    except psycopg.Error:
        # Without the driver's words, which could quote the password.
        raise LogUnavailable(
            "OSTIARY_LOG: it is not a URL of PostgreSQL; write `postgresql://user@host:5432/name`, with `%40` for an @ "
            "in a name or password"
        ) from None
