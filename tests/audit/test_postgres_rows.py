"""The rows in PostgreSQL: no ordinary statement changes them, and whoever forces one is found out."""

from __future__ import annotations

import datetime
from pathlib import Path

import psycopg
import pytest
from log_samples import SEALED, decision_with_facts, open_log
from signed_log import decision, published_keys, signatory_of

from engine.audit import DecisionLog, LogUnavailable, verify
from engine.audit.unavailable import Cause
from engine.audit.vault.keystore import delete_customer
from engine.audit.whole import verify_store

TABLES = ["entry", "log_state", "policy", "policy_file", "tile", "checkpoint"]


@pytest.fixture
def log(data, postgres_url):
    with open_log(data, url=postgres_url) as opened:
        yield opened


@pytest.fixture
def filled(log):
    """A log of enough entries for a tile, a checkpoint and a policy."""
    log.append_all([decision(number) for number in range(300)])
    log.store_checkpoint(300, "a note")
    log.store_policy(
        "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", b"{}", {"rules/a.yaml": ""}
    )
    return log


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("how", ["DELETE FROM", "TRUNCATE"])
@pytest.mark.usefixtures("filled")
def test_no_row_is_deleted(postgres_owner, table, how):
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        postgres_owner.execute(f"{how} {table} CASCADE" if how == "TRUNCATE" else f"{how} {table}")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entry SET body = '{}'",
        "UPDATE sealed SET box = '{}'",
        "UPDATE tile SET hashes = '{}'",
        "UPDATE tile SET level = 7",
        "UPDATE checkpoint SET note = ''",
        "UPDATE policy SET document = '{}'",
        "UPDATE policy_file SET text = ''",
        "UPDATE log_state SET size = size - 1, commits = commits + 1",
        "UPDATE log_state SET size = size + 1",
        "TRUNCATE sealed",
        "INSERT INTO log_state VALUES (2, 0, 0, '')",
        "INSERT INTO entry SELECT \"index\", kind, 'other', leaf, body FROM entry",
        "INSERT INTO entry VALUES (301, 'decision', 'short leaf', 'x', 'x')",
        'INSERT INTO entry SELECT 301, kind, id, leaf, body FROM entry WHERE "index" = 0',
        "INSERT INTO entry SELECT 302, kind, 'after a hole', leaf, body FROM entry WHERE \"index\" = 0",
    ],
)
def test_no_row_is_changed_or_out_of_place(filled, postgres_owner, change):
    filled.append(decision_with_facts())
    with pytest.raises((psycopg.errors.RaiseException, psycopg.errors.IntegrityError)):
        postgres_owner.execute(change)


def test_what_was_changed_behind_its_back_is_not_served_signed_or_verified(log, postgres_owner, data):
    signatory = signatory_of(log, data)
    log.append_all([decision(number) for number in range(300)])
    signatory.sign()
    postgres_owner.execute("ALTER TABLE entry DISABLE TRIGGER ALL")
    postgres_owner.execute("UPDATE entry SET body = '{}' WHERE \"index\" = 40")
    with pytest.raises(LogUnavailable, match="the body of entry 40 is not the one that was logged") as told:
        list(log.entries())
    assert told.value.cause is Cause.DAMAGED
    keys = [verify.Key.parse(key.text) for key in published_keys(data)]
    report = verify_store(log.store, keys, [], datetime.datetime.now(datetime.UTC))
    assert report.integrity == "failed"
    postgres_owner.execute("ALTER TABLE tile DISABLE TRIGGER ALL")
    postgres_owner.execute("UPDATE tile SET hashes = decode(repeat('00', 8192), 'hex')")
    with pytest.raises(LogUnavailable, match="its first 301 entries are not those that were signed") as told:
        signatory.sign()
    assert told.value.cause is Cause.DAMAGED


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("UPDATE log_state SET size = 305", "should hold 305 entries, but its last index is 299"),
        ('DELETE FROM entry WHERE "index" = 100', "entries are missing between index 44 and 299"),
        ("INSERT INTO ostiary_migration VALUES ('0009-later')", "a newer version wrote this log; start that version"),
        ("DROP TABLE log_state", "a part of its tables is missing"),
    ],
)
@pytest.mark.usefixtures("filled")
def test_a_log_that_does_not_agree_with_itself_is_not_opened(postgres_owner, data, postgres_url, damage, words):
    for table in TABLES:
        postgres_owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    postgres_owner.execute(damage)
    with pytest.raises(LogUnavailable, match=words):
        DecisionLog.open(data, postgres_url)


def test_no_file_of_the_tables_holds_a_destroyed_key(log, postgres_owner):
    log.append(decision_with_facts())
    key = SEALED.new_key
    assert _found_in_files(postgres_owner, key.wrapped, key.lookup)
    log.change(lambda transaction: delete_customer(transaction.keys, SEALED.subject))
    assert _found_in_files(postgres_owner, key.wrapped, key.lookup), "the control: deleting is not enough"
    log.change(lambda _: None, scrubs=True)
    assert not _found_in_files(postgres_owner, key.wrapped, key.lookup)


def _found_in_files(postgres_owner, *needles):
    """Whether any file of the database has one of these, once everything is written; the write-ahead log is not one."""
    postgres_owner.execute("CHECKPOINT")
    directory, table = (
        postgres_owner.execute("SHOW data_directory").fetchone()[0],
        "SELECT pg_relation_filepath('entry')",
    )
    files = Path(directory, postgres_owner.execute(table).fetchone()[0]).parent.iterdir()
    content = b"".join(file.read_bytes() for file in files)
    return any(needle in content for needle in needles)
