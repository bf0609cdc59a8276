"""The decision log as the rest of the program sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from engine.audit.entry import Entry, PolicyRecord, Receipt, StoredEntry, is_entry_id, leaf_hash
from engine.audit.opening import DATABASE, open_files
from engine.audit.readers import Readers
from engine.audit.tickets import Ticket
from engine.audit.unavailable import LogUnavailable
from engine.audit.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from sqlite_utils import Database

DEADLINE = 5.0
_PAGE = 256


class DecisionLog:
    """An append-only log in one SQLite file, safe for any number of threads, and for several processes on one machine.

    An append returns only after a commit that has been flushed to the disk. Open it once a process, after any fork.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as directory, DecisionLog.open(Path(directory) / "data") as log:
    ...     log.append(Entry(kind="decision", id="0198", body=b'{"outcome":"allow"}')).index
    ...     log.get("0198").body
    0
    b'{"outcome":"allow"}'
    """

    def __init__(self, path: Path, writer: Writer, readers: Readers) -> None:
        self.path = path
        self._writer = writer
        self._readers = readers

    @classmethod
    def open(cls, directory: Path, *, deadline: float = DEADLINE) -> DecisionLog:
        """Open the log in `directory`, making it if there is none. Seconds for `deadline`.

        Raises:
            LogUnavailable: it cannot be appended to; the reason says what to do.
        """
        lock, db = open_files(directory, deadline)
        path = directory / DATABASE
        try:
            readers = Readers(path)
        except LogUnavailable:
            db.close()
            lock.close()
            raise
        return cls(path, Writer(path, lock, db), readers)

    def append(self, entry: Entry, *, deadline: float = DEADLINE) -> Receipt:
        """Append one entry and wait, at most `deadline` seconds plus one commit, until it is durable.

        The same entry appended again keeps its first place, so a caller that got no answer may simply repeat.

        Raises:
            LogUnavailable: it is not acknowledged.
            ValueError: its id belongs to an entry with another body.
        """
        return self._writer.submit(Ticket(entries=(entry,)), deadline)[0]

    def append_all(self, entries: Sequence[Entry], *, deadline: float = DEADLINE) -> list[Receipt]:
        """Append entries in their order in one transaction, all or none. Raises as `append` does."""
        if not entries:
            return []
        return list(self._writer.submit(Ticket(entries=tuple(entries)), deadline))

    def store_policy(
        self, digest: str, document: bytes, files: Mapping[str, str], *, deadline: float = DEADLINE
    ) -> None:
        """Keep a policy whole under its digest; one that is kept already stays as it is.

        Raises:
            LogUnavailable: it is not known to be kept.
            ValueError: the digest is not that of the document.
        """
        self._writer.submit(Ticket(policy=PolicyRecord(digest=digest, document=document, files=files)), deadline)

    def get(self, entry_id: str) -> StoredEntry | None:
        """The entry of that id, None if there is none.

        Raises:
            LogUnavailable: the log cannot be read, or the entry is no longer the one that was logged.
        """
        if not is_entry_id(entry_id):
            return None
        with self._readers.borrow() as db:
            rows = _entries_where(db, "id = ?", [entry_id])
        return self._checked(rows[0]) if rows else None

    def facts(self, entry_id: str) -> bytes | None:
        """The facts stored beside the entry of that id, None if there are none. Raises LogUnavailable."""
        if not is_entry_id(entry_id):
            return None
        with self._readers.borrow() as db:
            row = db.execute('SELECT facts FROM facts JOIN entry USING ("index") WHERE id = ?', [entry_id]).fetchone()
        return None if row is None else bytes(row[0])

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[StoredEntry]:
        """Entries by index from `start` up to but not including `stop`, or up to the size at the first step.

        Raises:
            LogUnavailable: the log cannot be read, or an entry is no longer the one that was logged.
        """
        end = self.size() if stop is None else min(stop, self.size())
        for page in range(max(start, 0), end, _PAGE):
            with self._readers.borrow() as db:
                rows = _entries_where(db, '"index" >= ? AND "index" < ?', [page, min(page + _PAGE, end)])
            yield from map(self._checked, rows)

    def policy(self, digest: str) -> PolicyRecord | None:
        """The policy kept under that digest, None if there is none. Raises LogUnavailable."""
        with self._readers.borrow() as db:
            documents = list(db.table("policy").rows_where("digest = ?", [digest]))
            files = list(db.table("policy_file").rows_where("digest = ?", [digest], order_by="path"))
        if not documents:
            return None
        texts = {row["path"]: row["text"] for row in files}
        return PolicyRecord(digest=digest, document=documents[0]["document"], files=texts)

    def size(self) -> int:
        """Number of entries, those of other processes included. Raises LogUnavailable."""
        with self._readers.borrow() as db:
            size: int = db.execute("SELECT size FROM log_state").fetchone()[0]
        return size

    @property
    def commits(self) -> int:
        """Transactions this process has committed since it opened the log."""
        return self._writer.commits

    def is_ready(self, *, deadline: float = 1.0) -> str | None:
        """None if an append would be expected to work, else why not.

        After a failure it takes a commit that adds no entry to be ready again; that is tried here, within `deadline`
        seconds, so a service that gets no requests while it is not ready comes back by itself.
        """
        return self._writer.obstacle(deadline)

    def close(self, *, deadline: float = DEADLINE) -> None:
        """Write what waits, then refuse everything. What cannot be written within `deadline` seconds is refused."""
        # The last connection to close tidies the write-ahead log away, and a reader may not.
        self._readers.close()
        self._writer.close(deadline)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def _checked(self, row: dict[str, Any]) -> StoredEntry:
        if leaf_hash(row["body"]) != row["leaf"]:
            raise LogUnavailable(
                f"{self.path}: the body of entry {row['index']} is not the one that was logged; "
                "stop the service, keep the file as it is and restore a backup"
            )
        return StoredEntry(**row)


def _entries_where(db: Database, where: str, values: list[str] | list[int]) -> list[dict[str, Any]]:
    return list(db.table("entry").rows_where(where, values, order_by='"index"'))
