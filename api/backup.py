"""Backups of a record in files: made while services run, and verified whole before they count."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import attrs

from api.record import ANCHOR, PUBLIC_KEYS, Record
from engine.audit import LogUnavailable
from engine.audit import verify as verifier
from engine.audit.anchor import write_anchor
from engine.audit.checkpoint import Checkpoint, read_checkpoint
from engine.audit.note import NoteError, Verifier
from engine.audit.store.sqlite.files import flush_directory, open_new
from engine.audit.store.sqlite.opening import DATABASE, KEYS
from engine.audit.unavailable import from_os_error

FILES = (ANCHOR, PUBLIC_KEYS, KEYS, DATABASE)
"""What a backup consists of."""


class NotWhole(LogUnavailable):
    """A copy is not what was signed, or falls short of it; nothing was put in place."""


@attrs.frozen
class Copy:
    """A copy that was verified, and the last checkpoint in it."""

    directory: Path
    checkpoint: Checkpoint


def back_up(record: Record, target: Path, now: datetime) -> Copy:
    """Copy log, keys, last checkpoint and public keys of a signed record into `target`, which is empty or not there.

    The directory gets its name once the copy has been verified, so one that is there is whole.

    Raises:
        LogUnavailable: it could not be written, or the copy is not what was signed.
    """
    with draft_of(target) as draft:
        for name in (DATABASE, KEYS):
            # Empty files of the owner's alone, which SQLite fills.
            open_new(draft / name).close()
        record.log.store.back_up(str(draft))
        known = record.signatory.verifiers()
        write_anchor(draft / PUBLIC_KEYS, "".join(f"{key.text}\n" for key in known))
        write_anchor(draft / ANCHOR, _last_note(draft / DATABASE))
        checkpoint = check_copy(draft, known, (), now)
    return Copy(target, checkpoint)


@contextlib.contextmanager
def draft_of(target: Path) -> Iterator[Path]:
    """A directory of the owner's alone that becomes `target`, flushed, if the body does not fail, else is removed.

    Raises:
        LogUnavailable: there is something at `target`, or it cannot be written.
    """
    draft = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        if target.exists() and not (target.is_dir() and not any(target.iterdir())):
            raise LogUnavailable(f"{target}: there is something already; name a directory that is empty or not there")
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir(mode=0o700)
        try:
            yield draft
            for directory, _, names in os.walk(draft):
                for name in names:
                    _flush(Path(directory, name))
                flush_directory(Path(directory))
            draft.rename(target)
            flush_directory(target.parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise from_os_error(target, error) from error


def check_copy(directory: Path, keys: Sequence[Verifier], known: Sequence[Path], now: datetime) -> Checkpoint:
    """Hash everything in a copy and compare it with what was signed; its last checkpoint.

    `known` are files with checkpoints from elsewhere: the copy may contradict none of them, and fall short of none.

    Raises:
        NotWhole: it does, or is not what was signed.
        OSError: it cannot be read.
    """
    try:
        anchors = [verifier.read_anchor(path) for path in (directory / ANCHOR, *known)]
        trusted = [verifier.Key.parse(key.text) for key in keys]
        report = verifier.verify(directory / DATABASE, trusted, anchors, now)
        checkpoint = read_checkpoint((directory / ANCHOR).read_bytes(), keys)
        damage = _damage_of(directory / KEYS)
    except (verifier.Unreadable, NoteError, sqlite3.Error) as trouble:
        raise NotWhole(f"{directory}: {trouble}") from None
    if report.integrity != "ok" or report.completeness != "ok":
        reason = report.integrity_reason if report.integrity != "ok" else report.completeness_reason
        found = [finding.what for finding in report.listed()[:3]]
        raise NotWhole(f"{directory}: {'; '.join(found) or reason}")
    if damage is not None:
        raise NotWhole(f"{directory / KEYS}: the file is damaged: {damage}")
    return checkpoint


def _last_note(path: Path) -> str:
    """The note of the largest checkpoint in a copy, which may be a newer one than that in the file beside the log."""
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        row = db.execute("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    note: str = row[0]
    return note


def _damage_of(path: Path) -> str | None:
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        found: str = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
    return None if found == "ok" else found


def _flush(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
