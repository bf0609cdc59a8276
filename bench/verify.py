"""Entries a second that the verifier verifies, beside a bare loop that only reads the rows and hashes the bodies."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "audit"))

from log_builder import LogBuilder

from engine.audit.verify import Anchor, Checkpoint, ExportSource, Key, LogVerification, SqliteSource

ENTRIES = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
CHECKPOINT_EVERY = 10_000
PADDING = 620
ROUNDS = 3


def make(directory: Path) -> LogBuilder:
    """A log and an export of it: decisions of about 1 KB with facts, a checkpoint every second at 10,000 a second."""
    log = LogBuilder()
    log.create()
    log.activate()
    while len(log.entries) < ENTRIES:
        log.decide(padding=PADDING)
        if len(log.entries) % CHECKPOINT_EVERY == 0:
            log.sign()
    log.write(directory / "log.db")
    log.export(directory / "export")
    return log


def bare_loop(path: Path) -> int:
    """Read the rows and hash the bodies, nothing else."""
    count = 0
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        cursor = db.execute('SELECT "index", kind, id, leaf, body FROM entry ORDER BY "index"')
        while rows := cursor.fetchmany(2048):
            for _, _, _, _, body in rows:
                hashlib.sha256(b"\x00" + body).digest()
            count += len(rows)
    return count


def main() -> None:
    """Print one line a case."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        log = make(directory)
        _, note = max(log.checkpoints.items())
        keys, anchors = [Key.parse(log.key.text)], [Anchor("anchor", note, Checkpoint.parse(note))]

        def verified(source: SqliteSource | ExportSource) -> int:
            report = LogVerification(source, keys, anchors, datetime.now(UTC)).run()
            assert (report.integrity, report.completeness) == ("ok", "ok"), report.to_text()
            return len(log.entries)

        cases = {
            "bare loop: read and hash": lambda: bare_loop(directory / "log.db"),
            "verify the database": lambda: verified(SqliteSource(directory / "log.db")),
            "verify the export": lambda: verified(ExportSource(directory / "export")),
        }
        rates: dict[str, list[float]] = {case: [] for case in cases}
        for _ in range(ROUNDS):
            for case, run in cases.items():
                started = time.perf_counter()
                rates[case].append(run() / (time.perf_counter() - started))
    body = statistics.mean(len(entry[4]) for entry in log.entries)
    print(f"median of {ROUNDS} rounds, {ENTRIES:,} entries of {body:,.0f} bytes, {len(log.checkpoints)} checkpoints")
    print(f"{'':28}{'entries/s':>12}{'ratio':>8}")
    base = statistics.median(rates["bare loop: read and hash"])
    for case, measured in rates.items():
        print(f"{case:28}{statistics.median(measured):12,.0f}{statistics.median(measured) / base:8.2f}")


if __name__ == "__main__":
    main()
