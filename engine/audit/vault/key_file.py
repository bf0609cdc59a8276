"""The file that holds the key-encryption key: base64 of 32 bytes on one line, for its owner's eyes only."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import stat
from typing import TYPE_CHECKING

from engine.audit.vault.envelope import KEY_BYTES, KeyEncryptionKey
from engine.audit.vault.errors import VaultError

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST = 1_024


def read_key_file(path: Path) -> KeyEncryptionKey:
    """The key in the file at `path`.

    Raises:
        VaultError: there is none, others may read it, or it does not hold a key.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise VaultError(
            f"{path}: the key-encryption key cannot be read ({error.strerror}); without it no facts can be opened: "
            "put the file back from where you keep a copy"
        ) from error
    try:
        # Of the open file, not of the name, so that what is checked is what is read.
        mode = os.fstat(file).st_mode
        if not stat.S_ISREG(mode):
            raise VaultError(f"{path}: this is not a file; name the file that holds the key-encryption key")
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise VaultError(
                f"{path}: others than its owner have rights on it ({stat.S_IMODE(mode):04o}); `chmod 600` it, and if "
                "somebody may have read it, change to a new key"
            )
        text = os.read(file, _LONGEST)
    finally:
        os.close(file)
    try:
        return KeyEncryptionKey.parse(text.decode("ascii", "replace"))
    except ValueError as error:
        raise VaultError(f"{path}: {error}") from None


def make_key_file(path: Path) -> KeyEncryptionKey:
    """A new random key in a new file (0600), flushed to the disk; the one that is there if another process was first.

    For the first start alone: where keys are stored already, a new key would open none of them.

    Raises:
        VaultError: it cannot be written, or the file that is there does not hold a key.
    """
    # Whole before it has its name: a process that starts at the same time must not find half a key.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    text = base64.b64encode(os.urandom(KEY_BYTES)) + b"\n"
    try:
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            try:
                os.write(file, text)
                os.fsync(file)
            finally:
                os.close(file)
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink()
        _flush_directory(path.parent)
    except OSError as error:
        raise VaultError(
            f"{path}: a key-encryption key cannot be written there ({error.strerror}); let the service's user write "
            "the directory, or give the key in the environment"
        ) from error
    return read_key_file(path)


def _flush_directory(path: Path) -> None:
    directory = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
