"""The key-encryption key that the settings name: read, made on the first start, and changed for another."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import attrs

from api.settings import Settings
from engine.audit import DecisionLog
from engine.audit.signing import NewEntry
from engine.audit.store import Transaction
from engine.audit.unavailable import from_os_error
from engine.audit.vault import KeyEncryptionKey, VaultError, choose_key, make_key_file, read_key_file, rewrap

KEY_ENCRYPTION_KEY = "kek.key"


@attrs.frozen
class Rotated:
    """A key-encryption key changed for another: their ids, how many customers' keys it locks, where the old one is."""

    new: str
    old: str
    count: int
    kept: Path | None


def open_kek(settings: Settings, log: DecisionLog, new_entry: NewEntry) -> KeyEncryptionKey:
    """The key that the settings name, once a change of keys that was cut short is finished.

    Raises:
        LogUnavailable: there is none that can be used.
    """
    path = kek_path(settings)
    in_use = _id_in_use(log) if settings.kek is None and _next(path).exists() else None
    if in_use is not None and read_key_file(_next(path)).id == in_use:
        _announce(log, in_use, None if not path.exists() else read_key_file(path).id, new_entry)
        _put_in_place(path)
    return chosen_kek(settings, log)


def chosen_kek(settings: Settings, log: DecisionLog) -> KeyEncryptionKey:
    """The key from the environment or the file; a new file where nothing has been locked with one yet.

    Raises:
        LogUnavailable: there is none that can be used.
    """
    chosen: list[KeyEncryptionKey] = []
    log.change(lambda transaction: chosen.append(choose_key(transaction.keys, kek_path(settings), settings.kek)))
    return chosen[-1]


def rotate_kek(
    log: DecisionLog, settings: Settings, old: KeyEncryptionKey, new_entry: NewEntry, *, to: Path | None
) -> Rotated:
    """Lock all customers' keys with another key: the one in the file `to`, or a new one in place of the file in use.

    Cut short at any moment, it is finished or undone by the next start.

    Raises:
        LogUnavailable: a key cannot be read or written, or the log is not to be had.
    """
    if to is None and settings.kek is not None:
        raise VaultError(
            "the key-encryption key comes from OSTIARY_KEK, where it cannot be replaced from here; write a new one to "
            "a file (`openssl rand -base64 32`, mode 0600) and name it with --to"
        )
    path = kek_path(settings)
    new = make_key_file(_next(path)) if to is None else read_key_file(to)
    if new.id == old.id:
        raise VaultError(f"{to}: this is the key in use; name a file with another one")
    counts: list[int] = []

    def change(transaction: Transaction) -> None:
        counts.append(rewrap(transaction.keys, old, new))

    # The old wrappings are overwritten, so that destroying the old key leaves nothing that it opens.
    log.change(change, [new_entry("kek_rotated", {"kek": new.id, "previous": old.id})], scrubs=True)
    return Rotated(new.id, old.id, counts[-1], _put_in_place(path) if to is None else None)


def kek_path(settings: Settings) -> Path:
    """The file of the key-encryption key, if it does not come from the environment."""
    return settings.kek_file or settings.data / KEY_ENCRYPTION_KEY


def _id_in_use(log: DecisionLog) -> str | None:
    with log.store.reading_keys() as keys:
        rows = keys.execute("SELECT kek FROM vault_state")
    return rows[0][0] if rows else None


def _next(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _announce(log: DecisionLog, new: str, old: str | None, new_entry: NewEntry) -> None:
    """Put the change on record if it was cut short before: the keys are committed before the log."""
    last = log.last_of("kek_rotated")
    if last is None or f'"kek":"{new}"'.encode() not in last.body:
        log.append(new_entry("kek_rotated", {"kek": new, "previous": old}))


def _put_in_place(path: Path) -> Path | None:
    """The next key under its final name, and the one before beside it, under its id."""
    try:
        kept = None
        if path.exists():
            kept = path.with_name(f"{path.name}.{read_key_file(path).id}")
            with contextlib.suppress(FileExistsError):
                os.link(path, kept)
        _next(path).replace(path)
        directory = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise from_os_error(path, error) from error
    return kept
