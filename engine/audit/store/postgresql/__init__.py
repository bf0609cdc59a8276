"""The shared store: one PostgreSQL database for services on several machines."""

from __future__ import annotations

from engine.audit.store.postgresql.store import PostgresStore

__all__ = ["PostgresStore"]
