"""The vault: what identifies a customer is encrypted under a key of its own, and gone once that key is destroyed."""

from __future__ import annotations

from engine.audit.vault.envelope import KeyEncryptionKey
from engine.audit.vault.errors import NotDestroyable, UnknownSubject, VaultError
from engine.audit.vault.kek_file import make_key_file, read_key_file
from engine.audit.vault.retention import KeptThrough, KeptWithoutEnd, Readings, retention_of
from engine.audit.vault.unlocking import choose_key, given_key, is_empty, open_index_key, rewrap
from engine.audit.vault.vault import Sealer, Vault

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
    "choose_key",
    "given_key",
    "is_empty",
    "make_key_file",
    "open_index_key",
    "read_key_file",
    "retention_of",
    "rewrap",
]
