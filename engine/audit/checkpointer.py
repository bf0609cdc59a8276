"""The thread that has the log signed soon after it has grown."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from engine.audit.unavailable import Cause, LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.audit.log import DecisionLog
    from engine.audit.note import Verifier
    from engine.audit.signing import Signatory

_PERIOD = 0.25
_RETRY = 1.0
_GRACE = 10.0


class Checkpointer:
    """Has new entries signed within a second, and gives every new checkpoint to `publish`.

    Publication that fails is tried again with the next checkpoint or a second later. `report` is told in words what
    does not work, once for each change of words.
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
        self._publish = publish
        self._report = report
        self._signed: int | None = None
        self._unpublished: str | None = None
        self._refusal: str | None = None
        self._next_try = 0.0
        self._trouble: str | None = None
        self._troubled_since = 0.0
        self._mutex = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-checkpointer", daemon=True)
        self._thread.start()

    def sign(self) -> str:
        """Sign now: the note of the last checkpoint, which covers every entry that was acknowledged before.

        Raises:
            LogUnavailable: it cannot be signed now.
        """
        with self._mutex:
            return self._sign()

    def verifiers(self) -> tuple[Verifier, ...]:
        """All public keys the log has had, as far as this place knows them. Raises LogUnavailable."""
        return self._signatory.verifiers()

    def obstacle(self) -> str | None:
        """Why entries have gone unsigned for too long, or None: unsigned, they could be changed unnoticed."""
        is_long = self._trouble is not None and time.monotonic() - self._troubled_since > _GRACE
        return f"no checkpoint can be signed: {self._trouble}" if is_long else None

    def close(self) -> None:
        """Sign what is there, publish it, and stop."""
        self._closing.set()
        self._thread.join()
        with self._mutex:
            self._tick()

    def _run(self) -> None:
        try:
            while not self._closing.wait(_PERIOD):
                with self._mutex:
                    self._tick()
        finally:
            # Reached without being told to close only if the code above is wrong: nothing may stay unsigned then.
            if not self._closing.is_set():
                self._log.stop("the thread that signs the log has ended; restart the service")

    def _tick(self) -> None:
        try:
            if self._log.size() != self._signed:
                self._sign()
            self._give_out()
        except LogUnavailable as trouble:
            self._note(trouble)
        else:
            self._trouble = None

    def _sign(self) -> str:
        note = self._signatory.sign()
        size = int(note.split("\n", 2)[1])
        if size != self._signed:
            self._unpublished = note
        self._signed = size
        return note

    def _give_out(self) -> None:
        if self._unpublished is None or self._publish is None or time.monotonic() < self._next_try:
            return
        try:
            self._publish(self._unpublished)
            self._unpublished = self._refusal = None
        except LogUnavailable as trouble:
            # Decisions go on: what is signed cannot be changed unnoticed by anyone who has this machine's checkpoint.
            self._next_try = time.monotonic() + _RETRY
            if self._refusal != trouble.reason:
                self._report(trouble.reason)
            self._refusal = trouble.reason

    def _note(self, trouble: LogUnavailable) -> None:
        if trouble.cause is Cause.DAMAGED:
            self._log.stop(trouble.reason)
        if self._trouble is None:
            self._troubled_since = time.monotonic()
        if self._trouble != trouble.reason:
            self._report(trouble.reason)
        self._trouble = trouble.reason
