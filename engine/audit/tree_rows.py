"""Where the tree lies in the tables: leaves in their entries, complete subtrees in tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.audit.store import Session


def leaves_of(session: Session, start: int, end: int) -> list[bytes]:
    """The leaves of the entries from `start` up to but not including `end`."""
    rows = session.execute('SELECT leaf FROM entry WHERE "index" >= ? AND "index" < ? ORDER BY "index"', [start, end])
    return [leaf for (leaf,) in rows]


def tile_of(session: Session, level: int, index: int) -> bytes | None:
    """The hashes of a tile, None if it has not been begun."""
    rows = session.execute('SELECT hashes FROM tile WHERE level = ? AND "index" = ?', [level, index])
    return rows[0][0] if rows else None
