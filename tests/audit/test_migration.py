"""A log as every released version left it opens in this one, and what was in clear is in clear no more."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from naive_tree import NaiveTree
from signed_log import anchored, published_keys
from small_rules import item, policy, rule_set

from api.app import create_app
from api.application import service_of
from api.record import open_record
from api.recorder import Recorder
from api.settings import Settings
from engine.audit import DecisionLog, LogUnavailable, verify
from engine.audit.merkle import leaf_hash

RELEASED = Path(__file__).parent / "released"
POLICY = policy(rule_set(item()))
MANY = 1_600
"""Entries that take several pages to seal."""


class OldLog:
    """A log of an earlier schema in a directory, left by a process that was killed: much of it is in the WAL."""

    def __init__(self, data: Path, name: str, more: int = 0) -> None:
        self.data = data
        made = data.with_name("made")
        for directory in (made, data):
            directory.mkdir()
        with contextlib.closing(sqlite3.connect(made / "log.db", isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA wal_autocheckpoint = 0")
            db.executescript((RELEASED / f"{name}-log.sql").read_text())
            self.size = db.execute("SELECT size FROM log_state").fetchone()[0]
            _append(db, self.size, more)
            self.size += more
            self.entries = db.execute('SELECT "index", id, leaf, body FROM entry ORDER BY "index"').fetchall()
            self.facts = dict(db.execute('SELECT e.id, facts FROM facts JOIN entry e USING ("index")'))
            for path in made.iterdir():
                shutil.copy(path, data / path.name)


def _append(db, size, count):
    """Entries as that version wrote them, with facts that fill pages of their own now and then."""
    db.execute("BEGIN")
    for index in range(size, size + count):
        body = json.dumps({"v": 1, "type": "decision", "id": f"more-{index}", "decision": {"outcome": "hold"}}).encode()
        customer = {"id": f"customer-canary-{index % 700}", "name": f"Canary Person {index}"}
        facts = {"customer": customer | {"phones": ["+1 Canary"] * (400 if index % 50 == 0 else 2)}}
        row = (index, "decision", f"more-{index}", leaf_hash(body), body)
        db.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", row)
        db.execute("INSERT INTO facts VALUES (?, ?)", (index, json.dumps(facts).encode()))
    db.execute("UPDATE log_state SET size = ?, commits = commits + 1", (size + count,))
    db.execute("COMMIT")


@pytest.fixture
def old(data):
    return OldLog(data, "0001")


def opened(data):
    return open_record(Settings(data, (), Path()), Recorder(None, date.today), checks_whole=True)


@contextlib.contextmanager
def served(data):
    app = create_app(Settings(data, (), Path()), policy=POLICY)
    try:
        yield app.test_client(), service_of(app)
    finally:
        service_of(app).close()


def files_with(data, *words):
    """Which files hold which of these words."""
    return {(path.name, word) for path in data.iterdir() for word in words if word in path.read_bytes()}


CANARIES = (b"Canary", b"canary", b"Berlin", b"+49 30 5550100", b"192.0.2.7", b"Hauptstr. 1")


def applied(data):
    """Names of the migrations that led to the log."""
    with contextlib.closing(sqlite3.connect(data / "log.db")) as db:
        return [name for (name,) in db.execute("SELECT name FROM _sqlite_migrations ORDER BY id")]


def is_table(session, name):
    return bool(session.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [name]))


def check_sealed(record, old):
    """Every entry is what it was, its facts open, and an entry commits to each box."""
    entries = list(record.log.entries())
    assert [(entry.index, entry.id, entry.leaf, entry.body) for entry in entries[: old.size]] == old.entries
    told = {}
    for entry in entries:
        if entry.kind == "facts_sealed":
            sealed = json.loads(entry.body)["sealed"]
            assert not told.keys() & sealed.keys()
            told |= sealed
    found = {}
    for index, id_, _, _ in old.entries:
        box = record.log.sealed(index)
        if box is not None:
            found[id_] = record.vault.open_facts(box[0], id_, box[1])
            assert told.pop(str(index)) == f"sha256:{hashlib.sha256(box[1]).hexdigest()}"
    assert found == old.facts
    assert told == {}
    with record.log.store.reading() as session:
        assert not is_table(session, "facts")


def check_tree(record, data):
    """Tree, checkpoint and everything else are right for those who share no code with the log."""
    head = record.log.head()
    leaves = [leaf_hash(entry.body) for entry in record.log.entries()]
    assert head.root() == NaiveTree(leaves).root(len(leaves))
    assert (anchored(data).size, anchored(data).root) == (head.size, head.root())
    keys = [verify.Key.parse(key.text) for key in published_keys(data)]
    report = verify.verify(data, keys, [verify.read_anchor(data / "checkpoint")], datetime.now(UTC))
    assert (report.integrity, report.completeness) == ("ok", "ok")


def test_the_first_schema_opens_and_its_facts_are_sealed(old, data):
    assert files_with(data, *CANARIES) == {("log.db-wal", word) for word in CANARIES}
    record = opened(data)
    try:
        check_sealed(record, old)
        check_tree(record, data)
        # While it is open, and when it is closed.
        assert files_with(data, *CANARIES) == set()
        kinds = [entry.kind for entry in record.log.entries(old.size)]
        assert sorted(kinds) == ["facts_sealed", "log_created"]
    finally:
        record.log.close()
    assert files_with(data, *CANARIES) == set()
    assert applied(data) == ["0001-log", "0002-proofs"]


def test_the_service_reads_what_the_first_schema_held_and_goes_on(old, data):
    with served(data) as (client, service):
        for id_, facts in old.facts.items():
            answer = client.get(f"/v1/decisions/{id_}")
            assert (answer.status_code, answer.json["id"]) == (200, id_)
            assert service.facts(id_) == facts
        same = service.log.sealed(1)[0], service.log.sealed(3)[0]
        others = {service.log.sealed(index)[0] for index in (1, 2, 4, 5)}
        assert same[0] == same[1]
        assert len(others) == 4
        # The customer that is known is known to a new request too.
        request = {"action": "account.open", "facts": {"customer": {"id": "customer-canary-1"}}}
        new = client.post("/v1/decisions", json=request).json
        assert service.log.sealed(new["log"]["index"])[0] == same[0]
        with service.log.store.reading_keys() as keys:
            days = keys.execute("SELECT subject, opened_on, closed_on FROM vault_account WHERE account <> ''")
        assert days == [(same[0], "2024-02-01", "2025-06-30")]


def test_a_second_start_changes_nothing(old, data):
    opened(data).log.close()
    before = _rows(data)
    record = opened(data)
    check_sealed(record, old)
    record.log.close()
    assert _rows(data) == before


def _rows(data):
    rows = {}
    for name in ("log.db", "keys.db"):
        with contextlib.closing(sqlite3.connect(data / name)) as db:
            rows[name] = [line for line in db.iterdump() if '"log_state"' not in line]
    return rows, (data / "checkpoint").read_bytes()


def test_a_migration_that_is_killed_goes_on_where_it_was(data, start):
    old = OldLog(data, "0001", MANY)
    left, kills = len(old.facts), 0
    while left:
        child = start("opener.py", data)
        _wait_for_less(data, left)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        kills += 1
        now = _left(data)
        assert now < left
        left = now
    assert kills > 1
    record = opened(data)
    try:
        check_sealed(record, old)
        check_tree(record, data)
        assert files_with(data, *CANARIES) == set()
        assert record.vault.subject_of("customer-canary-7") is not None
        with record.log.store.reading_keys() as keys:
            ((count,),) = keys.execute("SELECT count(*) FROM vault_key WHERE lookup IS NOT NULL")
        assert count == 700
    finally:
        record.log.close()


def _left(data):
    """Facts that are in clear still; none once their table is gone."""
    with contextlib.closing(sqlite3.connect(f"file:{data}/log.db?mode=ro", uri=True, timeout=5)) as db:
        # In one transaction, as the table may go at any moment.
        db.execute("BEGIN")
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'facts'").fetchone():
            return 0
        return db.execute("SELECT count(*) FROM facts").fetchone()[0]


def _wait_for_less(data, count):
    end = time.monotonic() + 20
    while _left(data) >= count:
        assert time.monotonic() < end
        time.sleep(0.002)


def test_a_log_that_was_changed_is_not_brought_up_to_date(old, data):
    with contextlib.closing(sqlite3.connect(data / "log.db", isolation_level=None)) as db:
        db.execute("DROP TRIGGER entry_is_never_changed")
        db.execute("UPDATE entry SET body = x'7b7d' WHERE \"index\" = 3")
    with pytest.raises(LogUnavailable, match="the body of entry 3 is not the one that was logged, so the log is not"):
        opened(data)
    assert applied(data) == ["0001-log"]
    with contextlib.closing(sqlite3.connect(data / "log.db")) as db:
        assert db.execute("SELECT count(*) FROM facts").fetchone()[0] == len(old.facts)


def test_every_schema_but_the_present_one_has_a_released_log(data):
    """A dump is named by the last migration in it; once a schema is released and another is begun, it needs one."""
    DecisionLog.open(data).close()
    dumps = sorted(path.name for path in RELEASED.glob("*-log.sql"))
    assert dumps == [f"{name[:4]}-log.sql" for name in applied(data)[:-1]]
