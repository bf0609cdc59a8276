"""The file: its rights, its settings, its refusal to be changed, and what opening makes of a damaged one."""

from __future__ import annotations

import shutil
import sqlite3
import stat

import pytest
from log_samples import SEALED, open_log

from engine.audit import DecisionLog, LogUnavailable
from engine.audit.store.sqlite.connection import _open, open_reader, open_writer
from engine.audit.store.sqlite.schema import LOG

TABLES = ["entry", "log_state", "policy", "policy_file", "tile", "checkpoint"]


@pytest.fixture
def filled(data, new_entry):
    """A closed log of enough entries for a tile, a checkpoint and a policy."""
    with open_log(data) as log:
        log.append_all([new_entry(sealed=SEALED) for _ in range(300)])
        log.store_checkpoint(300, "a note")
        log.store_policy(
            "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", b"{}", {"rules/a.yaml": ""}
        )
    return data


@pytest.fixture
def raw(filled):
    """A plain connection to that log, as any program with rights on the file can open."""
    connection = sqlite3.connect(filled / "log.db", isolation_level=None)
    yield connection
    connection.close()


def test_only_the_owner_can_read(log, new_entry):
    log.append(new_entry())
    assert stat.S_IMODE(log.store.path.parent.stat().st_mode) == 0o700
    for path in log.store.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_the_settings_are_those_that_lose_nothing(filled):
    db = open_writer(filled / "log.db")
    settings = {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in ["journal_mode", "synchronous"]}
    assert settings == {"journal_mode": "wal", "synchronous": 2}
    assert db.execute("PRAGMA foreign_keys").fetchone()[0] == 1
    assert db.execute("PRAGMA busy_timeout").fetchone()[0] > 0
    assert all(db.table(name).strict for name in TABLES)
    db.close()


def test_a_setting_that_does_not_take_is_refused(filled):
    with pytest.raises(LogUnavailable, match="busy_timeout = 0 where the log needs -1"):
        _open(filled / "log.db", "rw", {"busy_timeout": -1})


def test_a_reading_connection_cannot_write(filled):
    db = open_reader(filled / "log.db")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("DELETE FROM entry")
    db.close()


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_deleted(raw, table):
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(f"DELETE FROM {table}")  # noqa: S608  a table of ours


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entry SET body = x'7b7d'",
        "UPDATE sealed SET box = x'7b7d'",
        "UPDATE tile SET hashes = zeroblob(32)",
        "UPDATE checkpoint SET note = ''",
        "UPDATE policy SET document = x'7b7d'",
        "UPDATE policy_file SET text = ''",
        "UPDATE log_state SET size = size - 1, commits = commits + 1",
        'INSERT OR REPLACE INTO entry SELECT "index", kind, id, leaf, zeroblob(2) FROM entry',
        'INSERT OR REPLACE INTO entry SELECT 300, kind, id, leaf, body FROM entry WHERE "index" = 0',
        'INSERT OR REPLACE INTO sealed SELECT "index", subject, zeroblob(2) FROM sealed',
        "INSERT OR REPLACE INTO checkpoint SELECT size, 'x' FROM checkpoint",
        "INSERT OR REPLACE INTO policy SELECT digest, zeroblob(2) FROM policy",
        "INSERT OR REPLACE INTO policy_file SELECT digest, path, 'x' FROM policy_file",
        "INSERT INTO log_state VALUES (2, 0, 0, x'')",
        "INSERT INTO entry VALUES (301, 'decision', 'after a hole', zeroblob(32), zeroblob(2))",
        "INSERT INTO entry VALUES (300, 'decision', 'short leaf', zeroblob(31), zeroblob(2))",
    ],
)
def test_no_row_is_changed_replaced_or_out_of_place(raw, change):
    before = list(raw.iterdump())
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(change)
    assert list(raw.iterdump()) == before


def _without_triggers(raw):
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("UPDATE log_state SET size = 305", "should hold 305 entries, but its last index is 299"),
        ('DELETE FROM entry WHERE "index" = 299', "should hold 300 entries, but its last index is 298"),
        ('DELETE FROM entry WHERE "index" = 100', "entries are missing between index 44 and 299"),
        ("UPDATE entry SET body = x'7b7d' WHERE \"index\" = 101", "the body of entry 101 is not the one that was"),
        ("UPDATE log_state SET frontier = zeroblob(32)", "the state of its tree is not that of 300 entries"),
        (
            "UPDATE _sqlite_migrations SET name = '0003-later' WHERE name = '0002-proofs'",
            "a newer version wrote this log",
        ),
    ],
)
def test_a_log_that_does_not_agree_with_itself_is_not_opened(raw, filled, damage, words):
    _without_triggers(raw)
    raw.execute(damage)
    raw.close()
    with pytest.raises(LogUnavailable, match=words):
        DecisionLog.open(filled)


def test_an_entry_changed_under_a_running_service_is_not_served(filled, raw):
    with DecisionLog.open(filled) as log:
        _without_triggers(raw)
        raw.execute("UPDATE entry SET body = x'7b7d' WHERE \"index\" = 1")
        assert log.get("0198-0") is not None
        with pytest.raises(LogUnavailable, match="the body of entry 1 is not the one that was logged"):
            log.get("0198-1")
        with pytest.raises(LogUnavailable, match="entry 1"):
            list(log.entries())


def test_a_file_that_is_no_log_is_left_alone(data):
    data.mkdir()
    (data / "log.db").write_text("a letter to the editor, long enough to be looked at " * 20)
    before = (data / "log.db").read_bytes()
    with pytest.raises(LogUnavailable, match="the file is not a log"):
        DecisionLog.open(data)
    assert (data / "log.db").read_bytes() == before


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(
        LogUnavailable, match=r"data/inner: a file stands where a directory belongs \(.*Not a directory"
    ):
        DecisionLog.open(tmp_path / "data" / "inner")


def test_a_log_moved_away_under_a_running_service_is_noticed(log, new_entry, tmp_path):
    log.append(new_entry())
    shutil.move(log.store.path, tmp_path / "elsewhere.db")
    for _ in range(2):
        with pytest.raises(LogUnavailable, match="moved or replaced while in use"):
            log.append(new_entry())
    assert not log.store.path.exists()
    assert "moved or replaced" in log.is_ready()


def test_migrations_run_once(data):
    for _ in range(2):
        with DecisionLog.open(data):
            pass
    db = open_reader(data / "log.db")
    assert [migration.name for migration in LOG.applied(db)] == ["0001-log", "0002-proofs"]
    db.close()
