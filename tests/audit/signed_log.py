"""A log that is signed: its parts, put together as a service does, and the entries of a service without one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from engine.audit import DecisionLog, Entry
from engine.audit.checkpoint import Checkpoint, read_checkpoint
from engine.audit.entry import Kind
from engine.audit.note import Verifier
from engine.audit.signing import Signatory, open_key

ORIGIN = "ostiary.example/test"


def new_entry(kind: Kind, fields: dict[str, Any]) -> Entry:
    """An entry as a service makes it, with less of an envelope."""
    id_ = str(uuid4())
    return Entry(kind, id_, json.dumps({"v": 2, "type": kind, "id": id_, **fields}).encode())


def decision(number: int = 0) -> Entry:
    return new_entry("decision", {"number": number})


def signatory_of(log: DecisionLog, data: Path, origin: str | None = ORIGIN) -> Signatory:
    key = data / "log.key"
    return Signatory(log, key, open_key(log, key, origin).name, data / "checkpoint", data / "log.pub", new_entry)


def published_keys(data: Path) -> list[Verifier]:
    return [Verifier.parse(line) for line in (data / "log.pub").read_text().splitlines()]


def anchored(data: Path) -> Checkpoint:
    """The checkpoint in the file, verified with the published keys."""
    return read_checkpoint((data / "checkpoint").read_bytes(), published_keys(data))


def stored_notes(log: DecisionLog) -> dict[int, str]:
    with log.store.reading() as session:
        return dict(session.execute("SELECT size, note FROM checkpoint ORDER BY size"))


@contextmanager
def behind_its_back(data: Path) -> Iterator[sqlite3.Connection]:
    """The log's file, open to whoever has rights on it and drops the triggers first."""
    connection = sqlite3.connect(data / "log.db", isolation_level=None)
    try:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
    finally:
        connection.close()
