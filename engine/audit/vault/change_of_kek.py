"""The key-encryption key: opened at the start, and changed for another."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING

import attrs

from engine.audit import files
from engine.audit.unavailable import from_os_error
from engine.audit.vault.errors import VaultError
from engine.audit.vault.kek_file import make_key_file, read_key_file
from engine.audit.vault.keystore import key_in_use
from engine.audit.vault.unlocking import choose_key, is_empty, rewrap

if TYPE_CHECKING:
    from pathlib import Path

    from engine.audit.log import DecisionLog
    from engine.audit.signing import NewEntry
    from engine.audit.store import Transaction
    from engine.audit.vault.envelope import KeyEncryptionKey


@attrs.frozen
class Rotated:
    """A key-encryption key changed for another: their ids, how many customers' keys it locks, where the old one is."""

    new: str
    old: str
    count: int
    kept: Path | None


def open_kek(log: DecisionLog, path: Path, given: str | None, new_entry: NewEntry) -> KeyEncryptionKey:
    """The key `given` as base64, else that in the file at `path`, once a change that was cut short is finished.

    The file is made where nothing has been locked with a key yet.

    Raises:
        LogUnavailable: there is none that can be used.
    """
    in_use = _id_in_use(log) if given is None and _next(path).exists() else None
    if in_use is not None and read_key_file(_next(path)).id == in_use:
        _announce(log, in_use, None if not path.exists() else read_key_file(path).id, new_entry)
        _put_in_place(path)
    _refuse_lost_keys(log)
    chosen: list[KeyEncryptionKey] = []
    log.change(lambda transaction: chosen.append(choose_key(transaction.keys, path, given)))
    return chosen[-1]


def _refuse_lost_keys(log: DecisionLog) -> None:
    """New keys would be made in the place of lost ones, without their holds and days, and seem to be all there was."""
    # In this order: whoever seals the first facts meanwhile has stored their key before.
    with log.store.reading() as session:
        is_sealed = bool(session.execute("SELECT 1 FROM sealed LIMIT 1"))
    with log.store.reading_keys() as keys:
        is_lost = is_sealed and is_empty(keys)
    if is_lost:
        raise VaultError(
            f"{log.store.name}: facts are sealed in it, but the vault has no keys, nor the legal holds and days kept "
            "with them; stop every service and restore the keys from a backup, which is `keys.db` in one of files"
        )


def rotate_kek(
    log: DecisionLog, path: Path, given: str | None, old: KeyEncryptionKey, new_entry: NewEntry, *, to: Path | None
) -> Rotated:
    """Lock all customers' keys with another key: the one in the file `to`, or a new one in place of that at `path`.

    `given` is the key in use if it does not come from the file. Cut short at any moment, the change is finished or
    undone by the next start.

    Raises:
        LogUnavailable: a key cannot be read or written, or the log is not to be had.
    """
    if to is None and given is not None:
        raise VaultError(
            "the key-encryption key comes from OSTIARY_KEK, where it cannot be replaced from here; write a new one to "
            "a file (`openssl rand -base64 32`, mode 0600) and name it with --to"
        )
    new = make_key_file(_next(path)) if to is None else read_key_file(to)
    if new.id == old.id:
        raise VaultError(f"{to}: this is the key in use; name a file with another one")
    counts: list[int] = []

    def change(transaction: Transaction) -> None:
        counts.append(rewrap(transaction.keys, old, new))

    # The old wrappings are overwritten, so that destroying the old key leaves nothing that it opens.
    log.change(change, [new_entry("kek_rotated", {"kek": new.id, "previous": old.id})], scrubs=True)
    return Rotated(new.id, old.id, counts[-1], _put_in_place(path) if to is None else None)


def _id_in_use(log: DecisionLog) -> str | None:
    with log.store.reading_keys() as keys:
        return key_in_use(keys)


def _next(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _announce(log: DecisionLog, new: str, old: str | None, new_entry: NewEntry) -> None:
    """Put the change on record if it was cut short before: the keys are committed before the log."""
    last = log.last_of("kek_rotated")
    if last is None or json.loads(last.body)["kek"] != new:
        log.append(new_entry("kek_rotated", {"kek": new, "previous": old}))


def _put_in_place(path: Path) -> Path | None:
    """The next key under its final name, and the one before beside it, under its id."""
    try:
        with files.changing(path.parent):
            kept = None
            if path.exists():
                kept = path.with_name(f"{path.name}.{read_key_file(path).id}")
                with contextlib.suppress(FileExistsError):
                    os.link(path, kept)
            _next(path).replace(path)
    except OSError as error:
        raise from_os_error(path, error) from error
    return kept
