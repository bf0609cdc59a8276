"""Tiles hold what the log's tables say they hold, and a tree read from them is the tree."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_tree import NaiveTree, leaf

from engine.audit.merkle import Frontier, consistency_proof, inclusion_proof, root_at
from engine.audit.tiles import WIDTH, TileError, TileReader, grown_tiles

SMALL = 1_200
SQUARE = WIDTH * WIDTH


class Store:
    """The rows of a log: its leaves and its tiles; every read is noted."""

    def __init__(self):
        self.leaves = []
        self.tiles = {}
        self.reads = []

    @classmethod
    def of(cls, leaves):
        store = cls()
        store.append(leaves)
        return store

    def append(self, leaves):
        rows = grown_tiles(len(self.leaves), leaves, self.read_tile, self.read_leaves)
        self.tiles.update(rows)
        self.leaves.extend(leaves)
        return rows

    def read_tile(self, level, index):
        self.reads.append((level, index))
        return self.tiles.get((level, index))

    def read_leaves(self, start, end):
        self.reads.append(range(start, end))
        return self.leaves[start:end]

    def reader(self, size=None):
        return TileReader(len(self.leaves) if size is None else size, self.read_tile, self.read_leaves)


def expected_tiles(tree, size):
    """The rows of a log of that size, as docs and contract have it: leaves in whole tiles, all roots above them."""
    rows, level = {}, 0
    while size >> (8 * level):
        count = size >> (8 * level)
        for start in range(0, count if level else count // WIDTH * WIDTH, WIDTH):
            hashes = [tree.node(8 * level, index) for index in range(start, min(start + WIDTH, count))]
            rows[level, start // WIDTH] = b"".join(hashes)
        level += 1
    return rows


@pytest.fixture(scope="module")
def tree():
    return NaiveTree([leaf(number) for number in range(SQUARE + 3 * WIDTH)])


@pytest.fixture(scope="module")
def large(tree):
    """The tiles of 65,536 entries and some more, and what they were at the sizes around it."""
    chance, store, seen = random.Random(65_536), Store.of(tree.leaves[: SQUARE - 300]), {}
    while len(store.leaves) < len(tree.leaves):
        size = len(store.leaves)
        store.append(tree.leaves[size : size + chance.choice([1, 1, 2, 3, 60, 255, 256, 257])])
        seen[len(store.leaves)] = dict(store.tiles)
    return store, seen


def test_the_tree_of_every_size_is_read_from_its_tiles(tree):
    store, frontier, chance = Store(), Frontier(), random.Random(1_200)
    for size in range(1, SMALL + 1):
        store.append(tree.leaves[size - 1 : size])
        frontier = frontier.extended(tree.leaves[size - 1 : size])
        node = store.reader()
        assert root_at(size, node) == frontier.root() == tree.root(size)
        index, old = chance.randrange(size), chance.randint(0, size)
        assert inclusion_proof(index, size, node) == tree.path(index, 0, size)
        assert old == 0 or consistency_proof(old, size, node) == tree.subproof(old, 0, size, b=True)
        assert size % 50 or store.tiles == expected_tiles(tree, size)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513, 1_000])
def test_every_node_is_there_and_none_that_is_not_complete(tree, size):
    node = Store.of(tree.leaves[:size]).reader()
    for level in range(size.bit_length() + 1):
        count = size >> level
        assert [node(level, index) for index in range(count)] == [tree.node(level, index) for index in range(count)]
        with pytest.raises(ValueError, match="not complete"):
            node(level, count)
    for level, index in [(0, -1), (-1, 0)]:
        with pytest.raises(ValueError, match="not complete"):
            node(level, index)


def test_the_second_level_begins_at_65_536(tree, large):
    store, seen = large
    assert any(size < SQUARE for size in seen)
    for size, tiles in seen.items():
        assert ((2, 0) in tiles) == (size >= SQUARE)
        node = store.reader(size)
        assert root_at(size, node) == tree.root(size)
        for index in (0, 300, SQUARE - 301, size - 1):
            assert inclusion_proof(index, size, node) == tree.path(index, 0, size)
        for old in (1, 255, 65_000, size - 1):
            assert consistency_proof(old, size, node) == tree.subproof(old, 0, size, b=True)
    assert store.tiles == expected_tiles(tree, len(store.leaves))
    assert max(seen) == len(tree.leaves)


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(0, SMALL), max_size=12), size=st.integers(0, SMALL))
def test_tiles_are_the_same_however_the_log_was_cut_into_appends(tree, cuts, size):
    store = Store()
    for end in sorted({*cuts, size}):
        before = dict(store.tiles)
        rows = store.append(tree.leaves[len(store.leaves) : end])
        assert store.tiles == expected_tiles(tree, end)
        assert all(store.tiles[row].startswith(before.get(row, b"")) for row in store.tiles)
        assert rows == {row: tile for row, tile in store.tiles.items() if before.get(row) != tile}
    assert root_at(size, store.reader(size)) == tree.root(size)


def test_an_append_that_completes_no_tile_reads_and_writes_nothing(tree):
    store = Store.of(tree.leaves[:600])
    store.reads.clear()
    assert store.append(tree.leaves[600:767]) == {}
    assert store.append([]) == {}
    assert store.reads == []
    assert set(store.append(tree.leaves[767:768])) == {(0, 2), (1, 0)}
    assert store.reads == [range(512, 767), (1, 0)]


def test_a_proof_reads_one_tile_a_level_and_the_unfinished_ones(large):
    store, _ = large
    size = SQUARE + 2 * WIDTH + 7
    store.reads.clear()
    inclusion_proof(30_000, size, store.reader(size))
    assert sorted(store.reads, key=str) == [(0, 117), (1, 0), (1, 1), range(SQUARE + 2 * WIDTH, size)]


@pytest.mark.parametrize("damage", [None, b"", b"\0" * 31, b"\0" * 32 * 4, b"\0" * (5 * 32 + 1), b"\0" * 257 * 32])
def test_a_tile_that_is_not_the_one_of_the_size_is_damage(tree, damage):
    store = Store.of(tree.leaves[: 5 * WIDTH])
    store.tiles[1, 0] = damage
    with pytest.raises(TileError, match=r"tile \(1, 0\)"):
        grown_tiles(5 * WIDTH, tree.leaves[:WIDTH], store.read_tile, store.read_leaves)
    with pytest.raises(TileError, match=r"tile \(1, 0\)"):
        root_at(5 * WIDTH, store.reader())


def test_a_log_cut_shorter_than_its_tiles_does_not_grow(tree):
    store = Store.of(tree.leaves[: 5 * WIDTH])
    with pytest.raises(TileError, match=r"tile \(1, 0\) has 160 bytes where the log has 4 hashes"):
        grown_tiles(4 * WIDTH, tree.leaves[:WIDTH], store.read_tile, store.read_leaves)


@pytest.mark.parametrize("leaves", [[], [b""] * 10, [leaf(0)] * 9, [leaf(0)] * 11, [leaf(0)[:-1]] * 10])
def test_leaves_that_are_missing_are_damage(tree, leaves):
    with pytest.raises(TileError, match="entries 256 to 265"):
        grown_tiles(266, tree.leaves[:WIDTH], lambda *_: None, lambda *_: leaves)
    with pytest.raises(TileError, match="entries 256 to 265"):
        TileReader(266, lambda *_: None, lambda *_: leaves)(0, 265)
