"""Proof of one entry in a log of a million, from tiles in a SQLite file, beside bare SHA-256 of as many nodes.

Prints what appending costs a leaf while the log is made, then milliseconds to make and to verify a proof of a random
entry, each from a reader that has read nothing yet, and how many times as long as its hashes alone that takes.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from engine.audit.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from engine.audit.tiles import TileReader, grown_tiles

TABLES = """
CREATE TABLE entry("index" INTEGER PRIMARY KEY, kind TEXT, id TEXT UNIQUE, leaf BLOB, body BLOB) STRICT;
CREATE TABLE tile(level INTEGER, "index" INTEGER, hashes BLOB, PRIMARY KEY(level, "index")) STRICT;
"""
TARGET_MS = 5.0


class Log:
    """A log's entries and tiles, as the service keeps them."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript(TABLES)
        self.frontier = Frontier()
        self.seconds = {"Frontier.extended": 0.0, "grown_tiles": 0.0}

    def read_tile(self, level: int, index: int) -> bytes | None:
        """One row of hashes."""
        row = self.db.execute('SELECT hashes FROM tile WHERE level = ? AND "index" = ?', (level, index)).fetchone()
        return row and row[0]

    def read_leaves(self, start: int, end: int) -> list[bytes]:
        """The leaf hashes of these entries."""
        where = 'WHERE "index" >= ? AND "index" < ? ORDER BY "index"'
        return [leaf for (leaf,) in self.db.execute(f"SELECT leaf FROM entry {where}", (start, end))]  # noqa: S608

    def append(self, bodies: list[bytes]) -> None:
        """Add entries and what the tree needs for them."""
        size = self.frontier.size
        leaves = [leaf_hash(body) for body in bodies]
        started = time.perf_counter()
        self.frontier = self.frontier.extended(leaves)
        extended = time.perf_counter()
        rows = grown_tiles(size, leaves, self.read_tile, self.read_leaves)
        self.seconds["Frontier.extended"] += extended - started
        self.seconds["grown_tiles"] += time.perf_counter() - extended
        entries = zip(range(size, size + len(leaves)), leaves, bodies, strict=True)
        named = ((index, "decision", f"{index:032x}", leaf, body) for index, leaf, body in entries)
        self.db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", named)
        self.db.executemany("INSERT OR REPLACE INTO tile VALUES (?, ?, ?)", [(*row, rows[row]) for row in rows])


def timed(work: Callable[[], object]) -> float:
    """Milliseconds it takes."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1_000


def hashes_of(make: Callable[[Callable[[int, int], bytes]], object], size: int) -> int:
    """How many nodes are hashed to make a proof: those inside the tiles it reads, and those at the tree's end."""
    nodes: list[int] = []
    make(lambda level, _: nodes.append(level) or bytes(32))
    return sum((1 << level % 8) - 1 for level in nodes) + size.bit_count()


def bare(count: int) -> None:
    """SHA-256 of as many nodes, and nothing else."""
    node = b"\x01" + bytes(64)
    for _ in range(count):
        hashlib.sha256(node).digest()


def percentiles(spent: list[float]) -> tuple[float, float]:
    """The median and the 99th percentile."""
    return statistics.median(spent), statistics.quantiles(spent, n=100)[98]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=64, help="entries of one append")
    parser.add_argument("--proofs", type=int, default=1_000)
    arguments = parser.parse_args()
    draw = random.Random(0)
    with tempfile.TemporaryDirectory() as directory:
        log = Log(Path(directory) / "log.db")
        with contextlib.closing(log.db):
            log.db.execute("BEGIN")
            for start in range(0, arguments.entries, arguments.batch):
                end = min(start + arguments.batch, arguments.entries)
                log.append([b'{"number":%d}' % number for number in range(start, end)])
            log.db.execute("COMMIT")
            print(f"microseconds a leaf, {arguments.batch} leaves an append, {arguments.entries:,} in all")
            for name, seconds in log.seconds.items():
                print(f"{name:36}{seconds / arguments.entries * 1e6:10.2f}")
            measure(log, draw, arguments.proofs)


def measure(log: Log, draw: random.Random, count: int) -> None:
    """Print how long proofs take, and whether that is below the target."""
    size, root = log.frontier.size, log.frontier.root()
    names = ("inclusion, made", "inclusion, verified", "consistency, made", "consistency, verified")
    spent: dict[str, list[float]] = {name: [] for name in names}
    alone: dict[str, list[float]] = {name: [] for name in names}

    def record(name: str, hashes: int, work: Callable[[], object]) -> None:
        spent[name].append(timed(work))
        alone[name].append(timed(lambda: bare(hashes)))

    def reader(size: int) -> TileReader:
        return TileReader(size, log.read_tile, log.read_leaves)

    for _ in range(count):
        index, old = draw.randrange(size), draw.randrange(1, size)
        leaf = log.read_leaves(index, index + 1)[0]
        proof = inclusion_proof(index, size, reader(size))
        made = hashes_of(lambda node, index=index: inclusion_proof(index, size, node), size)
        record(names[0], made, lambda index=index: inclusion_proof(index, size, reader(size)))
        record(names[1], len(proof), lambda a=(leaf, index, size, proof, root): verify_inclusion(*a))
        proof = consistency_proof(old, size, reader(size))
        made = hashes_of(lambda node, old=old: consistency_proof(old, size, node), size)
        old_root = root_at(old, reader(old))
        record(names[2], made, lambda old=old: consistency_proof(old, size, reader(size)))
        record(names[3], len(proof), lambda a=(old, size, proof, old_root, root): verify_consistency(*a))
    print(f"\nmilliseconds a proof, {count:,} of them; a long tail of both is the machine's")
    print(f"{'':24}{'p50':>10}{'p99':>10}{'bare p50':>12}{'bare p99':>10}{'x bare':>10}{f'< {TARGET_MS:g} ms':>12}")
    for name in names:
        (p50, p99), (bare50, bare99) = percentiles(spent[name]), percentiles(alone[name])
        within = sum(value < TARGET_MS for value in spent[name]) / count
        print(f"{name:24}{p50:10.3f}{p99:10.3f}{bare50:12.3f}{bare99:10.3f}{p50 / bare50:10.1f}{within:12.1%}")


if __name__ == "__main__":
    main()
