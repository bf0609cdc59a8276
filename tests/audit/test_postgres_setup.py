"""PostgreSQL as it is set up: what is refused, in which words, and with how few rights the log can do."""

from __future__ import annotations

import datetime
import threading
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from log_samples import decision_with_facts, open_log
from signed_log import decision

from engine.audit import DecisionLog, LogUnavailable
from engine.audit.store.opening import open_source, why_no_log
from engine.audit.whole import verify_opened


@pytest.fixture
def log(data, postgres_url):
    with open_log(data, url=postgres_url) as opened:
        yield opened


@pytest.fixture
def role(postgres_owner):
    """The name of a user who may log in and nothing else."""
    postgres_owner.execute("CREATE ROLE clerk LOGIN PASSWORD 'right'")
    yield "clerk"
    postgres_owner.execute("DROP OWNED BY clerk")
    postgres_owner.execute("DROP ROLE clerk")


def as_user(url, user, password=None):
    return url.replace("postgres@", f"{user}{f':{password}' if password else ''}@", 1)


def refusal(data, url) -> LogUnavailable:
    with pytest.raises(LogUnavailable) as told:
        DecisionLog.open(data, url)
    return told.value


def test_a_password_that_is_wrong_is_said_to_be(data, postgres_url, postgres_owner, role):
    file = Path(postgres_owner.execute("SHOW hba_file").fetchone()[0])
    rules = file.read_text()
    file.write_text(f"local all {role} scram-sha-256\n{rules}")
    try:
        postgres_owner.execute("SELECT pg_reload_conf()")
        end = time.monotonic() + 10
        for password in (None, "wrong"):
            while "access is refused" not in (reason := refusal(data, as_user(postgres_url, role, password)).reason):
                assert time.monotonic() < end, reason
            assert "check the user and password in OSTIARY_LOG" in reason
            assert "wrong" not in reason
    finally:
        file.write_text(rules)
        postgres_owner.execute("SELECT pg_reload_conf()")


def test_a_server_or_database_that_is_not_there_is_named(data, postgres, postgres_url):
    assert "there is no such database" in refusal(data, postgres.url("nothing")).reason
    assert "access is refused" in refusal(data, as_user(postgres_url, "nobody")).reason
    nowhere = f"postgresql://user:secret@/name?host={quote(str(data))}"
    reason = refusal(data, nowhere).reason
    assert reason.startswith(f"postgresql://{data}/name: the server cannot be reached (")
    assert "secret" not in reason
    assert "OSTIARY_LOG: it is not a URL" in refusal(data, "postgresql://user:sec%ret@host:x y/").reason


def test_a_user_who_may_not_make_tables_is_refused(data, postgres_url, role):
    assert "access is refused (InsufficientPrivilege" in refusal(data, as_user(postgres_url, role)).reason


@pytest.mark.usefixtures("log")
def test_a_user_who_owns_nothing_can_append_and_cannot_drop_the_triggers(postgres_owner, data, postgres_url, role):
    postgres_owner.execute(f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {role}")
    postgres_owner.execute(
        f"GRANT UPDATE ON log_state, tile, idempotency, vault_key, vault_account, vault_hold TO {role}"
    )
    postgres_owner.execute(f"GRANT DELETE ON sealed, idempotency, vault_key, vault_account, vault_hold TO {role}")
    url = as_user(postgres_url, role)
    with DecisionLog.open(data, url) as log:
        assert log.append(decision_with_facts()).index == 0
        with pytest.raises(LogUnavailable, match=r"`VACUUM FULL vault_key` was not done .*own the tables"):
            log.change(lambda _: None, scrubs=True)
        assert log.is_ready() is None
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("ALTER TABLE entry DISABLE TRIGGER ALL")


def test_a_full_number_of_connections_is_told(data, postgres_url, postgres_owner):
    postgres_owner.execute("CREATE ROLE few LOGIN CONNECTION LIMIT 0")
    try:
        assert "lets no more connections in" in refusal(data, as_user(postgres_url, "few")).reason
    finally:
        postgres_owner.execute("DROP ROLE few")


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_does_not_flush_is_refused(data, postgres_url, postgres_setting, setting):
    postgres_setting(setting, "off")
    reason = refusal(data, postgres_url).reason
    assert f"the server runs with {setting} = off where the log needs on; set it in postgresql.conf" in reason


def test_a_database_that_is_not_in_unicode_is_refused(data, postgres, postgres_owner):
    postgres_owner.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        assert "server_encoding = LATIN1 where the log needs UTF8" in refusal(data, postgres.url("latin")).reason
    finally:
        postgres_owner.execute("DROP DATABASE latin")


def test_options_of_the_url_are_kept_and_cannot_weaken_it(data, postgres_url, postgres_owner):
    postgres_owner.execute("CREATE SCHEMA record")
    options = quote("-c search_path=record -c synchronous_commit=off -c statement_timeout=1")
    with DecisionLog.open(data, f"{postgres_url}&options={options}") as log:
        assert log.append(decision()).index == 0
        with log.store.reading() as session:
            assert session.execute("SHOW synchronous_commit") == [("on",)]
    assert postgres_owner.execute("SELECT count(*) FROM record.entry").fetchone() == (1,)
    assert why_no_log(data, postgres_url) is not None


def test_several_that_open_an_empty_database_at_once_make_one_log(data, postgres_url):
    failures = []

    def open_and_append():
        try:
            with DecisionLog.open(data, postgres_url) as log:
                log.append(decision())
        except LogUnavailable as trouble:
            failures.append(trouble.reason)

    threads = [threading.Thread(target=open_and_append) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with DecisionLog.open(data, postgres_url) as log:
        assert [entry.index for entry in log.entries()] == list(range(6))


def test_a_database_without_a_log_is_not_made_one_by_looking(data, postgres_url, postgres_owner):
    assert "there is no log in postgresql://" in why_no_log(data, postgres_url)
    report = verify_opened("it", lambda: open_source(postgres_url), [], [], datetime.datetime.now(datetime.UTC))
    assert report.integrity == "failed"
    assert "the database holds no log" in report.to_text()
    assert postgres_owner.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
