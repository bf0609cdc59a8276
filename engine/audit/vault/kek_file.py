"""The file that holds the key-encryption key: base64 of 32 bytes on one line, for its owner's eyes only."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

from engine.audit import files
from engine.audit.unavailable import LogUnavailable
from engine.audit.vault.envelope import KEY_BYTES, KeyEncryptionKey
from engine.audit.vault.errors import VaultError

if TYPE_CHECKING:
    from pathlib import Path


def read_key_file(path: Path) -> KeyEncryptionKey:
    """The key in the file at `path`.

    Raises:
        VaultError: there is none, others may read it, or it does not hold a key.
    """
    try:
        text = files.read_secret(path, "key-encryption key")
        return KeyEncryptionKey.parse(text.decode("ascii", "replace"))
    except FileNotFoundError as error:
        raise VaultError(
            f"{path}: the key-encryption key cannot be read ({error.strerror}); without it no facts can be opened: "
            "put the file back from where you keep a copy"
        ) from error
    except LogUnavailable as error:
        raise VaultError(error.reason) from error
    except ValueError as error:
        raise VaultError(f"{path}: {error}") from None


def make_key_file(path: Path) -> KeyEncryptionKey:
    """A new random key in a new file (0600), flushed to the disk; the one that is there if another process was first.

    For the first start alone: where keys are stored already, a new key would open none of them.

    Raises:
        VaultError: it cannot be written, or the file that is there does not hold a key.
    """
    try:
        files.make_secret(path, base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
    except OSError as error:
        raise VaultError(
            f"{path}: a key-encryption key cannot be written there ({error.strerror}); let the service's user write "
            "the directory, or give the key in the environment"
        ) from error
    return read_key_file(path)
