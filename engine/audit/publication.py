"""The thread that carries checkpoints away, so that a slow or broken place holds up neither signing nor who asks."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from engine.audit.unavailable import LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

_RETRY = 1.0
_PATIENCE = 10.0
"""Seconds that `close` waits for a place that does not answer."""


class Publication:
    """Gives the last note that was offered to `publish`; one that could not be given is tried again until it can.

    `report` is told in words what does not work, once for each change of words.
    """

    def __init__(self, publish: Callable[[str], None], report: Callable[[str], None]) -> None:
        self._publish = publish
        self._report = report
        self._note: str | None = None
        self._refusal: str | None = None
        self._is_closing = False
        self._changed = threading.Condition(threading.Lock())
        self._thread = threading.Thread(target=self._run, name="log-publication", daemon=True)
        self._thread.start()

    def offer(self, note: str) -> None:
        """Have this note published, in place of any that waits."""
        with self._changed:
            self._note = note
            self._changed.notify()

    def close(self) -> None:
        """Publish what waits, and stop; a place that does not answer is not waited for without end."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join(_PATIENCE)
        if self._thread.is_alive():
            self._report("the last checkpoint may not have been published: the place it goes to does not answer")

    def _run(self) -> None:
        is_done = False
        try:
            while (note := self._next()) is not None:
                try:
                    self._publish(note)
                    self._refusal = None
                except LogUnavailable as trouble:
                    self._keep(note, trouble.reason)
            is_done = True
        finally:
            if not is_done:
                self._report("the thread that publishes checkpoints has ended; restart the service")

    def _next(self) -> str | None:
        """The note that waits; None once there is none and the end has come."""
        with self._changed:
            self._changed.wait_for(lambda: self._note is not None or self._is_closing)
            note, self._note = self._note, None
            return note

    def _keep(self, note: str, refusal: str) -> None:
        # Decisions go on: what is signed cannot be changed unnoticed by anyone who has this machine's checkpoint.
        if refusal != self._refusal:
            self._report(refusal)
        self._refusal = refusal
        with self._changed:
            if self._is_closing:
                return
            self._changed.wait_for(lambda: self._is_closing, _RETRY)
            self._note = self._note or note
