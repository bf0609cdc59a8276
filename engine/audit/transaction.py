"""The rows of one transaction: every entry that is new gets the next index, in the order of the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from engine.audit.entry import Entry, PolicyRecord, Receipt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlite_utils import Database

    from engine.audit.tickets import Ticket

Outcome: TypeAlias = tuple[Receipt, ...] | ValueError

_VARIABLES = 500

# `insert_all` opens a savepoint and reads the schema for each table: measured, that halves the rate of small groups.
_ADD_ENTRY = 'INSERT INTO entry ("index", kind, id, leaf, body) VALUES (?, ?, ?, ?, ?)'
_ADD_FACTS = 'INSERT INTO facts ("index", facts) VALUES (?, ?)'


def write_rows(db: Database, tickets: Sequence[Ticket]) -> list[Outcome]:
    """Write what the tickets hold and say what each is to be told, in their order, once the caller has committed.

    An entry that stands in the log already, same id and same body, is not written again: its receipt is that of its
    first place. A ticket with an id that belongs to another body is refused with a ValueError and leaves no row; the
    others are not touched by it.

    INVARIANT: leaves enter in index order, each once, inside the transaction that moves `log_state`; whatever is
    derived from them, such as the head of a tree, can be saved with the size in the same commit.

    Raises:
        sqlite3.Error: the caller undoes the transaction.
    """
    for ticket in tickets:
        if ticket.policy is not None:
            _store_policy(db, ticket.policy)
    entries = [entry for ticket in tickets for entry in ticket.entries]
    size: int = db.execute("SELECT size FROM log_state").fetchone()[0]
    receipts = _receipts_of(db, (entry.id for entry in entries))
    outcomes: list[Outcome] = []
    for ticket in tickets:
        conflict = _conflict(ticket.entries, receipts)
        if conflict is not None:
            outcomes.append(conflict)
            continue
        for entry in ticket.entries:
            if entry.id not in receipts:
                _add(db, size, entry)
                receipts[entry.id] = Receipt(size, entry.leaf)
                size += 1
        outcomes.append(tuple(receipts[entry.id] for entry in ticket.entries))
    db.execute("UPDATE log_state SET size = ?, commits = commits + 1", [size])
    return outcomes


def _add(db: Database, index: int, entry: Entry) -> None:
    db.execute(_ADD_ENTRY, (index, entry.kind, entry.id, entry.leaf, entry.body))
    if entry.facts is not None:
        db.execute(_ADD_FACTS, (index, entry.facts))


def _receipts_of(db: Database, ids: Iterable[str]) -> dict[str, Receipt]:
    """Receipts of the entries that stand in the log, by id."""
    wanted = list(ids)
    found: dict[str, Receipt] = {}
    for start in range(0, len(wanted), _VARIABLES):
        some = wanted[start : start + _VARIABLES]
        marks = ",".join("?" * len(some))
        rows = db.execute(f'SELECT id, "index", leaf FROM entry WHERE id IN ({marks})', some)  # noqa: S608  only marks
        found.update((name, Receipt(index, leaf)) for name, index, leaf in rows)
    return found


def _conflict(entries: Iterable[Entry], receipts: dict[str, Receipt]) -> ValueError | None:
    """Complaint about the first entry whose id stands for another body, in the log or earlier in the same ticket."""
    leaves: dict[str, bytes] = {}
    for entry in entries:
        receipt = receipts.get(entry.id)
        known = leaves.setdefault(entry.id, entry.leaf) if receipt is None else receipt.leaf
        if known != entry.leaf:
            return ValueError(
                f"entry id `{entry.id}` belongs to another entry already; give every entry an id of its own"
            )
    return None


def _store_policy(db: Database, policy: PolicyRecord) -> None:
    if db.table("policy").count_where("digest = ?", [policy.digest]):
        return
    db.table("policy").insert({"digest": policy.digest, "document": policy.document})
    db.table("policy_file").insert_all(
        {"digest": policy.digest, "path": path, "text": text} for path, text in sorted(policy.files.items())
    )
