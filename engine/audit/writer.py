"""The one thread that writes: it takes what waits, commits it as one transaction and tells every caller the outcome."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from engine.audit.rows import write_rows
from engine.audit.tickets import Ticket, TicketQueue
from engine.audit.tiles import TileError
from engine.audit.unavailable import Cause, LogUnavailable, damaged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.audit.entry import Receipt
    from engine.audit.store import Store, Transaction

MOST_ENTRIES = 128
_GRACE = 5.0
_PAUSE = 0.02


class Writer:
    """Group commit over one connection.

    While one transaction is being flushed the next group collects in the queue, so the more callers, the fewer flushes
    per entry. Locks are waited for *before* anything is taken from the queue: a caller whose deadline passes meanwhile
    takes its ticket back and knows that nothing will be written behind its back.

    After a transaction has failed its connection is not used again. Every ticket in it is refused, even though a commit
    whose flush failed may turn out to stand; the next transaction reads the size from the store, so neither case leaves
    a hole or gives an index twice, and appending the same entry again finds it by its id.
    """

    def __init__(self, store: Store) -> None:
        self.commits = 0
        self._store = store
        self._queue = TicketQueue(store.name)
        self._obstacle: str | None = None
        self._waiting_for: str | None = "the writer has not come to it"
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def submit(self, ticket: Ticket, seconds: float) -> tuple[Receipt, ...]:
        """Block until the ticket is committed; receipts in the order of its entries.

        Raises:
            LogUnavailable: it was refused or withdrawn, or what became of it is not known (`may_be_logged`).
            ValueError: an id in it belongs to another entry.
        """
        self._queue.put(ticket)
        try:
            return ticket.future.result(seconds)
        except TimeoutError:
            if self._queue.withdraw(ticket):
                self._obstacle = f"{self._in_the_way()} (gave up after {seconds:g} s)"
                raise LogUnavailable(self._obstacle) from None
        try:
            return ticket.future.result(_GRACE)
        except TimeoutError:
            self._obstacle = f"{self._store.name}: the disk does not answer; check it, then restart the service"
            raise LogUnavailable(self._obstacle, may_be_logged=True) from None

    def obstacle(self, seconds: float) -> str | None:
        """Why an append would fail now, or None. After trouble it is found out by a commit that adds no entry."""
        if self._queue.closed is None and self._obstacle is not None:
            try:
                self.submit(Ticket(), seconds)
            except LogUnavailable as unavailable:
                return unavailable.reason
        return self._queue.closed

    def stop(self, reason: str) -> None:
        """Write nothing more until the service is started again, because going on could make things worse."""
        self._queue.close(reason)
        _refuse(self._queue.take(), reason)

    def close(self, seconds: float) -> None:
        """Refuse what comes from now on, write what waits, and stop; what cannot be written in `seconds` is refused."""
        self._queue.close(f"{self._store.name}: the log is closed; start the service again")
        self._is_closing.set()
        self._thread.join(seconds)
        if self._thread.is_alive():
            _refuse(self._queue.take(), f"{self._in_the_way()} (the log was being closed)")

    def _ended(self) -> str:
        return f"{self._store.name}: the writer has ended; restart the service"

    def _in_the_way(self) -> str:
        return self._waiting_for or self._store.waiting_for

    def _run(self) -> None:
        try:
            while self._queue.wait():
                self._waiting_for = None
                with self._store.turn():
                    self._write()
        finally:
            # Reached with the queue open only if the code above is wrong: then nobody may be left waiting.
            self.stop(self._ended())
            with self._store.turn():
                self._store.discard()
            # Those who read go on until the log is closed.
            self._is_closing.wait()
            self._store.close()

    def _write(self) -> None:
        """One transaction, within the turn."""
        try:
            transaction = self._store.begin()
        except LogUnavailable as trouble:
            if trouble.cause is Cause.BUSY:
                time.sleep(_PAUSE)
            else:
                self._fail(self._queue.take(), trouble)
            return
        self._waiting_for = f"{self._store.name}: the disk is slow to flush; see what else keeps it busy"
        tickets = self._queue.take(MOST_ENTRIES)
        try:
            self._commit(transaction, tickets)
        except LogUnavailable as trouble:
            self._fail(tickets, trouble)
        except TileError as error:
            self._fail(tickets, damaged(self._store.name, f"the tree is not that of the entries ({error})"))
        except BaseException:
            # A defect, after which nothing is written any more. Those whom `_run` does not find waiting are told here.
            _refuse(tickets, self._ended(), may_be_logged=True)
            raise

    def _commit(self, transaction: Transaction, tickets: Sequence[Ticket]) -> None:
        outcomes = write_rows(transaction, tickets)
        is_undone = any(ticket.change for ticket in tickets) and isinstance(outcomes[0], ValueError)
        if is_undone:
            self._store.discard()
        else:
            transaction.commit()
            self.commits += 1
            self._obstacle = None
            if any(ticket.scrubs for ticket in tickets):
                self._scrub()
        for ticket, outcome in zip(tickets, outcomes, strict=True):
            if isinstance(outcome, ValueError):
                ticket.future.set_exception(outcome)
            else:
                ticket.future.set_result(outcome)

    def _scrub(self) -> None:
        try:
            self._store.scrub()
        except LogUnavailable as trouble:
            # What was to be deleted is; only copies of it may be left, until this succeeds.
            trouble.may_be_logged = True
            raise

    def _fail(self, tickets: Sequence[Ticket], trouble: LogUnavailable) -> None:
        """Refuse the tickets and give up the connection, which undoes what it had not committed."""
        self._obstacle = trouble.reason
        self._store.discard()
        if trouble.cause is Cause.DAMAGED:
            self.stop(trouble.reason)
        _refuse(tickets, trouble.reason, may_be_logged=trouble.may_be_logged)


def _refuse(tickets: Sequence[Ticket], reason: str, *, may_be_logged: bool = False) -> None:
    # One exception for each: threads that raise a shared one would write into each other's traceback.
    for ticket in tickets:
        if not ticket.future.done():
            ticket.future.set_exception(LogUnavailable(reason, may_be_logged=may_be_logged))
