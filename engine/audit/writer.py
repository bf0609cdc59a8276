"""The one thread that writes: it takes what waits, commits it as one transaction and tells every caller the outcome."""

from __future__ import annotations

import sqlite3
import threading
import time
from typing import TYPE_CHECKING

from engine.audit.connection import checkpoint, closing_on_error, open_writer
from engine.audit.lock import FileLock, held_elsewhere
from engine.audit.tickets import Ticket, TicketQueue
from engine.audit.transaction import write_rows
from engine.audit.unavailable import LogUnavailable, explain, explain_lock, is_damage, is_full, is_locked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlite_utils import Database

    from engine.audit.entry import Receipt

MOST_ENTRIES = 128
_GRACE = 5.0
_PAUSE = 0.02


class Writer:
    """Group commit over one connection.

    While one transaction is being flushed the next group collects in the queue, so the more callers, the fewer flushes
    per entry. Locks are waited for *before* anything is taken from the queue: a caller whose deadline passes meanwhile
    takes its ticket back and knows that nothing will be written behind its back.

    After a transaction has failed its connection is not used again. Every ticket in it is refused, even though a commit
    whose flush failed may turn out to stand in the file; the next transaction reads the size from the file, so neither
    case leaves a hole or gives an index twice, and appending the same entry again finds it by its id.
    """

    def __init__(self, path: Path, lock: FileLock, db: Database) -> None:
        self.commits = 0
        self._path = path
        self._lock = lock
        self._db: Database | None = db
        self._identity = _identity(path)
        self._queue = TicketQueue(path)
        self._obstacle: str | None = None
        self._waiting_for = "the writer has not come to it"
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
                self._obstacle = f"{self._waiting_for} (gave up after {seconds:g} s)"
                raise LogUnavailable(self._obstacle) from None
        try:
            return ticket.future.result(_GRACE)
        except TimeoutError:
            self._obstacle = f"{self._path}: the disk does not answer; check it, then restart the service"
            raise LogUnavailable(self._obstacle, may_be_logged=True) from None

    def obstacle(self, seconds: float) -> str | None:
        """Why an append would fail now, or None. After trouble it is found out by a commit that adds no entry."""
        if self._queue.closed is None and self._obstacle is not None:
            try:
                self.submit(Ticket(), seconds)
            except LogUnavailable as unavailable:
                return unavailable.reason
        return self._queue.closed

    def close(self, seconds: float) -> None:
        """Refuse what comes from now on, write what waits, and stop; what cannot be written in `seconds` is refused."""
        self._queue.close(f"{self._path}: the log is closed; start the service again")
        self._thread.join(seconds)
        if self._thread.is_alive():
            _refuse(self._queue.take(), f"{self._waiting_for} (the log was being closed)")

    def _run(self) -> None:
        try:
            while self._queue.wait():
                self._waiting_for = held_elsewhere(self._lock.path)
                with self._lock:
                    self._write()
        finally:
            # Reached with the queue open only if the code above is wrong: then nobody may be left waiting.
            self._queue.close(f"{self._path}: the writer has ended; restart the service")
            _refuse(self._queue.take(), f"{self._path}: the writer has ended; restart the service")
            with self._lock:
                self._disconnect()
            self._lock.close()

    def _write(self) -> None:
        """One transaction, under the file lock."""
        db = self._begin()
        if db is None:
            return
        self._waiting_for = f"{self._path}: the disk is slow to flush; see what else keeps it busy"
        tickets = self._queue.take(MOST_ENTRIES)
        is_committing = False
        try:
            outcomes = write_rows(db, tickets)
            is_committing = True
            db.execute("COMMIT")
        except sqlite3.Error as error:
            self._fail(tickets, error, may_be_logged=is_committing and not is_full(error))
            return
        self.commits += 1
        self._obstacle = None
        for ticket, outcome in zip(tickets, outcomes, strict=True):
            if isinstance(outcome, ValueError):
                ticket.future.set_exception(outcome)
            else:
                ticket.future.set_result(outcome)

    def _begin(self) -> Database | None:
        """The connection inside a transaction; None if those who wait were refused or have to go on waiting."""
        if _identity(self._path) != self._identity:
            reason = f"{self._path}: the file was moved or replaced while in use; stop the service and put it back"
            self._stop(reason, [])
            return None
        self._waiting_for = explain_lock(self._path)
        try:
            if self._db is None:
                self._db = self._reopen()
            self._db.execute("BEGIN IMMEDIATE")
        except (sqlite3.Error, LogUnavailable) as error:
            if is_locked(error):
                time.sleep(_PAUSE)
            else:
                self._fail(self._queue.take(), error, may_be_logged=False)
            return None
        return self._db

    def _reopen(self) -> Database:
        """A fresh connection after a failure, with everything committed so far flushed anew."""
        with closing_on_error(open_writer(self._path)) as db:
            if not checkpoint(db):
                raise LogUnavailable(f"{self._path}: another program keeps reading an old state; close that program")
        return db

    def _fail(self, tickets: Sequence[Ticket], error: sqlite3.Error | LogUnavailable, *, may_be_logged: bool) -> None:
        """Refuse the tickets and give up the connection, which undoes what it had not committed."""
        reason = error.reason if isinstance(error, LogUnavailable) else explain(self._path, error)
        self._obstacle = reason
        self._disconnect()
        if is_damage(error):
            self._stop(reason, tickets)
        else:
            _refuse(tickets, reason, may_be_logged=may_be_logged)

    def _stop(self, reason: str, tickets: Sequence[Ticket]) -> None:
        """Write nothing more until the service is started again, because going on could make things worse."""
        self._queue.close(reason)
        _refuse([*tickets, *self._queue.take()], reason, may_be_logged=False)

    def _disconnect(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None


def _refuse(tickets: Sequence[Ticket], reason: str, *, may_be_logged: bool = False) -> None:
    # One exception for each: threads that raise a shared one would write into each other's traceback.
    for ticket in tickets:
        ticket.future.set_exception(LogUnavailable(reason, may_be_logged=may_be_logged))


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of the file, None if it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
