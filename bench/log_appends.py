"""Appends a second through the decision log, as multiples of a bare loop that commits one row at a time, in one run.

The argument is a directory on the disk to measure; with OSTIARY_BENCH_LOG, the URL of an empty database, it is that.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))

from engine.audit import DecisionLog, Entry, Sealed
from engine.audit.merkle import leaf_hash
from engine.audit.vault import KeyEncryptionKey, Vault, open_index_key

ROUNDS = 3
SECONDS = 0.35
BODY = b'{"outcome":"hold","findings":[' + b"x" * 900 + b"]}"
FACTS = b'{"customer":{' + b"x" * 500 + b"}}"
CUSTOMERS = 1_000
KEK = KeyEncryptionKey.of(bytes(32))
IDS = itertools.count()
RUN = os.urandom(4).hex()
URL = os.environ.get("OSTIARY_BENCH_LOG")
BARE_TABLES = """
CREATE TABLE IF NOT EXISTS bare_entry
  ("index" bigint PRIMARY KEY, kind text, id text UNIQUE, leaf bytea, body bytea);
CREATE TABLE IF NOT EXISTS bare_sealed ("index" bigint PRIMARY KEY REFERENCES bare_entry, subject text, box bytea);
CREATE INDEX IF NOT EXISTS bare_subject ON bare_sealed (subject);
CREATE TABLE IF NOT EXISTS bare_state (size bigint, commits bigint);
TRUNCATE bare_entry, bare_sealed, bare_state;
INSERT INTO bare_state VALUES (0, 0);
"""


def new_id() -> str:
    """An id as long as a UUID, never the same twice."""
    return f"{RUN}-{next(IDS):012}"


def open_vault(log: DecisionLog) -> Vault:
    """The vault of a new log."""
    index_keys: list[bytes] = []
    log.change(lambda transaction: index_keys.append(open_index_key(transaction.keys, KEK)))
    return Vault(KEK, index_keys[0], log.store.reading_keys)


def seal(vault: Vault) -> list[Sealed]:
    """Facts of about 500 bytes for each of many customers, sealed beforehand: what is measured is the log."""
    sealer = vault.sealer("2026-11-22T00:00:00.000000Z")
    return [sealer.seal(f"customer {number}", new_id(), FACTS, None) for number in range(CUSTOMERS)]


def entries_of(sealed: list[Sealed]) -> Iterator[Entry]:
    """Decisions of about 1 KB, on one customer after the other."""
    for box in itertools.cycle(sealed):
        yield Entry("decision", new_id(), BODY, box)


def bare_loop(directory: Path) -> float:
    """One thread, one row a transaction, the same tables, settings and flushes, nothing else: no tree above all."""
    with DecisionLog.open(directory, URL) as log:
        sealed = seal(open_vault(log))
    return bare_sqlite(directory, sealed) if URL is None else bare_postgres(URL, sealed)


def bare_postgres(url: str, sealed: list[Sealed]) -> float:
    """The same on the server, in tables of its own: four round trips a row."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(BARE_TABLES)
        count = 0
        started = time.perf_counter()
        while (spent := time.perf_counter() - started) < SECONDS:
            box = sealed[count % CUSTOMERS]
            with db.transaction():
                row = (count, "decision", new_id(), leaf_hash(BODY), BODY)
                db.execute("INSERT INTO bare_entry VALUES (%s, %s, %s, %s, %s)", row)
                db.execute("INSERT INTO bare_sealed VALUES (%s, %s, %s)", (count, box.subject, box.box))
                db.execute("UPDATE bare_state SET size = %s, commits = commits + 1", (count + 1,))
            count += 1
        db.execute("DROP TABLE bare_entry, bare_sealed, bare_state")
    return count / spent


def bare_sqlite(directory: Path, sealed: list[Sealed]) -> float:
    """The same on the file."""
    with contextlib.closing(sqlite3.connect(directory / "log.db", isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        count = 0
        started = time.perf_counter()
        while (spent := time.perf_counter() - started) < SECONDS:
            box = sealed[count % CUSTOMERS]
            row = (count, "decision", new_id(), leaf_hash(BODY), BODY)
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", row)
            db.execute("INSERT INTO sealed VALUES (?, ?, ?)", (count, box.subject, box.box))
            db.execute("UPDATE log_state SET size = ?, commits = commits + 1", (count + 1,))
            db.execute("COMMIT")
            count += 1
    return count / spent


def through_the_log(directory: Path, threads: int, together: int) -> tuple[float, float]:
    """Appends a second and entries a commit, with each thread waiting for its own receipts."""
    with DecisionLog.open(directory, URL) as log:
        sealed = seal(open_vault(log))
        # Their keys are stored with the first entry on each; those that come after find them.
        log.append_all(list(itertools.islice(entries_of(sealed), CUSTOMERS)))
        known = [attrs.evolve(box, new_key=None) for box in sealed]
        entries, commits = log.size(), log.commits
        end = time.perf_counter() + SECONDS

        def work() -> None:
            mine = entries_of(known)
            while time.perf_counter() < end:
                log.append_all(list(itertools.islice(mine, together)))

        workers = [threading.Thread(target=work) for _ in range(threads)]
        started = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        entries = log.size() - entries
        return entries / (time.perf_counter() - started), entries / (log.commits - commits)


def main() -> None:
    """Print one line a case; the first argument is the directory of the disk to measure."""
    cases = [(1, 1), (8, 1), (32, 1), (1, 8), (1, 32), (1, 128)]
    bare: list[float] = []
    rates: dict[tuple[int, int], list[tuple[float, float]]] = {case: [] for case in cases}
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as root:
        for number in range(ROUNDS):
            bare.append(bare_loop(Path(root) / f"bare{number}"))
            for case in cases:
                rates[case].append(through_the_log(Path(root) / f"log{number}-{case[0]}-{case[1]}", *case))
    base = statistics.median(bare)
    print(f"median of {ROUNDS} rounds of {SECONDS} s, every commit flushed, {_server()}")
    print(f"{'':36}{'appends/s':>10}{'ratio':>8}{'entries a commit':>18}")
    print(f"{'bare loop, one row a transaction':36}{base:10,.0f}{1:8.2f}{1:18.1f}")
    for (threads, together), measured in rates.items():
        rate, group = (statistics.median(column) for column in zip(*measured, strict=True))
        name = f"{threads} thread{'s' * (threads > 1)}, {together} an append"
        print(f"{name:36}{rate:10,.0f}{rate / base:8.2f}{group:18.1f}")


def _server() -> str:
    if URL is None:
        return f"SQLite {sqlite3.sqlite_version}"
    with psycopg.connect(URL) as db:
        return f"PostgreSQL {db.info.server_version // 10_000}.{db.info.server_version % 10_000}"


if __name__ == "__main__":
    main()
