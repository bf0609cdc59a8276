"""The file lock that lets several processes append to one log in turn."""

from __future__ import annotations

import fcntl
import os
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from engine.audit.unavailable import LogUnavailable

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class FileLock:
    """An exclusive `flock` on a file beside the log, held around every transaction and checkpoint.

    SQLite's own waiting starves one of two busy processes, and versions before 3.44.6, 3.50.7 and 3.51.3 can damage a
    file that two connections commit to and checkpoint at once. Holding this lock first makes turns fair and keeps
    commits and checkpoints apart. Not for use over a fork or on a network file system.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def acquire(self, seconds: float) -> None:
        """Take the lock within `seconds`.

        Raises:
            LogUnavailable: another process kept it all that time.
        """
        turn: Future[None] = Future()
        # A lock that is asked for again and again is never had from a busy process, so a thread queues for it. It has a
        # descriptor of its own, since this one may be closed, and its number given to another file, before it is done.
        threading.Thread(target=_queue_for, args=(os.dup(self._file), turn), name="log-lock", daemon=True).start()
        try:
            turn.result(seconds)
        except TimeoutError:
            if turn.cancel():
                raise LogUnavailable(held_elsewhere(self.path)) from None

    def release(self) -> None:
        """Give the lock back."""
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file, which gives the lock back too."""
        os.close(self._file)


def _queue_for(file: int, turn: Future[None]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        if turn.set_running_or_notify_cancel():
            turn.set_result(None)
        else:
            fcntl.flock(file, fcntl.LOCK_UN)
    finally:
        os.close(file)


def held_elsewhere(path: Path) -> str:
    """The sentence for a lock that does not come free."""
    return f"{path}: another process holds the lock; see which with `fuser {path}` and let it go on or end it"
