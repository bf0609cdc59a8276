"""What log tests append: facts as the vault would hand them over, with the customer's key."""

from __future__ import annotations

from pathlib import Path

from signed_log import decision

from engine.audit import DecisionLog, Entry
from engine.audit.entry import NewKey, Sealed
from engine.audit.vault import KeyEncryptionKey, open_index_key

KEK = KeyEncryptionKey.of(b"k" * 32)
SUBJECT = "5e" * 16
SEALED = Sealed(
    SUBJECT, b"a box" * 20, NewKey(SUBJECT, b"l" * 32, KEK.id, KEK.wrap(SUBJECT, b"d" * 32), created="2026-11-25")
)


def open_log(directory: Path, **how) -> DecisionLog:
    """A log whose vault takes the key that comes with `SEALED`."""
    log = DecisionLog.open(directory, **how)
    log.change(lambda transaction: open_index_key(transaction.keys, KEK))
    return log


def decision_with_facts() -> Entry:
    """A decision on the customer of `SEALED`."""
    entry = decision()
    return Entry("decision", entry.id, entry.body, sealed=SEALED)
