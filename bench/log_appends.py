"""Appends a second through the decision log, as multiples of a bare loop that commits one row at a time, in one run."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from engine.audit import DecisionLog, Entry
from engine.audit.merkle import leaf_hash

ROUNDS = 3
SECONDS = 0.35
BODY = b'{"outcome":"hold","findings":[' + b"x" * 900 + b"]}"
FACTS = b'{"customer":{' + b"x" * 500 + b"}}"
IDS = itertools.count()


def new_entry() -> Entry:
    """A decision of about 1 KB with facts of about 500 bytes."""
    return Entry(kind="decision", id=f"0198c0de-{next(IDS):012}", body=BODY, facts=FACTS)


def bare_loop(directory: Path) -> float:
    """One thread, one row a transaction, the same tables, settings and flushes, nothing else."""
    DecisionLog.open(directory).close()
    with contextlib.closing(sqlite3.connect(directory / "log.db", isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        count = 0
        started = time.perf_counter()
        while (spent := time.perf_counter() - started) < SECONDS:
            row = (count, "decision", f"0198c0de-{next(IDS):012}", leaf_hash(BODY), BODY)
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", row)
            db.execute("INSERT INTO facts VALUES (?, ?)", (count, FACTS))
            db.execute("UPDATE log_state SET size = ?, commits = commits + 1", (count + 1,))
            db.execute("COMMIT")
            count += 1
    return count / spent


def through_the_log(directory: Path, threads: int, together: int) -> tuple[float, float]:
    """Appends a second and entries a commit, with each thread waiting for its own receipts."""
    with DecisionLog.open(directory) as log:
        end = time.perf_counter() + SECONDS

        def work() -> None:
            while time.perf_counter() < end:
                if together == 1:
                    log.append(new_entry())
                else:
                    log.append_all([new_entry() for _ in range(together)])

        workers = [threading.Thread(target=work) for _ in range(threads)]
        started = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return log.size() / (time.perf_counter() - started), log.size() / log.commits


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
    print(f"median of {ROUNDS} rounds of {SECONDS} s, every commit flushed, SQLite {sqlite3.sqlite_version}")
    print(f"{'':36}{'appends/s':>10}{'ratio':>8}{'entries a commit':>18}")
    print(f"{'bare loop, one row a transaction':36}{base:10,.0f}{1:8.2f}{1:18.1f}")
    for (threads, together), measured in rates.items():
        rate, group = (statistics.median(column) for column in zip(*measured, strict=True))
        name = f"{threads} thread{'s' * (threads > 1)}, {together} an append"
        print(f"{name:36}{rate:10,.0f}{rate / base:8.2f}{group:18.1f}")


if __name__ == "__main__":
    main()
