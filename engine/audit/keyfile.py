"""The signing key on disk: made once, readable by the service's user alone, replaced without ever being missing."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from typing import TYPE_CHECKING

from engine.audit.note import Signer
from engine.audit.unavailable import LogUnavailable, from_os_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOST_BYTES = 4096


def open_signer(path: Path, origin: str) -> Signer:
    """The key in the file; if there is no file, a new key that stands in it, flushed, before this returns.

    Raises:
        LogUnavailable: the file cannot be used or written, others may read it, or its key is for another origin.
        NoteError: the origin cannot be the name of a key.
    """
    with contextlib.suppress(FileNotFoundError):
        return read_signer(path, origin)
    signer = Signer.generate(origin)
    with _directory_of(path), _written(path, signer) as new, contextlib.suppress(FileExistsError):
        # A link is whole or not there and replaces nothing: of several services that start at once, one makes the key.
        os.link(new, path)
    return read_signer(path, origin)


def rotate(path: Path) -> tuple[Signer, Signer]:
    """The key that was in the file, kept beside it as `<path>.<id>`, and the new one that now is.

    At every moment the file holds one of the two, and the old one is never lost.

    Raises:
        LogUnavailable: the file cannot be used or written, or others may read it.
    """
    with _directory_of(path):
        try:
            old = read_signer(path)
        except FileNotFoundError as error:
            raise LogUnavailable(f"{path}: there is no key to replace; start the service once to make one") from error
        signer = Signer.generate(old.name)
        kept = path.with_name(f"{path.name}.{old.verifier.id.hex()}")
        with _written(path, signer) as new:
            # Already there if an earlier rotation was cut short.
            with contextlib.suppress(FileExistsError):
                os.link(path, kept)
            if read_signer(kept) != old:
                raise LogUnavailable(f"{kept}: it is not the key to be kept there; move it away")
            new.replace(path)
    return old, read_signer(path)


def read_signer(path: Path, origin: str | None = None) -> Signer:
    """The key in the file.

    Raises:
        FileNotFoundError: there is no file.
        LogUnavailable: it cannot be used, others may read it, or its key is for another origin.
    """
    try:
        with path.open("rb") as file:
            _check_rights(path, os.fstat(file.fileno()))
            content = file.read(_MOST_BYTES)
        signer = Signer.parse(content.decode().removesuffix("\n"))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise from_os_error(path, error) from error
    except ValueError:
        # Without the cause, whose traceback could show what was read.
        raise LogUnavailable(f"{path}: this is not a signing key; put the file back from where it is kept") from None
    if origin is not None and signer.name != origin:
        raise LogUnavailable(
            f"{path}: the key is of the log `{signer.name}`, not of `{origin}`; give the origin the log was made with"
        )
    return signer


def _check_rights(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise LogUnavailable(f"{path}: the signing key has to be an ordinary file")
    if status.st_uid != os.geteuid():
        raise LogUnavailable(f"{path}: the signing key belongs to another user; `chown` it to the service's user")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise LogUnavailable(
            f"{path}: others may read or change the signing key (mode {stat.S_IMODE(status.st_mode):04o}); "
            f"run `chmod 600 {path}`, and rotate the key if someone may have read it"
        )


@contextlib.contextmanager
def _directory_of(path: Path) -> Iterator[None]:
    """Changes to the directory's files: one process at a time, and flushed at the end."""
    try:
        directory = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            yield
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise from_os_error(path, error) from error


@contextlib.contextmanager
def _written(path: Path, signer: Signer) -> Iterator[Path]:
    """A flushed file of the owner's alone that holds the key, beside `path`; gone at the end. Under the lock."""
    new = path.with_name(f"{path.name}.new")
    # One that is there was left by a process that died before anyone used its key.
    new.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(f"{signer.text}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        yield new
    finally:
        new.unlink(missing_ok=True)
