"""Several processes on one log, and processes that are killed while they append."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from engine.audit import DecisionLog
from engine.audit.store.sqlite.connection import open_reader

KILLS = 20
THREADS = 4


@pytest.fixture
def appending(start, data, tmp_path):
    """Start a process that appends from four threads; its id, and where its receipts go."""
    nursery = start("nursery.py")

    def begin(name, times=0):
        output = tmp_path / name
        output.touch()
        nursery.stdin.write(f"{data} {name} {THREADS} {times} {output}\n")
        nursery.stdin.flush()
        return int(nursery.stdout.readline()), output

    return begin


def _is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _wait(until, seconds=20.0):
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.005)


def _acknowledged(path):
    """The whole lines of an output: what was being written when the process died was not acknowledged."""
    lines = path.read_text().split("\n")[:-1]
    return {name: int(index) for index, name in map(str.split, lines)}


def test_two_processes_append_to_one_log(appending, data):
    started = [appending(name, times=150) for name in "ab"]
    _wait(lambda: not any(_is_alive(process) for process, _ in started))
    acknowledged = _acknowledged(started[0][1]) | _acknowledged(started[1][1])
    assert len(acknowledged) == 2 * THREADS * 150
    with DecisionLog.open(data) as log:
        assert {entry.id: entry.index for entry in log.entries()} == acknowledged
        assert sorted(acknowledged.values()) == list(range(log.size()))


def test_a_process_that_starts_beside_a_busy_one_gets_its_turn(appending, data, new_entry):
    process, output = appending("busy")
    _wait(lambda: output.stat().st_size)
    for _ in range(5):
        with DecisionLog.open(data, deadline=2) as log:
            assert log.get(new_entry().id) is None
            log.append(new_entry(), deadline=2)
    os.kill(process, signal.SIGKILL)
    _wait(lambda: not _is_alive(process))


def test_what_was_acknowledged_outlives_kill_9(appending, data):
    chance = random.Random(20_261_122)
    acknowledged = {}
    for number in range(KILLS // 2):
        started = [appending(f"{number}{side}") for side in "ab"]
        _wait(lambda started=started: all(output.stat().st_size for _, output in started))
        for process, _ in started:
            time.sleep(chance.uniform(0.05, 0.2))
            os.kill(process, signal.SIGKILL)
        _wait(lambda started=started: not any(_is_alive(process) for process, _ in started))
        for _, output in started:
            acknowledged |= _acknowledged(output)
    with DecisionLog.open(data) as log:
        stored = {entry.id: entry.index for entry in log.entries()}
        assert sorted(stored.values()) == list(range(log.size()))
    assert {name: index for name, index in acknowledged.items() if stored.get(name) != index} == {}
    assert len(acknowledged) > KILLS * 10
    # Each thread may have had one entry that was committed when its process died before saying so.
    assert len(stored) - len(acknowledged) <= KILLS * THREADS
    db = open_reader(data / "log.db")
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert db.execute("SELECT count(*) FROM sealed").fetchone()[0] == len(stored)
    db.close()
