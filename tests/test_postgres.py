"""What the tests' own PostgreSQL and proxy promise to the tests that use them."""

from __future__ import annotations

import threading
import time
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from tcp_proxy import TcpProxy


@pytest.fixture
def table(postgres_url):
    """A table with one row a call; the rows that are committed."""
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE t (n int)")

    def rows():
        with psycopg.connect(postgres_url) as connection:
            return [n for (n,) in connection.execute("SELECT n FROM t ORDER BY n")]

    return rows


@pytest.fixture
def proxy(postgres):
    with TcpProxy(postgres.socket) as opened:
        yield opened


@pytest.fixture
def through(proxy, postgres_database):
    """A connection through the proxy."""
    url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{postgres_database}"
    opened = []

    def connect():
        opened.append(psycopg.connect(url))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def test_every_test_has_a_database_of_its_own_that_is_flushed(postgres, postgres_url):
    assert set(parse_qs(urlsplit(postgres_url).query)) == {"host"}
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute(
            "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 2200"
        ).fetchone() == (0,)
        for name in ["fsync", "synchronous_commit", "full_page_writes"]:
            assert connection.execute(f"SHOW {name}").fetchone() == ("on",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    assert "database system is ready" in postgres.messages()


@pytest.mark.parametrize("how", ["stop", "stop_immediately", "kill"])
def test_it_ends_and_comes_back_with_what_was_committed(postgres, postgres_url, table, how):
    with psycopg.connect(postgres_url) as connection:
        connection.execute("INSERT INTO t VALUES (1)")
        connection.commit()
        connection.execute("INSERT INTO t VALUES (2)")
        getattr(postgres, how)()
        postgres.wait_for_the_rest()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres_url)
    postgres.start()
    assert table() == [1]


def test_it_ends_the_connections_of_one_database(postgres, postgres_url, postgres_database):
    with psycopg.connect(postgres_url) as connection, psycopg.connect(postgres.url()) as other:
        assert postgres.terminate_backends(postgres_database) == 1
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        other.execute("SELECT 1")


def test_it_pauses_and_goes_on(postgres, postgres_url):
    with psycopg.connect(postgres_url) as connection:
        postgres.pause()
        answered = threading.Event()
        asking = threading.Thread(target=lambda: (connection.execute("SELECT 1"), answered.set()))
        asking.start()
        assert not answered.wait(0.3)
        postgres.go_on()
        assert answered.wait(10)
        asking.join()


def test_an_answer_is_lost_after_the_commit(proxy, through, table):
    connection = through()
    connection.execute("INSERT INTO t VALUES (1)")
    trap = proxy.lose_answer(b"COMMIT")
    with pytest.raises(psycopg.OperationalError):
        connection.commit()
    assert trap.sprung.wait(5)
    assert table() == [1]
    second = through()
    second.execute("INSERT INTO t VALUES (2)")
    second.commit()
    assert table() == [1, 2]


def test_a_request_is_lost_before_the_commit(proxy, through, table):
    connection = through()
    connection.execute("INSERT INTO t VALUES (1)")
    trap = proxy.lose_request(b"COMMIT")
    with pytest.raises(psycopg.OperationalError):
        connection.commit()
    assert trap.sprung.wait(5)
    assert table() == []


def test_the_proxy_refuses_until_told_otherwise(proxy, through):
    connection = through()
    proxy.refuse()
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        through()
    proxy.refuse(is_refusing=False)
    started = time.monotonic()
    assert through().execute("SELECT 1").fetchone() == (1,)
    assert time.monotonic() - started < 5
