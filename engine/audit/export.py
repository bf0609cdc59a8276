"""The log as files that need no database to be read: its entries line by line, and what they refer to.

An export holds no facts of any request, sealed or not: only the hashes that its entries commit to.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import attrs
import orjson

from engine.audit.unavailable import LogUnavailable, from_os_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from engine.audit.entry import PolicyRecord, StoredEntry
    from engine.audit.log import DecisionLog

ENTRIES = "entries.ndjson"
CHECKPOINTS = "checkpoints.ndjson"
SEALED = "sealed.ndjson"
POLICIES = "policies"
_PAGE = 256


@attrs.frozen
class Exported:
    """What a directory holds now: the entries from `start` up to but not including `end`."""

    start: int
    end: int


def entry_line(entry: StoredEntry) -> bytes:
    """One entry as a line of JSON, newline included: `index`, `kind`, `id`, `leaf` in hex, `body` as a string.

    The body's exact text is the value of the string: its UTF-8 bytes, once the JSON is read, are those of the leaf.
    """
    line = {
        "index": entry.index,
        "kind": entry.kind,
        "id": entry.id,
        "leaf": entry.leaf.hex(),
        "body": entry.body.decode(),
    }
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def write_export(log: DecisionLog, directory: Path, start: int = 0, end: int | None = None) -> Exported:
    """Write the entries from `start` up to but not including `end`, by default all, into a new or empty directory.

    With them go every checkpoint signed up to there, every policy the log keeps, and the hashes of the facts that are
    still sealed. `entries.ndjson` comes last, so a directory without it is an export that was not finished.

    Raises:
        ValueError: the log has no such entries, or the directory has files in it.
        LogUnavailable: the log cannot be read or the files cannot be written, or facts were destroyed meanwhile.
    """
    size = log.size()
    end = size if end is None else end
    if not 0 <= start <= end <= size:
        raise ValueError(f"the log has {size} entries, so it has none from {start} up to {end}; ask for less")
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise ValueError(f"{directory}: the directory is not empty; name a new one")
        _write(directory / CHECKPOINTS, _checkpoint_lines(log, end))
        _write(directory / SEALED, _sealed_lines(log, start, end))
        for policy in _policies(log):
            _write_policy(directory / POLICIES, policy)
        unfinished = directory / f"{ENTRIES}.new"
        _write(unfinished, (entry_line(entry) for entry in log.entries(start, end)))
        _refuse_if_destroyed(log, end)
        unfinished.replace(directory / ENTRIES)
    except OSError as error:
        raise from_os_error(directory, error) from error
    return Exported(start, end)


def _checkpoint_lines(log: DecisionLog, end: int) -> Iterator[bytes]:
    last = -1
    while True:
        with log.store.reading() as session:
            rows = session.execute(
                "SELECT size, note FROM checkpoint WHERE size > ? AND size <= ? ORDER BY size LIMIT ?",
                [last, end, _PAGE],
            )
        for size, note in rows:
            yield orjson.dumps({"size": size, "note": note}, option=orjson.OPT_APPEND_NEWLINE)
        if len(rows) < _PAGE:
            return
        last = rows[-1][0]


def _sealed_lines(log: DecisionLog, start: int, end: int) -> Iterator[bytes]:
    for page in range(start, end, _PAGE):
        with log.store.reading() as session:
            rows = session.execute(
                'SELECT "index", subject, box FROM sealed WHERE "index" >= ? AND "index" < ? ORDER BY "index"',
                [page, min(page + _PAGE, end)],
            )
        for index, subject, box in rows:
            line = {"index": index, "subject": subject, "sha256": f"sha256:{hashlib.sha256(box).hexdigest()}"}
            yield orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _policies(log: DecisionLog) -> Iterator[PolicyRecord]:
    with log.store.reading() as session:
        digests = session.execute("SELECT digest FROM policy ORDER BY digest")
    for (digest,) in digests:
        policy = log.policy(digest)
        assert policy is not None
        yield policy


def _write_policy(directory: Path, policy: PolicyRecord) -> None:
    name = policy.digest.removeprefix("sha256:")
    _write(directory / f"{name}.json", [policy.document])
    for path, text in policy.files.items():
        # The names were made by the service, but whoever can write to the database could have written others.
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise ValueError(f"the policy `{policy.digest}` has a file `{path!a}`, which lies outside; verify the log")
        _write(directory / name / "files" / path, [text.encode()])


def _write(path: Path, parts: Iterable[bytes]) -> None:
    """Write a new file that only its owner can read, flushed."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())


def _refuse_if_destroyed(log: DecisionLog, end: int) -> None:
    """Sealed facts that went after the last exported entry would seem to be missing without a reason."""
    last = log.last_of("destruction_begun", "destruction_done")
    if last is not None and last.index >= end:
        raise LogUnavailable("facts have been destroyed since the last of the entries to export; export once more")
