"""Files that are whole after a crash, and secrets that are their owner's alone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
from typing import TYPE_CHECKING

from engine.audit.unavailable import LogUnavailable, from_os_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

_MOST_BYTES = 4_096


def flush(path: Path) -> None:
    """Make durable what is in a file, or what was made, moved and removed in a directory. Raises OSError."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def create(path: Path, mode: int = 0o600) -> IO[bytes]:
    """A new file to be written, its owner's alone unless `mode` says otherwise. Raises OSError, if it is there too."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb")


def copy(source: Path, target: Path) -> None:
    """Copy a file into a new one of the owner's alone, flushed. Raises OSError."""
    with source.open("rb") as old, create(target) as new:
        shutil.copyfileobj(old, new, 1024 * 1024)
        new.flush()
        os.fsync(new.fileno())


def make_directory(path: Path) -> None:
    """See that the directory is there; one that is made is its owner's alone (0700). Raises OSError."""
    if path.is_dir():
        return
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite flushes the directory of a file it makes, but nobody the one in which that directory is new.
    flush(path.parent)


def write_whole(path: Path, content: bytes) -> None:
    """Put this into the file's place: after a crash it holds this or what it held before. Raises OSError."""
    with _draft(path.with_name(f"{path.name}.{os.getpid()}.draft"), content, 0o666) as draft:
        draft.replace(path)
    flush(path.parent)


@contextlib.contextmanager
def changing(directory: Path) -> Iterator[None]:
    """Changes to secrets in a directory: one process at a time, and flushed at the end. Raises OSError."""
    file = os.open(directory, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
        os.fsync(file)
    finally:
        os.close(file)


def secret_draft(path: Path, content: bytes) -> contextlib.AbstractContextManager[Path]:
    """A flushed file beside `path` with what is to stand in it; gone at the end. Within `changing`. Raises OSError."""
    return _draft(path.with_name(f"{path.name}.draft"), content, 0o600)


def make_secret(path: Path, content: bytes) -> None:
    """A new flushed file of the owner's alone; one that is there stays as it is. Raises OSError."""
    with changing(path.parent), secret_draft(path, content) as draft, contextlib.suppress(FileExistsError):
        # A link is whole or not there and replaces nothing: of several services that start at once, one makes the file.
        os.link(draft, path)


def read_secret(path: Path, what: str) -> bytes:
    """What is in a file of the owner's alone; at most 4 KiB are read. `what` is what messages call it.

    Raises:
        FileNotFoundError: there is no file.
        LogUnavailable: it cannot be read, or others may read it.
    """
    try:
        with path.open("rb") as file:
            # Of the open file, not of the name, so that what is checked is what is read.
            _check_rights(path, what, os.fstat(file.fileno()))
            return file.read(_MOST_BYTES)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise from_os_error(path, error) from error


@contextlib.contextmanager
def becoming(target: Path) -> Iterator[Path]:
    """A directory of the owner's alone that becomes `target`, flushed, if the body does not fail, else is removed.

    Raises:
        LogUnavailable: there is something at `target`, or it cannot be written.
    """
    draft = target.with_name(f"{target.name}.{os.getpid()}.draft")
    try:
        if target.exists() and not (target.is_dir() and not any(target.iterdir())):
            raise LogUnavailable(f"{target}: there is something already; name a directory that is empty or not there")
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir(mode=0o700)
        try:
            yield draft
            for path in draft.rglob("*"):
                flush(path)
            flush(draft)
            draft.rename(target)
            flush(target.parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise from_os_error(target, error) from error


@contextlib.contextmanager
def _draft(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    # One that is there was left by a process that died before anyone used it.
    path.unlink(missing_ok=True)
    try:
        with create(path, mode) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield path
    finally:
        path.unlink(missing_ok=True)


def _check_rights(path: Path, what: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise LogUnavailable(f"{path}: the {what} has to be an ordinary file")
    if status.st_uid != os.geteuid():
        raise LogUnavailable(f"{path}: the {what} belongs to another user; `chown` it to the service's user")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise LogUnavailable(
            f"{path}: others may read or change the {what} (mode {stat.S_IMODE(status.st_mode):04o}); "
            f"run `chmod 600 {path}`, and change to a new key if someone may have read it"
        )
