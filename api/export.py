"""The log as text: all that a verifier needs who has no access to the database, and nothing that was sealed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from api.backup import draft_of
from engine.audit import DecisionLog, LogUnavailable
from engine.audit.unavailable import Cause

ENTRIES, CHECKPOINTS, SEALED, POLICIES = "entries.ndjson", "checkpoints.ndjson", "sealed.ndjson", "policies"
_PAGE = 500
_ATTEMPTS = 5


def export(log: DecisionLog, target: Path, signed_size: Callable[[], int]) -> int:
    """Write a log into `target`, which is empty or not there; how many entries.

    `signed_size` has the log signed and says how many entries are; so many are written.

    Raises:
        LogUnavailable: the log cannot be read, or the files cannot be written.
    """
    with draft_of(target) as draft:
        for _ in range(_ATTEMPTS):
            size = signed_size()
            _write(draft / SEALED, _sealed(log, size))
            last = log.last_of("destruction_done")
            # Else boxes are missing whose destruction is told of only by an entry that is not written.
            if last is None or last.index < size:
                break
        else:
            raise LogUnavailable(f"{target}: sealed facts are being destroyed meanwhile; export again after that")
        _write(draft / ENTRIES, _entries(log, size))
        _write(draft / CHECKPOINTS, _checkpoints(log, size))
        _write_policies(draft / POLICIES, log)
    return size


def _write(path: Path, documents: Iterable[dict[str, Any]]) -> None:
    with path.open("wb") as file:
        for document in documents:
            file.write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))


def _entries(log: DecisionLog, size: int) -> Iterator[dict[str, Any]]:
    for entry in log.entries(0, size):
        yield {
            "index": entry.index,
            "kind": entry.kind,
            "id": entry.id,
            "leaf": entry.leaf.hex(),
            "body": entry.body.decode(),
        }


def _checkpoints(log: DecisionLog, size: int) -> Iterator[dict[str, Any]]:
    query = "SELECT size, note FROM checkpoint WHERE size > ? AND size <= ? ORDER BY size LIMIT ?"
    for of, note in _pages(log, query, size):
        yield {"size": of, "note": note}


def _sealed(log: DecisionLog, size: int) -> Iterator[dict[str, Any]]:
    query = 'SELECT "index", subject, box FROM sealed WHERE "index" > ? AND "index" < ? ORDER BY "index" LIMIT ?'
    for index, subject, box in _pages(log, query, size):
        yield {"index": index, "subject": subject, "sha256": f"sha256:{hashlib.sha256(box).hexdigest()}"}


def _pages(log: DecisionLog, query: str, size: int) -> Iterator[tuple[Any, ...]]:
    """The rows of a query that takes the last first column, a bound and a number of rows; a page at a time."""
    last = -1
    while True:
        with log.store.reading() as session:
            rows = session.execute(query, [last, size, _PAGE])
        if not rows:
            return
        yield from rows
        last = rows[-1][0]


def _write_policies(directory: Path, log: DecisionLog) -> None:
    directory.mkdir()
    with log.store.reading() as session:
        digests = [digest for (digest,) in session.execute("SELECT digest FROM policy ORDER BY digest")]
    for digest in digests:
        policy = log.policy(digest)
        assert policy is not None
        name = digest.removeprefix("sha256:")
        (directory / f"{name}.json").write_bytes(policy.document)
        for path, text in policy.files.items():
            file = directory / name / "files" / _relative(path, log)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())


def _relative(path: str, log: DecisionLog) -> PurePosixPath:
    """The name of a policy's file, which leads nowhere else."""
    name = PurePosixPath(path)
    if name.is_absolute() or ".." in name.parts:
        raise LogUnavailable(
            f"{log.store.name}: a policy names the file `{path}`, which no policy has; stop the service and run "
            "`ostiary log verify`",
            cause=Cause.DAMAGED,
        )
    return name
