"""PostgreSQL locked, cancelled, halted and without its standby: who is told what, and how the log goes on."""

from __future__ import annotations

import contextlib
import threading
import time

import psycopg
import pytest
from log_samples import decision_with_facts, open_log
from signed_log import decision

from engine.audit import DecisionLog, LogUnavailable, verify
from engine.audit.store.postgresql.connecting import PatientConnection


@pytest.fixture
def log(data, postgres_url):
    with open_log(data, url=postgres_url) as opened:
        yield opened


@pytest.fixture
def raw(postgres_url):
    """A plain connection, as whoever knows the password of the owner can make one."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


def test_a_server_that_may_not_be_written_is_refused_until_it_may(log, raw, postgres_database):
    log.append(decision())
    raw.execute(f"ALTER DATABASE {postgres_database} SET default_transaction_read_only = on")
    log.store.discard()  # as after any failure; a new connection gets the new default
    with pytest.raises(LogUnavailable, match=r"it may not be written \(ReadOnlySql.*connect to the primary") as told:
        log.append(decision())
    assert not told.value.may_be_logged
    raw.execute(f"ALTER DATABASE {postgres_database} RESET default_transaction_read_only")
    assert log.is_ready() is None
    assert log.append(decision()).index == 1


def test_the_row_locked_by_another_session_for_longer_than_the_deadline(log, postgres_url):
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT * FROM log_state FOR UPDATE")
        started = time.monotonic()
        with pytest.raises(LogUnavailable, match=r"another service keeps the log's turn; see pg_locks.*0.3 s") as told:
            log.append(decision(), deadline=0.3)
        assert time.monotonic() - started < 0.8
        assert not told.value.may_be_logged
        assert "keeps the log's turn" in log.is_ready(deadline=0.1)
        # Longer than the server's own limit on waiting for a lock.
        time.sleep(1.2)
    assert log.is_ready(deadline=3) is None
    assert log.size() == 0
    assert log.append(decision()).index == 0


def test_a_lock_within_the_deadline_only_delays(log, postgres_url):
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT * FROM log_state FOR UPDATE")
        releasing = threading.Timer(1.3, other.rollback)
        releasing.start()
        assert log.append(decision()).index == 0
        releasing.join()


def test_a_cancelled_statement_is_begun_again(log, raw, postgres_url, postgres_database):
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT * FROM log_state FOR UPDATE")
        waiting = threading.Thread(target=log.append, args=(decision(),))
        waiting.start()
        _cancel(raw, postgres_database, "wait_event_type = 'Lock'")
        time.sleep(0.1)
    waiting.join()
    assert log.size() == 1


def _cancel(raw, database, condition):
    """Cancel what a session of the log does, as soon as one does that."""
    query = f"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = %s AND {condition}"  # noqa: S608  ours
    end = time.monotonic() + 10
    while not raw.execute(query, [database]).fetchall():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_commit_that_no_standby_confirmed_is_no_acknowledgement(log, raw, postgres_database, postgres_setting):
    log.append(decision())
    postgres_setting("synchronous_standby_names", "nobody")
    entry = decision()
    told = []

    def append():
        with pytest.raises(LogUnavailable) as caught:
            log.append(entry, deadline=3)
        told.append(caught.value)

    waiting = threading.Thread(target=append)
    waiting.start()
    _cancel(raw, postgres_database, "wait_event = 'SyncRep'")
    waiting.join()
    assert told[0].may_be_logged
    assert "a commit stands on the server but perhaps on no standby (canceling wait for" in told[0].reason
    postgres_setting("synchronous_standby_names", "")
    assert log.is_ready(deadline=5) is None
    assert log.append(entry).index == 1
    assert log.size() == 2


def test_reading_a_halted_server_ends_by_itself(data, postgres_url, postgres, monkeypatch):
    monkeypatch.setattr(PatientConnection, "patience", 1.0)
    with DecisionLog.open(data, postgres_url) as log:
        log.append(decision())
        log.size()
        _see_reading_end(log, postgres)


def _see_reading_end(log, postgres):
    postgres.pause()
    started = time.monotonic()
    with pytest.raises(LogUnavailable, match=r"the server cannot be reached .*no answer for 1 s"):
        log.size()
    assert 0.9 < time.monotonic() - started < 3
    postgres.go_on()
    assert log.size() == 1


def test_scrubbing_waits_for_no_reader_and_says_what_is_in_the_way(log, postgres_url):
    log.append(decision_with_facts())
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT * FROM vault_key")
        with pytest.raises(LogUnavailable, match=r"another session keeps reading the keys.*repeat the command") as told:
            log.change(lambda _: None, scrubs=True)
        assert told.value.may_be_logged
    log.change(lambda _: None, scrubs=True)


def test_a_server_that_ends_under_the_verifier_is_no_damage(log, postgres):
    log.append_all([decision(number) for number in range(3_000)])
    source = log.store.source()
    batches = source.entries()
    next(batches)
    postgres.stop_immediately()
    with pytest.raises(verify.Unreadable, match="the server"):
        list(batches)
    source.close()


def test_a_turn_to_sign_that_is_kept_is_told_and_does_not_stop_appending(log, raw, monkeypatch):
    with psycopg.connect(raw.info.dsn) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('ostiary.signing'))")
        monkeypatch.setattr("engine.audit.store.postgresql.store._SIGNING_SECONDS", 1)
        with pytest.raises(LogUnavailable, match="another service keeps the turn to sign"), log.store.signing_turn():
            pass
        assert log.append(decision()).index == 0
    with log.store.signing_turn():
        pass


def test_connections_are_closed_with_the_log(data, postgres_url, raw, postgres_database):
    with DecisionLog.open(data, postgres_url) as log:
        log.append(decision())
        with log.store.signing_turn(), contextlib.ExitStack() as several:
            for _ in range(3):
                several.enter_context(log.store.reading())
    end = time.monotonic() + 10
    while raw.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND application_name = 'ostiary'", [postgres_database]
    ).fetchone() != (0,):
        assert time.monotonic() < end
        time.sleep(0.02)
