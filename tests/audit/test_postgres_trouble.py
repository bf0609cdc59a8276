"""PostgreSQL locked, cancelled, halted and without its standby: who is told what, and how the log goes on."""

from __future__ import annotations

import contextlib
import datetime
import threading
import time
from typing import NamedTuple
from urllib.parse import quote

import psycopg
import pytest
from log_samples import decision_with_facts, open_log
from signed_log import decision, published_keys, signatory_of

from engine.audit import DecisionLog, LogUnavailable, verify
from engine.audit.store.opening import open_source
from engine.audit.store.postgresql.connecting import PatientConnection
from engine.audit.unavailable import Cause
from engine.audit.whole import verify_opened


@pytest.fixture
def log(data, postgres_url):
    with open_log(data, url=postgres_url) as opened:
        yield opened


def test_a_server_that_may_not_be_written_is_refused_until_it_may(log, postgres_owner, postgres_database):
    log.append(decision())
    postgres_owner.execute(f"ALTER DATABASE {postgres_database} SET default_transaction_read_only = on")
    log.store.discard()  # as after any failure; a new connection gets the new default
    with pytest.raises(LogUnavailable, match=r"it may not be written \(ReadOnlySql.*connect to the primary") as told:
        log.append(decision())
    assert not told.value.may_be_logged
    postgres_owner.execute(f"ALTER DATABASE {postgres_database} RESET default_transaction_read_only")
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


def test_a_cancelled_statement_is_begun_again(log, postgres_owner, postgres_url, postgres_database):
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT * FROM log_state FOR UPDATE")
        waiting = threading.Thread(target=log.append, args=(decision(),))
        waiting.start()
        _cancel(postgres_owner, postgres_database, "wait_event_type = 'Lock'")
        time.sleep(0.1)
    waiting.join()
    assert log.size() == 1


def _cancel(postgres_owner, database, condition):
    """Cancel what a session of the log does, as soon as one does that."""
    query = f"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = %s AND {condition}"  # noqa: S608  ours
    end = time.monotonic() + 10
    while not postgres_owner.execute(query, [database]).fetchall():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_commit_that_no_standby_confirmed_is_no_acknowledgement(
    log, postgres_owner, postgres_database, postgres_setting
):
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
    _cancel(postgres_owner, postgres_database, "wait_event = 'SyncRep'")
    waiting.join()
    assert told[0].may_be_logged
    assert "a commit stands on the server but perhaps on no standby (canceling wait for" in told[0].reason
    postgres_setting("synchronous_standby_names", "")
    assert log.is_ready(deadline=5) is None
    assert log.append(entry).index == 1
    assert log.size() == 2


class Hosts(NamedTuple):
    """URLs of one database: of the first server, of the one that follows it, and of whichever can be written."""

    first: str
    second: str
    either: str


@pytest.fixture
def hosts(postgres, postgres_standby, postgres_database):
    both = ",".join(quote(str(server.socket.parent)) for server in (postgres, postgres_standby))
    return Hosts(
        postgres.url(postgres_database),
        postgres_standby.url(postgres_database),
        f"postgresql://postgres@/{postgres_database}?host={both}&target_session_attrs=read-write",
    )


def test_a_standby_that_takes_over_has_everything_that_was_acknowledged(
    data, hosts, postgres, postgres_standby, postgres_setting
):
    postgres_setting("synchronous_standby_names", "*")
    acknowledged, is_done = {}, threading.Event()

    def append(log):
        while not is_done.is_set():
            with contextlib.suppress(LogUnavailable):
                receipt = log.append(decision(), deadline=1)
                acknowledged[receipt.id] = receipt.index

    with DecisionLog.open(data, hosts.either) as log:
        signatory = signatory_of(log, data)
        signatory.sign()
        appending = [threading.Thread(target=append, args=(log,)) for _ in range(4)]
        for thread in appending:
            thread.start()
        _wait(lambda: len(acknowledged) > 50)
        postgres.kill()
        before = len(acknowledged)
        postgres_standby.promote()
        _wait(lambda: len(acknowledged) > before + 50)
        is_done.set()
        for thread in appending:
            thread.join()
        signatory.sign()
        stored = {entry.id: entry.index for entry in log.entries()}
        assert {id_: index for id_, index in acknowledged.items() if stored.get(id_) != index} == {}
    with DecisionLog.open(data, hosts.second) as log:
        signatory_of(log, data).check()
    # The old server, started again, has not got the rest, and whoever connects to it is told.
    postgres.start()
    with DecisionLog.open(data, hosts.first) as log:
        with pytest.raises(LogUnavailable, match=r"its end is missing|are not those that were signed") as told:
            signatory_of(log, data).check()
        assert told.value.cause is Cause.DAMAGED


def test_a_standby_can_be_verified_and_not_written(log, data, hosts, tmp_path):
    signatory_of(log, data).sign()
    log.append_all([decision() for _ in range(300)])
    signatory_of(log, data).sign()
    url, head = hosts.second, log.head()

    def has_followed():
        with psycopg.connect(url) as connection:
            return connection.execute("SELECT max(size) FROM checkpoint").fetchone() == (head.size,)

    _wait(has_followed)
    keys = [verify.Key.parse(key.text) for key in published_keys(data)]
    anchors = [verify.read_anchor(data / "checkpoint")]
    report = verify_opened("it", lambda: open_source(url), keys, anchors, datetime.datetime.now(datetime.UTC))
    assert report.exit_code == 0, report.to_text()
    with DecisionLog.open(tmp_path / "other", url) as standby:
        assert standby.head() == head
        with pytest.raises(LogUnavailable, match="it may not be written"):
            standby.append(decision())
    with pytest.raises(LogUnavailable, match=r"it may not be written .* connect to the primary server"):
        DecisionLog.open(data, f"{url}&target_session_attrs=read-write")


def _wait(until, seconds=20.0):
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.02)


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


def test_a_turn_to_sign_that_is_kept_is_told_and_does_not_stop_appending(log, postgres_owner, monkeypatch):
    with psycopg.connect(postgres_owner.info.dsn) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('ostiary.signing'))")
        monkeypatch.setattr("engine.audit.store.postgresql.store._SIGNING_SECONDS", 1)
        with pytest.raises(LogUnavailable, match="another service keeps the turn to sign"), log.store.signing_turn():
            pass
        assert log.append(decision()).index == 0
    with log.store.signing_turn():
        pass


def test_connections_are_closed_with_the_log(data, postgres_url, postgres_owner, postgres_database):
    with DecisionLog.open(data, postgres_url) as log:
        log.append(decision())
        with log.store.signing_turn(), contextlib.ExitStack() as several:
            for _ in range(3):
                several.enter_context(log.store.reading())
    end = time.monotonic() + 10
    while postgres_owner.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND application_name = 'ostiary'", [postgres_database]
    ).fetchone() != (0,):
        assert time.monotonic() < end
        time.sleep(0.02)
