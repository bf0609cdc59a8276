"""What the tests of the verifier have in common: logs of a few entries, and their report."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import timedelta

from log_builder import START, LogBuilder, LogKey, sha256

from engine.audit.verify import Anchor, Checkpoint, Key, Report, verify

NOW = START + timedelta(hours=1)


def judge(path, *keys: LogKey, anchors=()) -> Report:
    given = [Anchor(f"anchor {number}", note, Checkpoint.parse(note)) for number, note in enumerate(anchors)]
    return verify(path, [Key.parse(key.text) for key in keys or [LogKey(1)]], given, NOW)


def verdicts(report) -> tuple[str, str, int]:
    return report.integrity, report.completeness, report.exit_code


def small_log(decisions: int = 8, **fields) -> LogBuilder:
    log = LogBuilder(**fields)
    log.create()
    log.activate()
    for _ in range(decisions):
        log.decide()
    return log


def run(database, *statement) -> None:
    with contextlib.closing(sqlite3.connect(database)) as db:
        db.execute(*statement)
        db.commit()


def rewrite(log: LogBuilder, index: int) -> None:
    """Give an entry another body, and the log the tree over it."""
    at, kind, id_, _, body = log.entries[index]
    body = body.replace(b"console", b"nobody!")
    log.entries[index] = (at, kind, id_, sha256(b"\x00" + body), body)
    log._roots = {}
