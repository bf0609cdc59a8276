"""A backup in the place of a log: only if nothing that is known to have been signed is missing from it."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import attrs

from api.backup import FILES, NotWhole, check_copy
from api.kek import kek_path
from api.record import ANCHOR, PUBLIC_KEYS, SIGNING_KEY
from api.settings import Settings
from engine.audit import LogUnavailable
from engine.audit.checkpoint import Checkpoint
from engine.audit.keyfile import read_signer
from engine.audit.note import NoteError, Verifier
from engine.audit.store.sqlite.files import copy_file, flush_directory, leftovers, to_oneself
from engine.audit.store.sqlite.opening import DATABASE, KEYS
from engine.audit.unavailable import from_os_error
from engine.audit.vault import KeyEncryptionKey, read_key_file

_NEW_LOG = (
    "a log is never continued from before what it has signed: restore a later backup, or start a new log beside this "
    "one as docs/log.md describes"
)


@attrs.frozen
class Restored:
    """A backup that is in place: the last checkpoint in it, and where the files are that it replaced."""

    checkpoint: Checkpoint
    replaced: Path | None


def restore(settings: Settings, source: Path, given: Sequence[Path], *, replace: bool, now: datetime) -> Restored:
    """Put the backup in `source` in place of the log of the settings, whose keys have to be there.

    `given` are files with checkpoints from outside. What was there is moved aside.

    Raises:
        LogUnavailable: it cannot be done, or must not be; nothing was changed then.
    """
    data = settings.data
    for name in FILES:
        if not (source / name).is_file():
            raise LogUnavailable(f"{source / name}: it is not there; name a directory that `ostiary log backup` wrote")
    if (data / DATABASE).exists() and not replace:
        raise LogUnavailable(f"{data}: there is a log already; give --replace to put the backup in its place")
    known = _known_checkpoints(settings, given)
    keys = _trusted_keys(settings)
    _check_kek(settings, source / KEYS)
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = data / "restore.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        try:
            for name in FILES:
                copy_file(source / name, draft / name)
            checkpoint = _check(draft, source, keys, known, now)
            with to_oneself(data):
                replaced = _exchange(draft, data, now)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise from_os_error(data, error) from error
    return Restored(checkpoint, replaced)


def _known_checkpoints(settings: Settings, given: Sequence[Path]) -> list[Path]:
    """The checkpoints that the backup must reach: those given, the published one, and the one beside the log."""
    known = list(given)
    target = settings.checkpoint
    if target is not None and not target.startswith(("http://", "https://")):
        known += [path for path in (Path(target).absolute(),) if path.is_file()]
    known += [path for path in (settings.data / ANCHOR,) if path.is_file()]
    if not known:
        raise LogUnavailable(
            f"{settings.data}: no checkpoint is known here, so nobody can say whether entries are missing at the end "
            "of the backup; give the last one that was published with --checkpoint"
        )
    return known


def _trusted_keys(settings: Settings) -> list[Verifier]:
    """The public keys that this place knows to be the log's; not those that the backup brings itself."""
    key, public = settings.log_key or settings.data / SIGNING_KEY, settings.data / PUBLIC_KEYS
    try:
        lines = public.read_text().split() if public.is_file() else []
        return list(dict.fromkeys([read_signer(key).verifier, *map(Verifier.parse, lines)]))
    except FileNotFoundError:
        raise LogUnavailable(
            f"{key}: the signing key is not there, and no backup has it; put it back from where you keep a copy"
        ) from None
    except (NoteError, UnicodeDecodeError) as error:
        raise LogUnavailable(f"{public}: a line is not a public key ({error}); restore the file") from error


def _check_kek(settings: Settings, keys: Path) -> None:
    """Make sure that what the backup's keys are locked with is at hand."""
    path = kek_path(settings)
    try:
        kek = read_key_file(path) if settings.kek is None else KeyEncryptionKey.parse(settings.kek)
        with contextlib.closing(sqlite3.connect(f"{keys.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            rows = db.execute("SELECT kek FROM vault_state").fetchall()
    except ValueError as error:
        raise LogUnavailable(f"OSTIARY_KEK: {error}") from None
    except sqlite3.Error as error:
        raise NotWhole(f"{keys}: these are no keys of a log ({error}); use another backup") from error
    if [(kek.id,)] != rows:
        locked = ", ".join(id_ for (id_,) in rows) or "nothing"
        raise LogUnavailable(
            f"{keys}: the keys are locked with {locked}, and the key-encryption key here is {kek.id}; put the one of "
            f"the time of the backup in place (after a change it is kept as `{path.name}.<id>`)"
        )


def _check(draft: Path, source: Path, keys: Sequence[Verifier], known: Sequence[Path], now: datetime) -> Checkpoint:
    try:
        return check_copy(draft, keys, known, now)
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
                copy_file(data / name, replaced / name)
    for name in (ANCHOR, PUBLIC_KEYS):
        (draft / name).replace(data / name)
    flush_directory(data)
    for path in old:
        assert replaced is not None
        path.replace(replaced / path.name)
    for name in (KEYS, DATABASE):
        flush_directory(data)
        (draft / name).replace(data / name)
    flush_directory(data)
    return replaced
