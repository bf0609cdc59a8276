"""The decision log as the rest of the program sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from engine.audit.entry import Entry, Kind, PolicyRecord, Receipt, StoredEntry, is_entry_id
from engine.audit.merkle import Frontier, leaf_hash
from engine.audit.rows import remembered
from engine.audit.store.opening import open_store
from engine.audit.tickets import Ticket
from engine.audit.tiles import TileError
from engine.audit.tree_rows import head_of
from engine.audit.unavailable import LogUnavailable, damaged
from engine.audit.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from engine.audit.store import Session, Store, Transaction, Value

DEADLINE = 5.0
_PAGE = 256
_ENTRY = 'SELECT "index", kind, id, leaf, body FROM entry WHERE '


class DecisionLog:
    """An append-only log, safe for any number of threads, and for several processes and, on PostgreSQL, machines.

    An append returns only after a commit that has been flushed to the disk. Open it once a process, after any fork.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as directory, DecisionLog.open(Path(directory) / "data") as log:
    ...     log.append(Entry(kind="decision", id="0198", body=b'{"outcome":"allow"}')).index
    ...     log.get("0198").body
    0
    b'{"outcome":"allow"}'
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._writer = Writer(store)

    @classmethod
    def open(cls, directory: Path, url: str | None = None, *, deadline: float = DEADLINE) -> DecisionLog:
        """Open the log, making it if there is none: files in `directory`, or the PostgreSQL database at `url`.

        Raises:
            LogUnavailable: it cannot be appended to within `deadline` seconds; the reason says what to do.
        """
        return cls(open_store(directory, url, deadline))

    def append(self, entry: Entry, *, deadline: float = DEADLINE) -> Receipt:
        """Append one entry and wait, at most `deadline` seconds plus one commit, until it is durable.

        The same entry appended again keeps its first place, so a caller that got no answer may simply repeat.

        Raises:
            LogUnavailable: it is not acknowledged.
            EntryConflict: its id belongs to an entry with another body.
            IdempotencyConflict: its idempotency key stands for another request.
            KeyOutdated: its facts have to be sealed again.
        """
        return self._writer.submit(Ticket((entry,)), deadline)[0]

    def append_all(self, entries: Sequence[Entry], *, deadline: float = DEADLINE) -> list[Receipt]:
        """Append entries in their order in one transaction, all or none. Raises as `append` does."""
        if not entries:
            return []
        return list(self._writer.submit(Ticket(tuple(entries)), deadline))

    def change(
        self,
        change: Callable[[Transaction], None],
        entries: Sequence[Entry] = (),
        *,
        scrubs: bool = False,
        deadline: float = DEADLINE,
    ) -> list[Receipt]:
        """Do something in a transaction of its own, together with entries that tell of it. Raises as `append` does.

        A ValueError of the change comes out here, and then nothing of it is written.
        """
        return list(self._writer.submit(Ticket(tuple(entries), change, scrubs), deadline))

    def store_policy(
        self, digest: str, document: bytes, files: Mapping[str, str], *, deadline: float = DEADLINE
    ) -> None:
        """Keep a policy whole under its digest; one that is kept already stays as it is.

        Raises:
            LogUnavailable: it is not known to be kept.
            ValueError: the digest is not that of the document.
        """
        policy = PolicyRecord(digest=digest, document=document, files=files)
        self.change(lambda transaction: _store_policy(transaction.log, policy), deadline=deadline)

    def get(self, entry_id: str) -> StoredEntry | None:
        """The entry of that id, None if there is none.

        Raises:
            LogUnavailable: the log cannot be read, or the entry is no longer the one that was logged.
        """
        if not is_entry_id(entry_id):
            return None
        found = self._entries(_ENTRY + "id = ?", [entry_id])
        return found[0] if found else None

    def last_of(self, *kinds: Kind, before: int | None = None) -> StoredEntry | None:
        """The last entry of these kinds, if need be the last before an index. Raises LogUnavailable.

        Decisions are left out: they have no index by kind.
        """
        marks = ",".join("?" * len(kinds))
        bound = "" if before is None else 'AND "index" < ? '
        # The first condition is that of the index, word for word.
        condition = f"kind <> 'decision' AND kind IN ({marks}) {bound}ORDER BY \"index\" DESC LIMIT 1"
        found = self._entries(_ENTRY + condition, [*kinds, *([] if before is None else [before])])
        return found[0] if found else None

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[StoredEntry]:
        """Entries by index from `start` up to but not including `stop`, or up to the size at the first step.

        Raises:
            LogUnavailable: the log cannot be read, or an entry is no longer the one that was logged.
        """
        size = self.size()
        end = size if stop is None else min(stop, size)
        for page in range(max(start, 0), end, _PAGE):
            last = min(page + _PAGE, end)
            yield from self._entries(_ENTRY + '"index" >= ? AND "index" < ? ORDER BY "index"', [page, last])

    def idempotent(self, scope: str, key: str, now: int) -> tuple[bytes, Receipt] | None:
        """The fingerprint and the receipt under an idempotency key that has not expired. Raises LogUnavailable."""
        with self.store.reading() as session:
            return remembered(session, scope, key, now)

    def sealed(self, index: int) -> tuple[str, bytes] | None:
        """Subject and box of the facts of an entry, None if there are none, or none any more. Raises LogUnavailable."""
        with self.store.reading() as session:
            rows = session.execute('SELECT subject, box FROM sealed WHERE "index" = ?', [index])
        return (rows[0][0], rows[0][1]) if rows else None

    def policy(self, digest: str) -> PolicyRecord | None:
        """The policy kept under that digest, None if there is none. Raises LogUnavailable."""
        with self.store.reading() as session:
            documents = session.execute("SELECT document FROM policy WHERE digest = ?", [digest])
            files = session.execute("SELECT path, text FROM policy_file WHERE digest = ? ORDER BY path", [digest])
        if not documents:
            return None
        try:
            return PolicyRecord(digest=digest, document=documents[0][0], files=dict(files))
        except ValueError as error:
            raise damaged(self.store.name, f"the policy `{digest}` that it keeps is not that policy") from error

    def size(self) -> int:
        """Number of entries, those of other processes included. Raises LogUnavailable."""
        with self.store.reading() as session:
            return int(session.execute("SELECT size FROM log_state")[0][0])

    def head(self) -> Frontier:
        """The frontier of the tree over all entries; its `size` is theirs. Raises LogUnavailable."""
        with self.store.reading() as session:
            try:
                return head_of(session)
            except TileError as error:
                raise damaged(self.store.name, f"the tree is not that of the entries ({error})") from error

    def latest_checkpoint(self) -> str | None:
        """The note of the largest checkpoint signed so far, None if there is none. Raises LogUnavailable."""
        with self.store.reading() as session:
            rows = session.execute("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
        return rows[0][0] if rows else None

    def store_checkpoint(self, size: int, note: str) -> None:
        """Keep a signed checkpoint; another of the same size stays as it is. Raises LogUnavailable."""
        self.change(lambda transaction: _store_checkpoint(transaction.log, size, note))

    @property
    def commits(self) -> int:
        """Transactions this process has committed since it opened the log."""
        return self._writer.commits

    def is_ready(self, *, deadline: float = 1.0) -> str | None:
        """None if an append would be expected to work, else why not.

        After a failure it takes a commit that adds no entry to be ready again; that is tried here, within `deadline`
        seconds, so a service that gets no requests while it is not ready comes back by itself.
        """
        obstacle = self._writer.obstacle(deadline)
        if obstacle is None:
            # The last append may have been long ago, and whoever wants one reads first.
            try:
                self.size()
            except LogUnavailable as unavailable:
                return unavailable.reason
        return obstacle

    def stop(self, reason: str) -> None:
        """Append nothing more, for this reason, until the log is opened again; reading goes on."""
        self._writer.stop(reason)

    def close(self, *, deadline: float = DEADLINE) -> None:
        """Write what waits, then refuse everything. What cannot be written within `deadline` seconds is refused."""
        self.store.stop_reading()
        self._writer.close(deadline)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def _entries(self, sql: str, parameters: Sequence[Value]) -> list[StoredEntry]:
        with self.store.reading() as session:
            rows = session.execute(sql, parameters)
        return [self._checked(*row) for row in rows]

    def _checked(self, index: int, *row: Any) -> StoredEntry:  # noqa: ANN401  columns of the table
        entry = StoredEntry(index, *row)
        if leaf_hash(entry.body) != entry.leaf:
            raise damaged(self.store.name, f"the body of entry {index} is not the one that was logged")
        return entry


def _store_policy(log: Session, policy: PolicyRecord) -> None:
    if log.execute("SELECT 1 FROM policy WHERE digest = ?", [policy.digest]):
        return
    log.execute("INSERT INTO policy (digest, document) VALUES (?, ?)", [policy.digest, policy.document])
    log.execute_many(
        "INSERT INTO policy_file (digest, path, text) VALUES (?, ?, ?)",
        [(policy.digest, path, text) for path, text in sorted(policy.files.items())],
    )


def _store_checkpoint(log: Session, size: int, note: str) -> None:
    if not log.execute("SELECT 1 FROM checkpoint WHERE size = ?", [size]):
        log.execute("INSERT INTO checkpoint (size, note) VALUES (?, ?)", [size, note])
