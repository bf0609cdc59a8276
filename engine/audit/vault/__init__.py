"""The vault: what identifies customers is encrypted under a key for each, and gone for good once that key is destroyed."""

from __future__ import annotations

from engine.audit.vault.envelope import KeyEncryptionKey
from engine.audit.vault.errors import NotDestroyable, UnknownSubject, VaultError
from engine.audit.vault.key_file import make_key_file, read_key_file
from engine.audit.vault.retention import KeptThrough, KeptWithoutEnd, Readings, retention_of
from engine.audit.vault.vault import Sealer, Vault, open_index_key

__all__ = [
    "KeptThrough",
    "KeptWithoutEnd",
    "KeyEncryptionKey",
    "NotDestroyable",
    "Readings",
    "Sealer",
    "UnknownSubject",
    "Vault",
    "VaultError",
    "make_key_file",
    "open_index_key",
    "read_key_file",
    "retention_of",
]
