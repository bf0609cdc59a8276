"""What callers hand to the writer: tickets in a bounded queue, each committed, withdrawn or refused as a whole."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

import attrs

from engine.audit.unavailable import LogUnavailable

if TYPE_CHECKING:
    from engine.audit.entry import Entry, Receipt
    from engine.audit.store import Transaction

# One ticket is let in while less than this is waiting, however large it is: a caller's batch is never split.
MOST_WAITING = 1_024
MOST_BYTES = 32 * 1024 * 1024


@attrs.frozen(eq=False)
class Ticket:
    """What one caller wants in one transaction; with neither entries nor a change, only to see a commit succeed.

    A `change` does what entries do not, in a transaction of its own with the ticket's entries. It runs before them, and
    if it raises a ValueError nothing of the ticket is written. With `scrubs`, no copy of what it deleted is left.
    """

    entries: tuple[Entry, ...] = ()
    change: Callable[[Transaction], None] | None = None
    scrubs: bool = False
    future: Future[tuple[Receipt, ...]] = attrs.field(init=False, factory=Future)
    size: int = attrs.field(init=False)

    @size.default
    def _measure(self) -> int:
        return sum(len(entry.body) + (len(entry.sealed.box) if entry.sealed else 0) for entry in self.entries)


class TicketQueue:
    """First in, first out, between any number of callers and one writer."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tickets: deque[Ticket] = deque()
        self._size = 0
        self._changed = threading.Condition(threading.Lock())
        self._closed: str | None = None

    @property
    def closed(self) -> str | None:
        """Why no ticket is let in any more."""
        return self._closed

    def put(self, ticket: Ticket) -> None:
        """Let a ticket in.

        Raises:
            LogUnavailable: the queue is closed, or full: then more is asked of the disk than it can write.
        """
        with self._changed:
            if self._closed is not None:
                raise LogUnavailable(self._closed)
            if len(self._tickets) >= MOST_WAITING or self._size >= MOST_BYTES:
                raise LogUnavailable(
                    f"{self._name}: {len(self._tickets)} appends are waiting already; try again in a second",
                    retry_after=1,
                )
            self._tickets.append(ticket)
            self._size += ticket.size
            self._changed.notify()

    def wait(self) -> bool:
        """Block until a ticket waits; false once the queue is closed and worked off."""
        with self._changed:
            while not self._tickets and self._closed is None:
                self._changed.wait()
            return bool(self._tickets)

    def take(self, most: int | None = None) -> list[Ticket]:
        """Tickets in order for one transaction of at least `most` entries, or all that wait if None.

        What is taken can no longer be withdrawn.
        """
        taken: list[Ticket] = []
        entries = 0
        with self._changed:
            while self._tickets and (most is None or entries < most):
                if most is not None and taken and (taken[-1].change or self._tickets[0].change):
                    break
                ticket = self._tickets.popleft()
                self._size -= ticket.size
                ticket.future.set_running_or_notify_cancel()
                taken.append(ticket)
                entries += len(ticket.entries)
        return taken

    def withdraw(self, ticket: Ticket) -> bool:
        """Take a ticket back out, so that it will never be written; false if the writer has it already."""
        with self._changed:
            if not ticket.future.cancel():
                return False
            self._tickets.remove(ticket)
            self._size -= ticket.size
            return True

    def close(self, reason: str) -> None:
        """Let nothing more in, for the first reason given; what waits can still be taken."""
        with self._changed:
            if self._closed is None:
                self._closed = reason
            self._changed.notify()
