"""The files of a log while nobody has them open, so that they can be moved."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from engine.audit.store.sqlite.errors import unavailable
from engine.audit.store.sqlite.lock import FileLock
from engine.audit.store.sqlite.opening import DATABASE, KEYS, LOCK
from engine.audit.unavailable import Cause, LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_SECONDS = 5.0


@contextlib.contextmanager
def to_oneself(directory: Path) -> Iterator[None]:
    """The log in a directory, if there is one, with nobody else having it open and nobody opening it in the body.

    Raises:
        LogUnavailable: a service or another command uses it.
    """
    try:
        lock = FileLock(directory / LOCK)
    except OSError as error:
        raise unavailable(directory, error) from error
    with contextlib.closing(lock):
        lock.acquire(_SECONDS)
        for name in (DATABASE, KEYS):
            _settle(directory / name)
        yield


def _settle(path: Path) -> None:
    """Move everything committed into the file itself; the last to close it removes the files beside it."""
    if not path.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, isolation_level=None)) as db:
            # Refused as long as anybody has the file open, even if all they do is wait.
            db.execute("PRAGMA locking_mode = exclusive")
            db.execute("BEGIN EXCLUSIVE")
            db.execute("COMMIT")
    except sqlite3.Error as error:
        trouble = unavailable(path, error)
        if trouble.cause is Cause.BUSY:
            raise LogUnavailable(f"{path}: a service or another command has it open; stop it first") from error
        # A file that is damaged may be the reason why a backup is to take its place.


def leftovers(directory: Path, names: Iterable[str]) -> list[Path]:
    """Those of these files that are there, and what SQLite keeps beside its files."""
    beside = [f"{name}{suffix}" for name in names for suffix in ("", "-wal", "-shm", "-journal")]
    return [directory / name for name in beside if (directory / name).exists()]
