"""Reading beside the writer: a pool of connections, one to a thread at a time."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from engine.audit.unavailable import LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.audit.store.protocol import Connection, Session


class Readers:
    """Connections that cannot write, opened when they are needed and kept for the next who asks."""

    def __init__(self, name: str, connect: Callable[[], Connection]) -> None:
        self._name = name
        self._connect = connect
        self._idle: list[Connection] = []
        self._mutex = threading.Lock()
        self._is_closed = False

    @contextlib.contextmanager
    def borrow(self) -> Iterator[Session]:
        """A connection for the body alone. Read it to the end there: an open query keeps old rows from being tidied.

        Raises:
            LogUnavailable: the log is closed, or cannot be read.
        """
        connection = self._checkout()
        try:
            yield connection
        except LogUnavailable:
            # What broke this one, such as a server that went away, has likely broken those that wait as well.
            connection.close()
            self._close_idle()
            raise
        except BaseException:
            self._give_back(connection)
            raise
        self._give_back(connection)

    def close(self) -> None:
        """Close every connection; those lent out follow when they come back."""
        with self._mutex:
            self._is_closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        with self._mutex:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _checkout(self) -> Connection:
        while True:
            with self._mutex:
                if self._is_closed:
                    raise LogUnavailable(f"{self._name}: the log is closed; start the service again")
                if not self._idle:
                    break
                connection = self._idle.pop()
            if connection.is_usable():
                return connection
            connection.close()
        return self._connect()

    def _give_back(self, connection: Connection) -> None:
        with self._mutex:
            if not self._is_closed:
                self._idle.append(connection)
                return
        connection.close()
