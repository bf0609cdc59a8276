"""When the log cannot be written: every caller is told why, nothing is half-written, and it goes on by itself."""

from __future__ import annotations

import os
import signal
import sqlite3
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from signed_log import behind_its_back
from talking import tell

from engine.audit import DecisionLog, Entry, LogUnavailable
from engine.audit.store.sqlite.lock import FileLock
from engine.audit.tickets import MOST_BYTES, MOST_WAITING, Ticket, TicketQueue


@pytest.fixture
def other(log):
    """Another program's connection to the same file."""
    connection = sqlite3.connect(log.store.path, isolation_level=None, check_same_thread=False)
    yield connection
    connection.close()


def test_a_lock_that_outlasts_the_deadline_means_unavailable_and_nothing_written_later(log, other, new_entry):
    other.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    with pytest.raises(LogUnavailable, match=r"log.db: another program holds it.*gave up after 0.3 s") as told:
        log.append(new_entry(), deadline=0.3)
    assert time.monotonic() - started < 0.8
    assert not told.value.may_be_logged
    assert "another program" in log.is_ready(deadline=0.1)
    other.execute("COMMIT")
    assert log.is_ready(deadline=3) is None
    assert log.size() == 0
    assert log.append(new_entry()).index == 0


def test_a_lock_within_the_deadline_only_delays(log, other, new_entry):
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(log.append, new_entry()) for _ in range(4)]
        time.sleep(0.2)
        other.execute("COMMIT")
        assert sorted(future.result().index for future in waiting) == [0, 1, 2, 3]


def test_another_process_that_keeps_its_turn_is_named(log, data, new_entry):
    lock = FileLock(data / "log.lock")
    lock.acquire(1)
    with pytest.raises(LogUnavailable, match=r"log.lock: another process holds the lock; see which with `fuser"):
        log.append(new_entry(), deadline=0.1)
    with pytest.raises(LogUnavailable, match="another process holds the lock"):
        DecisionLog.open(data, deadline=0.1)
    lock.close()
    assert log.append(new_entry()).index == 0


def test_a_reader_does_not_hold_up_writing(log, other, new_entry):
    log.append(new_entry())
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM entry").fetchone()
    assert log.append(new_entry(), deadline=1).index == 1
    other.execute("COMMIT")


def test_a_full_file_refuses_the_whole_batch_and_goes_on_with_room(log, new_entry):
    log.append(new_entry())
    db = log.store._log._connection.db
    db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0] + 2}").fetchall()
    with pytest.raises(LogUnavailable, match=r"log.db: the disk is full \(.*\); free some space") as told:
        log.append_all([new_entry(body=b"x" * 2_000) for _ in range(50)])
    assert not told.value.may_be_logged
    assert log.size() == 1
    assert log.append(new_entry()).index == 1


def test_a_full_disk_refuses_and_goes_on_with_room(ask, fault):
    assert ask("append first", **fault()) == {"ok": 0}
    fault("full")
    for _ in range(2):
        told = ask("append second")
        assert "the disk is full" in told["unavailable"]
        assert told["may_be_logged"] is False
    assert "the disk is full" in ask("ready")["ok"]
    assert ask("ids") == {"ok": [[0, "first"]]}
    fault()
    assert ask("ready") == {"ok": None}
    assert ask("append third") == {"ok": 1}
    assert ask("append second") == {"ok": 2}
    assert ask("ids") == {"ok": [[0, "first"], [1, "third"], [2, "second"]]}


def test_a_file_that_may_not_grow_refuses_and_goes_on_with_room(ask):
    ask("append first")
    ask("limit 400000")
    acknowledged = ["first"]
    while "ok" in (told := ask(f"append e{len(acknowledged)} 40")):
        acknowledged.append(f"e{len(acknowledged)}")
    assert "the disk reported an error" in told["unavailable"]
    assert 2 <= len(acknowledged) <= 10
    assert ask("ids") == {"ok": [[index, name] for index, name in enumerate(acknowledged)]}
    ask("limit none")
    assert ask("ready") == {"ok": None}
    assert ask("append last") == {"ok": len(acknowledged)}
    ask("reopen")
    assert ask("append again") == {"ok": len(acknowledged) + 1}


def test_a_flush_that_fails_is_no_acknowledgement_and_leaves_no_hole(ask, fault):
    assert ask("append first", **fault()) == {"ok": 0}
    fault("flush")
    for name in ["second", "third"]:
        told = ask(f"append {name}")
        assert "the disk reported an error" in told["unavailable"]
    fault()
    assert ask("ready") == {"ok": None}
    stored = [name for _, name in ask("ids")["ok"]]
    repeated = ask("append second")["ok"]
    assert repeated == (stored.index("second") if "second" in stored else len(stored))
    ids = ask("ids")["ok"]
    assert [index for index, _ in ids] == list(range(len(ids)))
    assert sorted({name for _, name in ids}) == sorted(name for _, name in ids)
    ask("reopen")
    assert ask("ids") == {"ok": ids}


def test_an_entry_that_was_refused_but_survives_its_process_is_whole_and_in_its_place(start, data, fault):
    child = start("follower.py", data, **fault())
    assert tell(child, "append first") == {"ok": 0}
    fault("flush")
    assert tell(child, "append second")["may_be_logged"] is True
    os.kill(child.pid, signal.SIGKILL)
    assert child.stdout.read() == ""
    with DecisionLog.open(data) as log:
        ids = [entry.id for entry in log.entries()]
        assert ids in (["first"], ["first", "second"])
        second = Entry(kind="decision", id="second", body=b"x" * 1024)
        assert log.append(second).index == 1
        assert log.size() == 2


def test_a_commit_under_way_is_waited_for_beyond_the_deadline(ask, fault):
    assert ask("append first", **fault()) == {"ok": 0}
    fault("slow")
    assert ask("append second 1 0.2") == {"ok": 1}


def test_a_log_that_may_not_be_written_is_not_opened(start):
    user = os.geteuid() or 65_534  # root may write anything, so the child gives that up
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory) / "data"
        child = start("follower.py", data)
        assert tell(child, "append first") == {"ok": 0}
        for path in [data.parent, data, *data.iterdir()]:
            os.chown(path, user, -1)
        assert tell(child, f"become {user}") == {"ok": None}
        assert tell(child, "reopen") == {"ok": None}
        (data / "log.db").chmod(0o400)
        told = tell(child, "reopen")
        assert f"{data}/log.db: " in told["unavailable"]
        assert "let the service's user read and write the file and its directory" in told["unavailable"]


def test_a_full_queue_refuses_and_says_when_to_come_back(data):
    queue = TicketQueue(str(data))
    tickets = [Ticket() for _ in range(MOST_WAITING)]
    for ticket in tickets:
        queue.put(ticket)
    with pytest.raises(LogUnavailable, match="1024 appends are waiting already") as told:
        queue.put(Ticket())
    assert told.value.retry_after == 1
    assert queue.withdraw(tickets[7])
    queue.put(Ticket())
    assert tickets[7] not in queue.take()
    assert not queue.withdraw(tickets[8])


def test_a_queue_is_full_by_size_too(data, new_entry):
    queue = TicketQueue(str(data))
    queue.put(Ticket(entries=(new_entry(body=bytes(MOST_BYTES)),)))
    with pytest.raises(LogUnavailable, match="waiting already"):
        queue.put(Ticket())
    queue.take()
    queue.put(Ticket())


def test_closing_writes_what_waits_and_refuses_what_comes_after(other_log, new_entry):
    log, lock = other_log
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(log.append, new_entry()) for _ in range(3)]
        time.sleep(0.1)
        closer = threading.Thread(target=log.close)
        closer.start()
        time.sleep(0.05)
        with pytest.raises(LogUnavailable, match="the log is closed"):
            log.append(new_entry())
        lock.release()
        assert sorted(future.result().index for future in waiting) == [0, 1, 2]
        closer.join()
    for refused in [log.size, lambda: log.get("0198-0"), lambda: log.append(new_entry())]:
        with pytest.raises(LogUnavailable, match="the log is closed; start the service again"):
            refused()
    assert "the log is closed" in log.is_ready()
    log.close()


@pytest.fixture
def other_log(data):
    """A log whose turn another process holds until the test lets it go."""
    log = DecisionLog.open(data)
    lock = FileLock(data / "log.lock")
    lock.acquire(1)
    yield log, lock
    lock.close()
    log.close()
    log._writer._thread.join(5)


def test_closing_does_not_wait_for_ever(other_log, new_entry):
    log, lock = other_log
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(log.append, new_entry())
        time.sleep(0.1)
        log.close(deadline=0.2)
        with pytest.raises(LogUnavailable, match=r"another process holds the lock.*being closed"):
            waiting.result()
    lock.release()
    log._writer._thread.join(5)
    with DecisionLog.open(log.store.path.parent) as again:
        assert again.size() == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_in_what_is_written_is_told_to_everybody_at_once(log, new_entry):
    log.append(new_entry())

    def broken(_):
        raise RuntimeError("a defect")

    began = time.monotonic()
    for use in (lambda: log.change(broken), lambda: log.append(new_entry())):
        with pytest.raises(LogUnavailable, match="the writer has ended; restart the service"):
            use()
    assert time.monotonic() - began < 2
    assert "the writer has ended" in log.is_ready()
    assert log.size() == 1


@pytest.mark.parametrize("damage", ["UPDATE log_state SET frontier = x'00'", "DELETE FROM tile WHERE level = 1"])
def test_a_tree_that_was_changed_is_not_built_upon(log, data, new_entry, damage):
    log.append_all([new_entry() for _ in range(511)])
    with behind_its_back(data) as database:
        database.execute(damage)
    with pytest.raises(LogUnavailable, match=r"the tree is not that of the entries .*restore a backup") as told:
        log.append(new_entry())
    assert not told.value.may_be_logged
    with pytest.raises(LogUnavailable, match="the tree is not that of the entries"):
        log.append(new_entry())
    assert log.size() == 511
