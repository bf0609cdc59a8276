"""The files of a log as files: copied, flushed, and moved while nobody has them open."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from typing import TYPE_CHECKING

from engine.audit.store.sqlite.errors import unavailable
from engine.audit.store.sqlite.lock import FileLock
from engine.audit.store.sqlite.opening import DATABASE, KEYS, LOCK
from engine.audit.unavailable import Cause, LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import IO

_SECONDS = 5.0


def copy_file(source: Path, target: Path) -> None:
    """Copy a file into a new one (0600) and flush it. Raises OSError."""
    with source.open("rb") as old, open_new(target) as new:
        shutil.copyfileobj(old, new, 1024 * 1024)
        new.flush()
        os.fsync(new.fileno())


def open_new(path: Path) -> IO[bytes]:
    """A new file of the owner's alone, to be written. Raises OSError, FileExistsError above all."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def flush_directory(path: Path) -> None:
    """Make what was created, moved and removed in a directory durable. Raises OSError."""
    directory = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


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
