"""The signing key on disk: made once, readable by the service's user alone, replaced without ever being missing."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from engine.audit import files
from engine.audit.note import Signer
from engine.audit.unavailable import LogUnavailable, from_os_error

if TYPE_CHECKING:
    from pathlib import Path

    from engine.audit.note import Verifier


def open_signer(path: Path, origin: str) -> Signer:
    """The key in the file; if there is no file, a new key that stands in it, flushed, before this returns.

    Raises:
        LogUnavailable: the file cannot be used or written, others may read it, or its key is for another origin.
        NoteError: the origin cannot be the name of a key.
    """
    with contextlib.suppress(FileNotFoundError):
        return read_signer(path, origin)
    try:
        files.make_secret(path, _content(Signer.generate(origin)))
    except OSError as error:
        raise from_os_error(path, error) from error
    return read_signer(path, origin)


def rotate(path: Path) -> tuple[Signer, Signer]:
    """The key that was in the file, kept beside it as `<path>.<id>`, and the new one that now is.

    At every moment the file holds one of the two, and the old one is never lost.

    Raises:
        LogUnavailable: the file cannot be used or written, or others may read it.
    """
    try:
        with files.changing(path.parent):
            old = _read_to_replace(path)
            signer = Signer.generate(old.name)
            kept = kept_path(path, old.verifier)
            with files.secret_draft(path, _content(signer)) as draft:
                # Already there if an earlier rotation was cut short.
                with contextlib.suppress(FileExistsError):
                    os.link(path, kept)
                if read_signer(kept) != old:
                    raise LogUnavailable(f"{kept}: it is not the key to be kept there; move it away")
                draft.replace(path)
    except OSError as error:
        raise from_os_error(path, error) from error
    # Not what the file holds now, which another rotation may have replaced already.
    return old, signer


def kept_path(path: Path, key: Verifier) -> Path:
    """Where a rotation keeps the private key of this public one."""
    return path.with_name(f"{path.name}.{key.id.hex()}")


def read_signer(path: Path, origin: str | None = None) -> Signer:
    """The key in the file.

    Raises:
        FileNotFoundError: there is no file.
        LogUnavailable: it cannot be used, others may read it, or its key is for another origin.
    """
    content = files.read_secret(path, "signing key")
    try:
        signer = Signer.parse(content.decode().removesuffix("\n"))
    except ValueError:
        # Without the cause, whose traceback could show what was read.
        raise LogUnavailable(f"{path}: this is not a signing key; put the file back from where it is kept") from None
    if origin is not None and signer.name != origin:
        raise LogUnavailable(
            f"{path}: the key is of the log `{signer.name}`, not of `{origin}`; give the origin the log was made with"
        )
    return signer


def _read_to_replace(path: Path) -> Signer:
    try:
        return read_signer(path)
    except FileNotFoundError as error:
        raise LogUnavailable(f"{path}: there is no key to replace; start the service once to make one") from error


def _content(signer: Signer) -> bytes:
    return f"{signer.text}\n".encode()
