"""The durable decision log: appended to before an answer is given, read ever after, never changed."""

from __future__ import annotations

from engine.audit.entry import Entry, PolicyRecord, Receipt, StoredEntry
from engine.audit.log import DecisionLog
from engine.audit.unavailable import LogUnavailable

__all__ = ["DecisionLog", "Entry", "LogUnavailable", "PolicyRecord", "Receipt", "StoredEntry"]
