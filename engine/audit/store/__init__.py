"""Where a log is kept: one file of SQLite or a PostgreSQL server, behind one small interface and one dialect of SQL."""

from __future__ import annotations

from engine.audit.store.protocol import ClosableSource, Connection, Session, Store, Transaction, Value

__all__ = ["ClosableSource", "Connection", "Session", "Store", "Transaction", "Value"]
