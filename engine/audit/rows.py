"""The rows of one transaction: every entry that is new gets the next index, in the order of the queue, and its leaf
enters the tree in the same commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import attrs

from engine.audit.entry import Entry, Idempotency, Receipt
from engine.audit.store.many import rows_in
from engine.audit.tree_rows import grow, head_of
from engine.audit.unavailable import EntryConflict, IdempotencyConflict, KeyOutdated
from engine.audit.vault import keystore

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.audit.store import Session, Transaction
    from engine.audit.tickets import Ticket

Outcome: TypeAlias = tuple[Receipt, ...] | ValueError

_ADD_ENTRY = 'INSERT INTO entry ("index", kind, id, leaf, body) VALUES (?, ?, ?, ?, ?)'
_ADD_SEALED = 'INSERT INTO sealed ("index", subject, box) VALUES (?, ?, ?)'
_ADD_KEY = (
    'INSERT INTO idempotency (scope, key, fingerprint, "index", expires) VALUES (?, ?, ?, ?, ?) '
    'ON CONFLICT (scope, key) DO UPDATE SET fingerprint = excluded.fingerprint, "index" = excluded."index", '
    "expires = excluded.expires"
)


def write_rows(transaction: Transaction, tickets: Sequence[Ticket]) -> list[Outcome]:
    """Write what the tickets hold and say what each is to be told, in their order, once the caller has committed.

    A ticket is written whole or not at all. One that is refused with a ValueError leaves no row, and the others are not
    touched by it. An entry that stands in the log already, same id and same body, or an earlier one with the same
    idempotency key, is not written again: its receipt is that of its first place.

    INVARIANT: leaves enter in index order, each once, inside the transaction that moves `log_state`, frontier and all.

    Raises:
        LogUnavailable: the caller undoes the transaction.
        TileError: the caller does too; the tree is not that of the entries.
    """
    log = transaction.log
    tree = head_of(log)
    group = _Group.over(transaction, tickets, tree.size)
    outcomes = [group.admit(transaction, ticket) for ticket in tickets]
    # Only now: what is not written must not leave a key behind.
    sealed = [entry.sealed for entry in group.new if entry.sealed is not None]
    if sealed:
        keystore.keep(transaction.keys, sealed)
    leaves = [entry.leaf for entry in group.new]
    if leaves:
        _add_rows(log, tree.size, group.new)
        tree = grow(log, tree, leaves)
    log.execute("UPDATE log_state SET size = ?, frontier = ?, commits = commits + 1", [tree.size, tree.to_bytes()])
    return outcomes


def remembered(log: Session, scope: str, name: str, now: int) -> tuple[bytes, Receipt] | None:
    """The fingerprint and the receipt under a name that has not expired, None if nothing is remembered."""
    rows = log.execute(
        'SELECT i.fingerprint, e."index", e.leaf, e.id FROM idempotency i JOIN entry e USING ("index") '
        "WHERE i.scope = ? AND i.key = ? AND i.expires > ?",
        [scope, name, now],
    )
    found = ((fingerprint, Receipt(index, leaf, id_, is_earlier=True)) for fingerprint, index, leaf, id_ in rows)
    return next(found, None)


@attrs.define
class _Group:
    """What is known of the entries of one transaction while its tickets are gone through."""

    size: int
    receipts: dict[str, Receipt]
    outdated: set[str]
    new: list[Entry] = attrs.field(factory=list)
    keys: dict[tuple[str, str], tuple[bytes, Receipt] | None] = attrs.field(factory=dict)

    @classmethod
    def over(cls, transaction: Transaction, tickets: Sequence[Ticket], size: int) -> _Group:
        entries = [entry for ticket in tickets for entry in ticket.entries]
        receipts = _receipts_of(transaction.log, (entry.id for entry in entries))
        sealed = [entry.sealed for entry in entries if entry.sealed is not None]
        return cls(size, receipts, keystore.outdated(transaction.keys, sealed) if sealed else set())

    def admit(self, transaction: Transaction, ticket: Ticket) -> Outcome:
        """The receipts of a ticket's entries, with those that are new added to `new`; or why there are none."""
        try:
            if ticket.change is not None:
                ticket.change(transaction)
            earlier = [self._earlier(transaction.log, entry) for entry in ticket.entries]
            self._check_ids(ticket.entries)
        except ValueError as refusal:
            return refusal
        stood = {entry.id: found for entry, found in zip(ticket.entries, earlier, strict=True) if found is not None}
        return tuple(
            stood.get(entry.id) or stood.get(entry.goes_with or "") or self._place(entry) for entry in ticket.entries
        )

    def _earlier(self, log: Session, entry: Entry) -> Receipt | None:
        """The receipt of the entry that stands for this one, None if there is none."""
        found = self.receipts.get(entry.id)
        if found is not None and found.leaf == entry.leaf:
            return found
        if entry.idempotency is not None:
            found = self._by_key(log, entry.idempotency)
            if found is not None:
                return found
        if entry.sealed is not None and entry.sealed.subject in self.outdated:
            raise KeyOutdated(f"the key of subject {entry.sealed.subject} has changed; seal the facts again")
        return None

    def _by_key(self, log: Session, wanted: Idempotency) -> Receipt | None:
        earlier = None
        for name in wanted.names:
            found = self._find_key(log, wanted, name)
            if found is None:
                return None
            fingerprint, earlier = found
            if fingerprint != wanted.fingerprint:
                raise IdempotencyConflict("this idempotency key stands for another request; use a new one for it")
        return earlier

    def _find_key(self, log: Session, wanted: Idempotency, name: str) -> tuple[bytes, Receipt] | None:
        place = (wanted.scope, name)
        if place not in self.keys:
            self.keys[place] = remembered(log, *place, wanted.now)
        return self.keys[place]

    def _check_ids(self, entries: Iterable[Entry]) -> None:
        """Refuse an id that stands for another body, in the log or earlier in the same ticket."""
        leaves: dict[str, bytes] = {}
        for entry in entries:
            receipt = self.receipts.get(entry.id)
            known = leaves.setdefault(entry.id, entry.leaf) if receipt is None else receipt.leaf
            if known != entry.leaf:
                raise EntryConflict(
                    f"entry id `{entry.id}` belongs to another entry already; give every entry an id of its own"
                )

    def _place(self, entry: Entry) -> Receipt:
        known = self.receipts.get(entry.id)
        if known is None:
            known = Receipt(self.size + len(self.new), entry.leaf, entry.id)
            self.new.append(entry)
            self.receipts[entry.id] = known
            if entry.idempotency is not None:
                found = (entry.idempotency.fingerprint, attrs.evolve(known, is_earlier=True))
                for name in entry.idempotency.names:
                    place = (entry.idempotency.scope, name)
                    self.keys[place] = self.keys.get(place) or found
        return known


def _add_rows(log: Session, size: int, entries: Sequence[Entry]) -> None:
    places = list(enumerate(entries, size))
    log.execute_many(_ADD_ENTRY, [(index, entry.kind, entry.id, entry.leaf, entry.body) for index, entry in places])
    sealed = [(index, entry.sealed.subject, entry.sealed.box) for index, entry in places if entry.sealed is not None]
    if sealed:
        log.execute_many(_ADD_SEALED, sealed)
    named = [(index, entry.idempotency) for index, entry in places if entry.idempotency is not None]
    if named:
        now = max(key.now for _, key in named)
        log.execute("DELETE FROM idempotency WHERE expires <= ?", [now])
        # The key itself stands for the whole request, as long as any of its entries is remembered.
        rows = [(key.scope, name, key.fingerprint, index, key.expires) for index, key in named for name in key.names]
        log.execute_many(_ADD_KEY, rows)


def _receipts_of(log: Session, ids: Iterable[str]) -> dict[str, Receipt]:
    """Receipts of the entries that stand in the log, by id."""
    rows = rows_in(log, 'SELECT id, "index", leaf FROM entry WHERE id IN ({})', ids)
    return {name: Receipt(index, leaf, name) for name, index, leaf in rows}
