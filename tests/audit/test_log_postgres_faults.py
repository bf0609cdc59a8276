"""A log on a real PostgreSQL that is killed, stopped, paused and cut off, under two processes that append.

OSTIARY_POSTGRES_KILLS says how many rounds of killing there are, 4 by default.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time

import pytest
from numbered import acknowledgements, closed_facts, lost, numbered_entry, read_whole
from processes import wait, wait_until_gone
from tcp_proxy import TcpProxy

from engine.audit import DecisionLog, LogUnavailable

ROUNDS = int(os.environ.get("OSTIARY_POSTGRES_KILLS", "4"))
SEED = 20_261_125
THREADS = 4


@pytest.fixture
def log(data, postgres_url):
    with DecisionLog.open(data, postgres_url) as opened:
        yield opened


@pytest.fixture
def proxy(postgres):
    with TcpProxy(postgres.socket) as opened:
        yield opened


@pytest.fixture
def distant_log(data, proxy, postgres_database):
    """A log whose connections go through the proxy."""
    with DecisionLog.open(data, f"postgresql://postgres@127.0.0.1:{proxy.port}/{postgres_database}") as opened:
        yield opened


def test_what_was_acknowledged_outlives_kill_9(forked, data, postgres, postgres_database, tmp_path):
    url = postgres.url(postgres_database)
    chance = random.Random(SEED)
    acknowledged = {}
    stored = {}
    for number in range(ROUNDS):
        started = []
        for side in "ab":
            output = tmp_path / f"acknowledged-{number}{side}"
            output.touch()
            started.append((forked(data, f"{number}{side}", output, threads=THREADS, url=url), output))
        wait(lambda started=started: all(output.stat().st_size for _, output in started))
        time.sleep(chance.uniform(0, 0.2))
        # In every round the processes are killed; what happens to the server first takes turns, and they get over it.
        happens = [postgres.kill, postgres.stop_immediately, lambda: postgres.terminate_backends(postgres_database)]
        if number % 4 < 3:
            happens[number % 4]()
            postgres.start()
            sizes = [output.stat().st_size for _, output in started]
            wait(lambda started=started, sizes=sizes: _has_grown(started, sizes))
            time.sleep(chance.uniform(0, 0.1))
        for process, _ in started:
            os.kill(process, signal.SIGKILL)
        wait_until_gone(process for process, _ in started)
        for _, output in started:
            acknowledged |= acknowledgements(output.read_text())
        with DecisionLog.open(data, url) as log:
            before, stored = stored, read_whole(log)
            assert closed_facts(log) == []
        assert lost(acknowledged, stored) == {}
        assert lost(before, stored) == {}, "what stood in the log has moved"
    print(f"{ROUNDS} rounds, {len(acknowledged)} acknowledged, none lost")
    assert len(acknowledged) > ROUNDS * 5
    assert len(stored) - len(acknowledged) <= ROUNDS * 2 * THREADS


def _has_grown(started, sizes):
    return all(output.stat().st_size > size for (_, output), size in zip(started, sizes, strict=True))


def _refused(log, name, deadline=5.0):
    with pytest.raises(LogUnavailable) as told:
        log.append(numbered_entry(name), deadline=deadline)
    return told.value


def test_an_answer_lost_after_the_commit_is_no_acknowledgement_and_costs_nothing(distant_log, proxy):
    first = distant_log.append(numbered_entry("first")).index
    trap = proxy.lose_answer(b"COMMIT")
    refusal = _refused(distant_log, "second")
    assert trap.sprung.is_set()
    assert refusal.may_be_logged
    assert distant_log.is_ready() is None
    assert distant_log.append(numbered_entry("third")).index == first + 2
    assert distant_log.append(numbered_entry("second")).index == first + 1
    assert read_whole(distant_log).keys() == {"first", "second", "third"}


def test_a_commit_that_never_arrives_leaves_no_hole(distant_log, proxy):
    first = distant_log.append(numbered_entry("first")).index
    trap = proxy.lose_request(b"COMMIT")
    assert _refused(distant_log, "second").may_be_logged
    assert trap.sprung.is_set()
    assert distant_log.is_ready() is None
    assert distant_log.append(numbered_entry("third")).index == first + 1
    assert distant_log.append(numbered_entry("second")).index == first + 2
    assert read_whole(distant_log).keys() == {"first", "second", "third"}


def test_a_network_that_is_gone_and_back(distant_log, proxy):
    first = distant_log.append(numbered_entry("first")).index
    proxy.refuse()
    for _ in range(2):
        refusal = _refused(distant_log, "second")
        assert "the server cannot be reached" in refusal.reason
        assert not refusal.may_be_logged
    assert "the server cannot be reached" in distant_log.is_ready()
    with pytest.raises(LogUnavailable, match="cannot be reached"):
        distant_log.size()
    proxy.refuse(is_refusing=False)
    assert distant_log.is_ready() is None
    assert distant_log.append(numbered_entry("second")).index == first + 1
    assert read_whole(distant_log).keys() == {"first", "second"}


@pytest.mark.parametrize("how", ["stop", "stop_immediately", "kill"])
def test_a_server_that_ends_and_comes_back(log, postgres, how):
    log.append(numbered_entry("first"))
    getattr(postgres, how)()
    postgres.wait_for_the_rest()
    started = time.monotonic()
    refusal = _refused(log, "second")
    assert "the server cannot be reached" in refusal.reason
    assert time.monotonic() - started < 6
    assert log.is_ready() is not None
    postgres.start()
    assert log.is_ready() is None
    log.append(numbered_entry("second"))
    assert read_whole(log).keys() == {"first", "second"}


def test_idle_connections_that_the_server_ended_cost_nobody_an_answer(log, postgres, postgres_database):
    first = log.append(numbered_entry("first")).index
    sessions = [log.store.reading() for _ in range(3)]
    with contextlib.ExitStack() as several:
        for session in sessions:
            several.enter_context(session)
    assert postgres.terminate_backends(postgres_database) >= 4
    assert log.size() == first + 1
    assert log.append(numbered_entry("second")).index == first + 1
    assert log.is_ready() is None
    postgres.stop_immediately()
    postgres.start()
    assert [log.size() for _ in range(3)] == [first + 2] * 3
    assert log.append(numbered_entry("third")).index == first + 2
    assert read_whole(log).keys() == {"first", "second", "third"}


def test_a_server_that_halts_is_not_waited_for(log, postgres):
    log.append(numbered_entry("first"))
    postgres.pause()
    going_on = threading.Timer(1.0, postgres.go_on)
    going_on.start()
    started = time.monotonic()
    refusal = _refused(log, "second", deadline=0.3)
    assert time.monotonic() - started < 0.9
    assert not refusal.may_be_logged
    going_on.join()
    assert log.is_ready(deadline=5) is None
    # It was withdrawn before it was taken, so it does not turn up later.
    assert read_whole(log).keys() == {"first"}
    log.append(numbered_entry("second"))
    assert read_whole(log).keys() == {"first", "second"}
