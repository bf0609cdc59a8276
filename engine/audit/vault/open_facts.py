"""Facts that an earlier version kept in clear are sealed, and what was in clear is overwritten."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

from engine.audit.store.sqlite import SqliteStore
from engine.audit.vault import keystore
from engine.audit.vault.errors import VaultError

if TYPE_CHECKING:
    from engine.audit.entry import Sealed
    from engine.audit.log import DecisionLog
    from engine.audit.signing import NewEntry
    from engine.audit.store import Transaction
    from engine.audit.vault.vault import Sealer

_PAGE = 500


def has_open_facts(log: DecisionLog) -> bool:
    """Whether facts wait to be sealed, or the table they were in to be dropped. Raises LogUnavailable."""
    # PostgreSQL came after facts were sealed.
    if not isinstance(log.store, SqliteStore):
        return False
    with log.store.reading() as session:
        return bool(session.execute("SELECT 1 FROM sqlite_master WHERE name = 'facts'"))


def seal_open_facts(log: DecisionLog, sealer: Sealer, new_entry: NewEntry) -> None:
    """Seal what is left in the table `facts`, page by page; entries of kind `facts_sealed` commit to the boxes.

    A page is one transaction, so this may be cut short at any moment and goes on at the next start.

    Raises:
        LogUnavailable: it cannot be read or written.
    """
    if not has_open_facts(log):
        return
    while page := _read(log):
        sealed = {index: _seal(sealer, entry_id, facts) for index, entry_id, facts in page}
        fields = {"sealed": {str(index): box.digest for index, box in sealed.items()}}
        log.change(functools.partial(_put, sealed), [new_entry("facts_sealed", fields)])
    log.change(_drop, scrubs=True)


def _read(log: DecisionLog) -> list[tuple[int, str, bytes]]:
    # In their order, because what a later request says of an account outweighs what an earlier one said.
    query = 'SELECT "index", e.id, f.facts FROM facts f JOIN entry e USING ("index") ORDER BY "index" LIMIT ?'
    with log.store.reading() as session:
        rows = session.execute(query, [_PAGE])
    return [(index, entry_id, facts) for index, entry_id, facts in rows]


def _seal(sealer: Sealer, entry_id: str, facts: bytes) -> Sealed:
    told = json.loads(facts)
    return sealer.seal((told.get("customer") or {}).get("id"), entry_id, facts, told.get("account"))


def _put(sealed: dict[int, Sealed], transaction: Transaction) -> None:
    if keystore.admit(transaction.keys, list(sealed.values())):
        raise VaultError("another service seals the same facts; start one first, and the others once it is ready")
    transaction.log.execute_many(
        'INSERT INTO sealed ("index", subject, box) VALUES (?, ?, ?)',
        [(index, box.subject, box.box) for index, box in sealed.items()],
    )
    transaction.log.execute_many('DELETE FROM facts WHERE "index" = ?', [(index,) for index in sealed])


def _drop(transaction: Transaction) -> None:
    transaction.log.execute("DROP TABLE facts")
