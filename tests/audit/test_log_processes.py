"""Several processes on one log, and processes that are killed while they append.

OSTIARY_KILLS says how many rounds of killing two processes there are, 20 by default.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import time

import pytest
from numbered import acknowledgements, closed_facts, lost, read_whole
from processes import wait, wait_until_gone

from engine.audit import DecisionLog

ROUNDS = int(os.environ.get("OSTIARY_KILLS", "20"))
ROUNDS_A_LOG = 10
SEED = 20_261_122
THREADS = 4
FILE = "log.db"


@pytest.fixture
def appending(forked, data, tmp_path):
    """Start a process that appends from four threads; its id, and where its receipts go."""

    def begin(name, times=0, directory=data, options=()):
        output = tmp_path / f"acknowledged-{name}"
        output.touch()
        return forked(directory, name, output, threads=THREADS, times=times, options=options), output

    return begin


def _kill_in_the_middle(started, chance):
    """Kill each process at a random moment: one round in four also while it may still be opening the log."""
    if chance.random() < 0.75:
        wait(lambda: all(output.stat().st_size for _, output in started))
    for process, _ in started:
        time.sleep(chance.uniform(0, 0.15))
        os.kill(process, signal.SIGKILL)
    wait_until_gone(process for process, _ in started)


def _acknowledged(started):
    return {name: index for _, output in started for name, index in acknowledgements(output.read_text()).items()}


def _stored(directory):
    """Index by id of what a log holds that was left by processes that died; it has no hole and opens by itself."""
    with DecisionLog.open(directory) as log:
        assert closed_facts(log) == []
        return read_whole(log)


def test_two_processes_append_to_one_log(appending, data):
    started = [appending(name, times=150) for name in "ab"]
    wait_until_gone(process for process, _ in started)
    acknowledged = _acknowledged(started)
    assert len(acknowledged) == 2 * THREADS * 150
    assert _stored(data) == acknowledged


def test_a_process_that_starts_beside_a_busy_one_gets_its_turn(appending, data, new_entry):
    process, output = appending("busy")
    wait(lambda: output.stat().st_size)
    for _ in range(5):
        with DecisionLog.open(data, deadline=2) as log:
            assert log.get(new_entry().id) is None
            log.append(new_entry(), deadline=2)
    os.kill(process, signal.SIGKILL)
    wait_until_gone([process])


@pytest.mark.parametrize("processes", [2, 4])
def test_processes_take_turns(appending, processes):
    """SQLite's own waiting lets one of two busy processes do nearly everything."""
    started = [appending(f"turn{number}") for number in range(processes)]
    wait(lambda: all(output.stat().st_size for _, output in started))
    before = [len(_acknowledged([one])) for one in started]
    time.sleep(1.0)
    after = [len(_acknowledged([one])) for one in started]
    for process, _ in started:
        os.kill(process, signal.SIGKILL)
    wait_until_gone(process for process, _ in started)
    shares = [late - early for early, late in zip(before, after, strict=True)]
    # Without turns the smallest share is next to nothing; a busy machine alone does not halve it.
    assert min(shares) >= 0.5 * max(shares), shares


def test_what_was_acknowledged_outlives_kill_9(appending, tmp_path):
    chance = random.Random(SEED)
    acknowledged, stored = {}, {}
    total = 0
    for number in range(ROUNDS):
        directory = tmp_path / f"log-{number // ROUNDS_A_LOG}"
        if number % ROUNDS_A_LOG == 0:
            acknowledged, stored = {}, {}
        before = stored
        started = [appending(f"{number}{side}", directory=directory) for side in "ab"]
        _kill_in_the_middle(started, chance)
        new = _acknowledged(started)
        acknowledged |= new
        stored = _stored(directory)
        assert lost(acknowledged, stored) == {}
        assert lost(before, stored) == {}, "what stood in the log has moved"
        # Each thread may have had one entry that was committed when its process died before saying so.
        assert len(stored) - len(before) - len(new) <= 2 * THREADS
        total += len(new)
        if (number + 1) % ROUNDS_A_LOG == 0:
            with contextlib.closing(sqlite3.connect(directory / FILE)) as db:
                assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    print(f"{ROUNDS} rounds, {total} acknowledged, none lost")
    assert total > ROUNDS * 20


def test_an_acknowledgement_before_the_commit_is_found_out(appending, data):
    """The same check on processes that speak too early, so that it is known to be able to fail."""
    missing = 0
    for number in range(5):
        started = [appending(f"{number}{side}", directory=data, options=["--early"]) for side in "ab"]
        wait(lambda started=started: all(output.stat().st_size for _, output in started))
        _kill_in_the_middle(started, random.Random(SEED + number))
        missing += len(_acknowledged(started).keys() - _stored(data).keys())
    assert missing > 0
