"""The embedded store: two SQLite files in one directory, for any number of processes on one machine."""

from __future__ import annotations

from engine.audit.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
