"""Backups of a log in files: made while services run, and verified whole before they count."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import attrs

from engine.audit import files, verify
from engine.audit.anchor import write_anchor
from engine.audit.checkpoint import read_checkpoint
from engine.audit.layout import ANCHOR, PUBLIC_KEYS
from engine.audit.note import NoteError
from engine.audit.public_keys import write_public_keys
from engine.audit.store.sqlite.opening import DATABASE, KEYS
from engine.audit.unavailable import LogUnavailable
from engine.audit.whole import trusting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from engine.audit.checkpoint import Checkpoint
    from engine.audit.note import Verifier
    from engine.audit.signing import Signatory

FILES = (ANCHOR, PUBLIC_KEYS, KEYS, DATABASE)
"""What a backup consists of."""


class NotWhole(LogUnavailable):
    """A copy is not what was signed, or falls short of it; nothing was put in place."""


@attrs.frozen
class Copy:
    """A copy that was verified, and the last checkpoint in it."""

    directory: Path
    checkpoint: Checkpoint


def back_up(signatory: Signatory, target: Path, now: datetime) -> Copy:
    """Copy log, keys, last checkpoint and public keys of a signed log into `target`, which is empty or not there.

    The directory gets its name once the copy has been verified, so one that is there is whole.

    Raises:
        LogUnavailable: it could not be written, or the copy is not what was signed.
    """
    with files.becoming(target) as draft:
        for name in (DATABASE, KEYS):
            # Empty files of the owner's alone, which SQLite fills.
            files.create(draft / name).close()
        signatory.log.store.back_up(str(draft))
        known = signatory.verifiers()
        write_public_keys(draft / PUBLIC_KEYS, known)
        write_anchor(draft / ANCHOR, _last_note(draft / DATABASE))
        checkpoint = check_copy(draft, known, (), now)
    return Copy(target, checkpoint)


def check_copy(directory: Path, keys: Sequence[Verifier], known: Sequence[Path], now: datetime) -> Checkpoint:
    """Hash everything in a copy and compare it with what was signed; its last checkpoint.

    `known` are files with checkpoints from elsewhere: the copy may contradict none of them, and fall short of none.

    Raises:
        NotWhole: it does, or is not what was signed.
        OSError: it cannot be read.
    """
    try:
        anchors = [verify.read_anchor(path) for path in (directory / ANCHOR, *known)]
        report = verify.verify(directory / DATABASE, trusting(keys), anchors, now)
        checkpoint = read_checkpoint((directory / ANCHOR).read_bytes(), keys)
        damage = _damage_of(directory / KEYS)
    except (verify.Unreadable, NoteError, sqlite3.Error) as trouble:
        raise NotWhole(f"{directory}: {trouble}") from None
    if report.integrity != "ok" or report.completeness != "ok":
        reason = report.integrity_reason if report.integrity != "ok" else report.completeness_reason
        found = [finding.what for finding in report.listed()[:3]]
        raise NotWhole(f"{directory}: {'; '.join(found) or reason}")
    if damage is not None:
        raise NotWhole(f"{directory / KEYS}: the file is damaged: {damage}")
    return checkpoint


def reading(path: Path) -> contextlib.closing[sqlite3.Connection]:
    """A file of SQLite that nobody writes to, for the body alone. Raises sqlite3.Error."""
    return contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True))


def _last_note(path: Path) -> str:
    """The note of the largest checkpoint in a copy, which may be a newer one than that in the file beside the log."""
    with reading(path) as db:
        row = db.execute("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    note: str = row[0]
    return note


def _damage_of(path: Path) -> str | None:
    with reading(path) as db:
        found: str = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
    return None if found == "ok" else found
