"""The thread that has the log signed soon after it has grown."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from engine.audit.checkpoint import size_of
from engine.audit.publication import Publication
from engine.audit.unavailable import Cause, LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.audit.log import DecisionLog
    from engine.audit.note import Verifier
    from engine.audit.signing import Signatory

_PERIOD = 0.25
_GRACE = 10.0


class Checkpointer:
    """Has new entries signed within a second, and gives every new checkpoint to `publish`, in a thread of its own.

    `report` is told in words what does not work, once for each change of words.
    """

    def __init__(
        self,
        log: DecisionLog,
        signatory: Signatory,
        publish: Callable[[str], None] | None,
        report: Callable[[str], None],
    ) -> None:
        self._log = log
        self._signatory = signatory
        self._publication = None if publish is None else Publication(publish, report)
        self._report = report
        self._signed: str | None = None
        self._trouble: str | None = None
        self._unwell_since: float | None = None
        self._mutex = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-checkpointer", daemon=True)
        self._thread.start()

    def sign(self) -> str:
        """Sign now: the note of the last checkpoint, which covers every entry that was acknowledged before.

        Raises:
            LogUnavailable: it cannot be signed now.
        """
        if not self._mutex.acquire(timeout=_GRACE):
            raise LogUnavailable(f"no checkpoint can be signed: {self._in_the_way()}")
        try:
            return self._sign()
        finally:
            self._mutex.release()

    def verifiers(self) -> tuple[Verifier, ...]:
        """All public keys the log has had, as far as this place knows them. Raises LogUnavailable."""
        return self._signatory.verifiers()

    def obstacle(self) -> str | None:
        """Why entries have gone unsigned for too long, or None: unsigned, they could be changed unnoticed."""
        since = self._unwell_since
        is_long = since is not None and time.monotonic() - since > _GRACE
        return f"no checkpoint can be signed: {self._in_the_way()}" if is_long else None

    def close(self) -> None:
        """Sign what is there, publish it, and stop; what is in the way of that is waited for only so long."""
        self._closing.set()
        self._thread.join(_GRACE)
        try:
            if self._thread.is_alive():
                self._report(f"the end of the log is not signed: {self._in_the_way()}")
            else:
                with self._mutex:
                    self._tick()
        finally:
            if self._publication is not None:
                self._publication.close()

    def _in_the_way(self) -> str:
        held = f"{self._log.store.name}: another process keeps the turn to sign; let it go on or end it"
        return self._trouble or held

    def _run(self) -> None:
        try:
            while not self._closing.wait(_PERIOD):
                if self._unwell_since is None:
                    # Before any lock is waited for: whoever holds it may have halted.
                    self._unwell_since = time.monotonic()
                with self._mutex:
                    self._tick()
        finally:
            # Reached without being told to close only if the code above is wrong: nothing may stay unsigned then.
            if not self._closing.is_set():
                self._log.stop("the thread that signs the log has ended; restart the service")

    def _tick(self) -> None:
        try:
            if self._signed is None or self._log.size() != size_of(self._signed):
                self._sign()
        except LogUnavailable as trouble:
            self._note(trouble)
        else:
            self._trouble = self._unwell_since = None

    def _sign(self) -> str:
        # What was signed is remembered here as well: files that agree may all have been put back.
        note = self._signatory.sign(self._signed)
        if note != self._signed and self._publication is not None:
            self._publication.offer(note)
        self._signed = note
        return note

    def _note(self, trouble: LogUnavailable) -> None:
        if trouble.cause is Cause.DAMAGED:
            self._log.stop(trouble.reason)
        if self._trouble != trouble.reason:
            self._report(trouble.reason)
        self._trouble = trouble.reason
