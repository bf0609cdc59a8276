"""The thread that carries checkpoints away: signing does not wait for a disk or an address that does not answer."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from engine.audit.unavailable import LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

_RETRY = 1.0
_CLOSING = 10.0


class Publication:
    """Gives the last note to `publish`, which raises LogUnavailable if that does not work: then it is tried again.

    A note that comes while one is being published takes the place of any that waits: the last proves the most.
    Decisions go on meanwhile, since what is signed cannot be changed unnoticed by anyone who has this machine's
    checkpoint; `report` is told why nothing is published, once for each change of words.
    """

    def __init__(self, publish: Callable[[str], None], report: Callable[[str], None]) -> None:
        self._publish = publish
        self._report = report
        self._waiting: str | None = None
        self._refusal: str | None = None
        self._is_closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="log-publication", daemon=True)
        self._thread.start()

    def put(self, note: str) -> None:
        """Have this note published next."""
        with self._changed:
            self._waiting = note
            self._changed.notify()

    def close(self) -> None:
        """Try once more what waits, and stop; a target that does not answer is not waited for without end."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join(_CLOSING)

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._waiting is None and not self._is_closing:
                    self._changed.wait()
                note, is_last = self._waiting, self._is_closing
                self._waiting = None
            if note is not None and not self._give_out(note):
                with self._changed:
                    self._waiting = self._waiting or note
                    if not is_last:
                        self._changed.wait_for(lambda: self._is_closing, _RETRY)
            if is_last:
                return

    def _give_out(self, note: str) -> bool:
        try:
            self._publish(note)
        except LogUnavailable as trouble:
            if self._refusal != trouble.reason:
                self._report(trouble.reason)
            self._refusal = trouble.reason
            return False
        self._refusal = None
        return True
