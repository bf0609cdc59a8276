"""The Merkle tree as it is stored: in tiles of 256 hashes, after C2SP tlog-tiles.

A hash of tile level L is the root over 256**L leaves. Tile `(L, n)` holds those of numbers 256n to 256n + 255, 32 bytes
each. Above level 0 a tile grows hash by hash as subtrees become complete. A tile of leaves is written when it is whole;
until then its leaves are read from the entries, which hold them anyway.
"""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING, TypeAlias

from engine.audit.merkle import HASH_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ReadTile: TypeAlias = "Callable[[int, int], bytes | None]"
ReadLeaves: TypeAlias = "Callable[[int, int], list[bytes]]"

WIDTH = 256
_LEVELS = 8
_PAIR = 2 * HASH_BYTES
_KEPT = 32


class TileError(Exception):
    """A tile or a leaf is not there although the log is long enough to have it: the store is damaged."""


def grown_tiles(
    size: int, leaves: Sequence[bytes], read_tile: ReadTile, read_leaves: ReadLeaves
) -> dict[tuple[int, int], bytes]:
    """The rows to insert or replace when these leaf hashes join a tree of `size`.

    `read_tile(level, index)` gives a stored row, `read_leaves(start, end)` the leaf hashes of entries in the log. Both
    are asked at most once a level, and not at all unless a tile of leaves becomes whole.

    Raises:
        TileError: what is stored is not the tree of that size.
    """
    rows: dict[tuple[int, int], bytes] = {}
    if size % WIDTH + len(leaves) < WIDTH:
        return rows
    level, index = 0, size // WIDTH
    hashes = _joined_leaves(read_leaves, index * WIDTH, size) + b"".join(leaves)
    while True:
        roots = []
        for number, at in enumerate(range(0, len(hashes), WIDTH * HASH_BYTES), index):
            tile = hashes[at : at + WIDTH * HASH_BYTES]
            is_whole = len(tile) == WIDTH * HASH_BYTES
            if is_whole:
                roots.append(_root(tile))
            if is_whole or level > 0:
                rows[level, number] = tile
        if not roots:
            return rows
        # The first of these roots is hash number `index` of the next level.
        level, (index, present) = level + 1, divmod(index, WIDTH)
        begun = _stored_tile(read_tile, level, index, present, present) if present else b""
        hashes = begun + b"".join(roots)


class TileReader:
    """The nodes of the tree of the first `size` leaves, from tiles of a log that may have grown since.

    A NodeReader. The last few tiles are kept, so make a new one for each proof or few.
    """

    def __init__(self, size: int, read_tile: ReadTile, read_leaves: ReadLeaves) -> None:
        self.size = size
        self._read_tile = read_tile
        self._read_leaves = read_leaves
        self._tile = functools.lru_cache(_KEPT)(self._read)

    def __call__(self, level: int, index: int) -> bytes:
        """The root over the `2**level` leaves from `index * 2**level` on: at most 127 nodes are hashed for it.

        Raises:
            ValueError: the tree has not all of these leaves.
            TileError: what is stored is not a tree of that size.
        """
        if level < 0 or index < 0 or (index + 1) << level > self.size:
            raise ValueError(f"node ({level}, {index}) is not complete in a tree of {self.size} leaves")
        tile_level, height = divmod(level, _LEVELS)
        tile, first = divmod(index << height, WIDTH)
        hashes = self._tile(tile_level, tile)
        return _root(hashes[first * HASH_BYTES : (first + (1 << height)) * HASH_BYTES])

    def _read(self, level: int, index: int) -> bytes:
        present = min((self.size >> (_LEVELS * level)) - index * WIDTH, WIDTH)
        if level == 0 and present < WIDTH:
            return _joined_leaves(self._read_leaves, index * WIDTH, self.size)
        return _stored_tile(self._read_tile, level, index, present, WIDTH)


def _stored_tile(read_tile: ReadTile, level: int, index: int, least: int, most: int) -> bytes:
    """A stored tile of at least and at most so many hashes."""
    tile = read_tile(level, index) or b""
    hashes, rest = divmod(len(tile), HASH_BYTES)
    if rest or not least <= hashes <= most:
        raise TileError(f"tile ({level}, {index}) has {len(tile)} bytes where the log has {least} hashes")
    return tile


def _joined_leaves(read_leaves: ReadLeaves, start: int, end: int) -> bytes:
    """The leaf hashes of entries `start` to `end`, one after the other."""
    joined = b"".join(read_leaves(start, end)) if start < end else b""
    if len(joined) != (end - start) * HASH_BYTES:
        raise TileError(f"entries {start} to {end - 1} do not have a leaf of {HASH_BYTES} bytes each")
    return joined


def _root(hashes: bytes) -> bytes:
    """The root over a power of two of hashes that stand one after the other, as they are hashed two by two."""
    sha256 = hashlib.sha256
    while len(hashes) > HASH_BYTES:
        pairs = range(0, len(hashes), _PAIR)
        hashes = b"".join([sha256(b"\x01" + hashes[at : at + _PAIR]).digest() for at in pairs])
    return hashes
