"""The durable decision log: appended to before an answer is given, read ever after, never changed."""

from __future__ import annotations

from engine.audit.entry import Entry, Idempotency, PolicyRecord, Receipt, Sealed, StoredEntry
from engine.audit.log import DecisionLog
from engine.audit.unavailable import IdempotencyConflict, KeyOutdated, LogUnavailable

__all__ = [
    "DecisionLog",
    "Entry",
    "Idempotency",
    "IdempotencyConflict",
    "KeyOutdated",
    "LogUnavailable",
    "PolicyRecord",
    "Receipt",
    "Sealed",
    "StoredEntry",
]
