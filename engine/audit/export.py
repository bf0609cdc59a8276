"""The log as text: all that a verifier needs who has no access to the database, and nothing that was sealed."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import orjson

from engine.audit import files
from engine.audit.unavailable import Cause, LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from engine.audit.entry import StoredEntry
    from engine.audit.log import DecisionLog

ENTRIES, CHECKPOINTS, SEALED, POLICIES = "entries.ndjson", "checkpoints.ndjson", "sealed.ndjson", "policies"
_PAGE = 500
_ATTEMPTS = 5


class FactsDestroyed(LogUnavailable):
    """Sealed facts went while they were written about; written anew, they are accounted for."""


def entry_line(entry: StoredEntry) -> bytes:
    """One entry as a line of JSON, newline included: `index`, `kind`, `id`, `leaf` in hex, `body` as a string.

    The body's exact text is the value of the string: its UTF-8 bytes, once the JSON is read, are those of the leaf.
    """
    return _line(
        {
            "index": entry.index,
            "kind": entry.kind,
            "id": entry.id,
            "leaf": entry.leaf.hex(),
            "body": entry.body.decode(),
        }
    )


def export(log: DecisionLog, target: Path, signed_size: Callable[[], int]) -> int:
    """Write a log into `target`, which is empty or not there, whole and as of one moment; how many entries.

    `signed_size` has the log signed and says how many entries are; so many are written.

    Raises:
        LogUnavailable: the log cannot be read, or the files cannot be written.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _attempt(log, target, signed_size())
        except FactsDestroyed:
            # The log has more entries now, and among them the one that tells of it.
            continue
    return _attempt(log, target, signed_size())


def write_export(log: DecisionLog, directory: Path, size: int) -> None:
    """Write the first `size` entries into an empty directory, and what they refer to.

    With them go the checkpoints signed up to there, every policy the log keeps, and the hashes of the facts that are
    still sealed.

    Raises:
        FactsDestroyed: what was written is not of one moment; begin anew, with the size that the log has then.
        LogUnavailable: the log cannot be read.
        OSError: the files cannot be written.
    """
    _write(directory / SEALED, _sealed_lines(log, size))
    last = log.last_of("destruction_done")
    if last is not None and last.index >= size:
        # Boxes are missing whose destruction is told of only by an entry that is not written.
        raise FactsDestroyed(f"{log.store.name}: sealed facts are being destroyed meanwhile; export again after that")
    _write(directory / ENTRIES, map(entry_line, log.entries(0, size)))
    _write(directory / CHECKPOINTS, _checkpoint_lines(log, size))
    _write_policies(directory / POLICIES, log)


def _attempt(log: DecisionLog, target: Path, size: int) -> int:
    with files.becoming(target) as draft:
        write_export(log, draft, size)
    return size


def _line(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def _write(path: Path, lines: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(lines)


def _checkpoint_lines(log: DecisionLog, size: int) -> Iterator[bytes]:
    query = "SELECT size, note FROM checkpoint WHERE size > ? AND size <= ? ORDER BY size LIMIT ?"
    for of, note in _pages(log, query, size):
        yield _line({"size": of, "note": note})


def _sealed_lines(log: DecisionLog, size: int) -> Iterator[bytes]:
    query = 'SELECT "index", subject, box FROM sealed WHERE "index" > ? AND "index" < ? ORDER BY "index" LIMIT ?'
    for index, subject, box in _pages(log, query, size):
        yield _line({"index": index, "subject": subject, "sha256": f"sha256:{hashlib.sha256(box).hexdigest()}"})


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
