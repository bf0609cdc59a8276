"""The tree as it lies in the tables: leaves in their entries, complete subtrees in tiles, its head in `log_state`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.audit.merkle import Frontier
from engine.audit.tiles import TileError, TileReader, grown_tiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.audit.store.protocol import Session

_PUT_TILE = (
    'INSERT INTO tile (level, "index", hashes) VALUES (?, ?, ?) '
    'ON CONFLICT (level, "index") DO UPDATE SET hashes = excluded.hashes'
)


def head_of(session: Session) -> Frontier:
    """The head of the tree over all entries.

    Raises:
        TileError: what is stored is not one of a tree of that size.
    """
    ((size, frontier),) = session.execute("SELECT size, frontier FROM log_state")
    try:
        return Frontier.from_bytes(size, frontier)
    except ValueError as error:
        raise TileError(f"its head is damaged: {error}") from error


def grow(session: Session, head: Frontier, leaves: Sequence[bytes]) -> Frontier:
    """Store the tiles that change when these leaf hashes, whose entries are stored, join the tree; its new head.

    Raises:
        TileError: what is stored is not the tree of that head.
    """
    tiles = grown_tiles(
        head.size, leaves, lambda *tile: _tile_of(session, *tile), lambda *range_: leaves_of(session, *range_)
    )
    if tiles:
        session.execute_many(_PUT_TILE, [(level, index, hashes) for (level, index), hashes in tiles.items()])
    return head.extended(leaves)


def tree_of(session: Session, size: int) -> TileReader:
    """Reads nodes of the tree as it was when it had `size` leaves."""
    return TileReader(size, lambda *tile: _tile_of(session, *tile), lambda *range_: leaves_of(session, *range_))


def leaves_of(session: Session, start: int, end: int) -> list[bytes]:
    """The leaves of the entries from `start` up to but not including `end`."""
    rows = session.execute('SELECT leaf FROM entry WHERE "index" >= ? AND "index" < ? ORDER BY "index"', [start, end])
    return [leaf for (leaf,) in rows]


def _tile_of(session: Session, level: int, index: int) -> bytes | None:
    """The hashes of a tile, None if it has not been begun."""
    rows = session.execute('SELECT hashes FROM tile WHERE level = ? AND "index" = ?', [level, index])
    return rows[0][0] if rows else None
