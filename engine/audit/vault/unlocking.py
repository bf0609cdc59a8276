"""What the key-encryption key unlocks as a whole: the index key, by which it is also recognised, and all data keys."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.audit.vault.envelope import KEY_BYTES, KeyEncryptionKey
from engine.audit.vault.errors import VaultError
from engine.audit.vault.kek_file import make_key_file, read_key_file

if TYPE_CHECKING:
    from pathlib import Path

    from engine.audit.store import Session

_PAGE = 500
# In the place of a subject, which is hexadecimal.
_INDEX = "index"


def is_empty(keys: Session) -> bool:
    """Whether no key-encryption key has been used with this vault yet."""
    return not keys.execute("SELECT id FROM vault_state")


def choose_key(keys: Session, path: Path, given: str | None) -> KeyEncryptionKey:
    """The key-encryption key `given` as base64, else that in the file at `path`, which is made for an empty vault only.

    The caller holds the turn to write.

    Raises:
        VaultError: what is given is no key, or the file is missing, open to others or holds none.
    """
    return make_key_file(path) if given is None and is_empty(keys) else given_key(path, given)


def given_key(path: Path, given: str | None) -> KeyEncryptionKey:
    """The key-encryption key `given` as base64, else that in the file at `path`. Raises VaultError."""
    if given is None:
        return read_key_file(path)
    try:
        return KeyEncryptionKey.parse(given)
    except ValueError as error:
        raise VaultError(str(error)) from None


def open_index_key(keys: Session, kek: KeyEncryptionKey) -> bytes:
    """The key under which customers are found without their ids being stored; made in an empty vault.

    The caller holds the turn to write. That it opens shows that `kek` is the one this vault uses.

    Raises:
        VaultError: it is another, or the vault has lost its state.
    """
    rows = keys.execute("SELECT kek, index_key FROM vault_state")
    if rows:
        ((kek_id, wrapped),) = rows
        if kek_id != kek.id:
            raise VaultError(
                f"the vault is locked with the key-encryption key {kek_id}, and the one given is {kek.id}; "
                "put the right one in place"
            )
        return kek.unwrap(_INDEX, bytes(wrapped))
    if keys.execute("SELECT subject FROM vault_key LIMIT 1"):
        raise VaultError("the vault has keys but not the one they are found by; restore the keys from a backup")
    index_key = os.urandom(KEY_BYTES)
    keys.execute("INSERT INTO vault_state (id, kek, index_key) VALUES (1, ?, ?)", [kek.id, kek.wrap(_INDEX, index_key)])
    return index_key


def rewrap(keys: Session, old: KeyEncryptionKey, new: KeyEncryptionKey) -> int:
    """Wrap by `new` every key that `old` wraps, the index key too; the number of data keys among them.

    Done again, it changes nothing. Facts stay as they are: their keys are the same. Processes that run with `old` can
    then neither open nor add keys, and must be started again with `new`.

    Raises:
        VaultError: a key is wrapped by neither of them; the caller undoes the transaction.
    """
    for kek, wrapped in keys.execute("SELECT kek, index_key FROM vault_state"):
        if kek != new.id:
            again = _rewrapped(_INDEX, wrapped, old, new)
            keys.execute("UPDATE vault_state SET kek = ?, index_key = ?", [new.id, again])
    last, count = "", 0
    query = "SELECT subject, kek, wrapped FROM vault_key WHERE subject > ? ORDER BY subject LIMIT ?"
    while rows := keys.execute(query, [last, _PAGE]):
        changes = [(new.id, _rewrapped(subject, key, old, new), subject) for subject, kek, key in rows if kek != new.id]
        keys.execute_many("UPDATE vault_key SET kek = ?, wrapped = ? WHERE subject = ?", changes)
        last, count = rows[-1][0], count + len(changes)
    return count


def _rewrapped(subject: str, wrapped: bytes, old: KeyEncryptionKey, new: KeyEncryptionKey) -> bytes:
    return new.wrap(subject, old.unwrap(subject, bytes(wrapped)))
