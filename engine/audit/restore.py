"""A backup in the place of a log: only if nothing that is known to have been signed is missing from it."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING

import attrs

from engine.audit import files
from engine.audit.backup import FILES, NotWhole, check_copy, reading
from engine.audit.layout import ANCHOR, PUBLIC_KEYS
from engine.audit.store.sqlite.files import leftovers, to_oneself
from engine.audit.store.sqlite.opening import DATABASE, KEYS
from engine.audit.unavailable import LogUnavailable, from_os_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from engine.audit.checkpoint import Checkpoint
    from engine.audit.note import Verifier
    from engine.audit.vault import KeyEncryptionKey

_NEW_LOG = (
    "a log is never continued from before what it has signed: restore a later backup, or start a new log beside this "
    "one as docs/log.md describes"
)


@attrs.frozen
class Restored:
    """A backup that is in place: the last checkpoint in it, and where the files are that it replaced."""

    checkpoint: Checkpoint
    replaced: Path | None


@attrs.frozen
class Known:
    """What the place of a log knows of it, and the backup must agree with.

    `keys` are the public keys that are known to be the log's, not those that the backup brings itself; `checkpoints`
    are files with notes that were signed; `kek` is what customers' keys are locked with.
    """

    keys: Sequence[Verifier]
    checkpoints: Sequence[Path]
    kek: KeyEncryptionKey


def check_place(data: Path, source: Path, *, replace: bool) -> None:
    """See that there is a backup in `source` and room for it in `data`.

    Raises:
        LogUnavailable: there is not.
    """
    for name in FILES:
        if not (source / name).is_file():
            raise LogUnavailable(f"{source / name}: it is not there; name a directory that `ostiary log backup` wrote")
    if (data / DATABASE).exists() and not replace:
        raise LogUnavailable(f"{data}: there is a log already; give --replace to put the backup in its place")


def restore(data: Path, source: Path, known: Known, *, replace: bool, now: datetime) -> Restored:
    """Put the backup in `source` in place of the log in `data`. What was there is moved aside.

    Raises:
        LogUnavailable: it cannot be done, or must not be; nothing was changed then.
    """
    check_place(data, source, replace=replace)
    if not known.checkpoints:
        raise LogUnavailable(
            f"{data}: no checkpoint is known here, so nobody can say whether entries are missing at the end of the "
            "backup; give the last one that was published with --checkpoint"
        )
    _check_kek(known.kek, source / KEYS)
    try:
        files.make_directory(data)
        draft = data / "restore.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        try:
            for name in FILES:
                files.copy(source / name, draft / name)
            checkpoint = _check(draft, source, known, now)
            with to_oneself(data):
                replaced = _exchange(draft, data, now)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise from_os_error(data, error) from error
    return Restored(checkpoint, replaced)


def _check_kek(kek: KeyEncryptionKey, keys: Path) -> None:
    """Make sure that what the backup's keys are locked with is at hand."""
    try:
        with reading(keys) as db:
            rows = db.execute("SELECT kek FROM vault_state").fetchall()
    except sqlite3.Error as error:
        raise NotWhole(f"{keys}: these are no keys of a log ({error}); use another backup") from error
    if [(kek.id,)] != rows:
        locked = ", ".join(id_ for (id_,) in rows) or "nothing"
        raise LogUnavailable(
            f"{keys}: the keys are locked with {locked}, and the key-encryption key here is {kek.id}; put the one of "
            "the time of the backup in place (after a change it is kept beside the new one, under its id)"
        )


def _check(draft: Path, source: Path, known: Known, now: datetime) -> Checkpoint:
    try:
        return check_copy(draft, known.keys, known.checkpoints, now)
    except NotWhole as trouble:
        raise NotWhole(f"{trouble.reason.replace(str(draft), str(source))}; {_NEW_LOG}") from None


def _exchange(draft: Path, data: Path, now: datetime) -> Path | None:
    """Move what is there aside and the draft's files in.

    INVARIANT: at every moment the checkpoint in place is one that a new, empty log would contradict, and the log comes
    last, so that a service that starts after a crash in between refuses.
    """
    old = leftovers(data, (DATABASE, KEYS))
    replaced = data / f"replaced-{now:%Y%m%dT%H%M%S}" if old else None
    if replaced is not None:
        replaced.mkdir(mode=0o700)
        for name in (ANCHOR, PUBLIC_KEYS):
            if (data / name).exists():
                files.copy(data / name, replaced / name)
    for name in (ANCHOR, PUBLIC_KEYS):
        (draft / name).replace(data / name)
    files.flush(data)
    for path in old:
        assert replaced is not None
        path.replace(replaced / path.name)
    for name in (KEYS, DATABASE):
        files.flush(data)
        (draft / name).replace(data / name)
    files.flush(data)
    return replaced
