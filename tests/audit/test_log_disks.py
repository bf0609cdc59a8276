"""Real disks that are full or read-only, disks that fail in part, and another program's locks, short and long.

OSTIARY_LOCKED says how many seconds each lock is held, "0.1 0.8" by default.
"""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from numbered import numbered_entry, read_whole
from talking import tell

from engine.audit import DecisionLog, LogUnavailable

LOCKED = [float(seconds) for seconds in os.environ.get("OSTIARY_LOCKED", "0.1 0.8").split()]
DATABASE = "log.db"
LOCKS = {
    "database": (DATABASE, "another program holds it locked; close that program"),
    "turn": ("log.lock", "another process holds the lock; see which"),
}
CALLERS = 8


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 1 MB, and what else it is to be: called with options of `mount`."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(*options):
        return subprocess.run(["mount", *options, place], check=False, capture_output=True, timeout=20).returncode == 0

    if os.geteuid() != 0 or not mount("-t", "tmpfs", "-o", "size=1m", "tmpfs"):
        pytest.skip("needs the right to mount a file system; `faulty_disk` stands in for it in other tests")
    yield place, lambda options: mount("-o", f"remount,{options}")
    # A child that the test left may hold it for a moment longer.
    subprocess.run(["umount", "--lazy", place], check=True, timeout=20)


def test_a_disk_that_really_is_full_refuses_and_goes_on_with_room(start, small_disk):
    place, remount = small_disk
    child = start("follower.py", place / "data")
    acknowledged = []
    while "ok" in (told := tell(child, f"append e{len(acknowledged)} 20")):
        acknowledged.append(f"e{len(acknowledged)}")
        assert len(acknowledged) < 60
    assert len(acknowledged) > 5
    for _ in range(5):
        assert "unavailable" in told
        assert told["may_be_logged"] is False
        assert "free some space" in told["unavailable"] or "check the disk" in told["unavailable"]
        told = tell(child, f"append e{len(acknowledged)} 20")
    stored = tell(child, "ids")["ok"]
    assert [name for _, name in stored if name.startswith("e")] == acknowledged
    assert tell(child, "ready")["ok"] is not None
    assert remount("size=8m")
    assert tell(child, "ready") == {"ok": None}
    assert tell(child, "append last") == {"ok": len(stored)}
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    with DecisionLog.open(place / "data") as log:
        assert [entry.id for entry in log.entries() if entry.id.startswith("e")] == acknowledged


def test_a_disk_mounted_read_only_is_named_and_opens_once_it_may_be_written(small_disk):
    place, remount = small_disk
    with DecisionLog.open(place / "data") as log:
        log.append(numbered_entry("first"))
    assert remount("ro")
    with pytest.raises(LogUnavailable, match=r"it may not be written \(.*; let the service's user"):
        DecisionLog.open(place / "data")
    assert remount("rw")
    with DecisionLog.open(place / "data") as log:
        assert read_whole(log).keys() == {"first"}


@pytest.mark.parametrize("words", ["readonly", "broken"])
def test_a_disk_that_takes_no_write_refuses_and_goes_on_when_it_does(ask, fault, words):
    first = ask("append first", **fault())["ok"]
    fault(words)
    for _ in range(2):
        assert "check the disk" in ask("append second")["unavailable"]
    assert ask("ids")["ok"][-1] == [first, "first"]
    fault()
    assert ask("ready") == {"ok": None}
    assert ask("append third") == {"ok": first + 1}
    ask("reopen")
    assert ask("append second") == {"ok": first + 2}


@pytest.mark.parametrize("words", [f"full {DATABASE}", f"flush {DATABASE}"])
def test_a_database_that_cannot_be_brought_up_to_date_costs_no_entry(start, data, fault, words):
    """Only the write-ahead log can be written: that is enough, and it is all there after the process has died."""
    child = start("follower.py", data, **fault())
    acknowledged = {"first": tell(child, "append first")["ok"]}
    fault(words)
    for number in range(180):
        acknowledged |= {f"e{number}": tell(child, f"append e{number} 30")["ok"]}
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    fault()
    with DecisionLog.open(data) as log:
        stored = {entry.id: entry.index for entry in log.entries() if entry.id in acknowledged}
        assert stored == acknowledged
        assert log.append(numbered_entry("last")).index == log.size() - 1


def test_a_flush_that_never_ends_is_not_waited_for_and_goes_on_when_it_does(ask, fault):
    first = ask("append first", **fault())["ok"]
    fault("stuck")
    told = ask("append second 1 0.1")
    assert "the disk does not answer" in told["unavailable"]
    assert told["may_be_logged"] is True
    fault()
    assert ask("append second") == {"ok": first + 1}
    assert ask("ready") == {"ok": None}
    assert ask("append third") == {"ok": first + 2}


def test_a_log_that_was_moved_away_goes_on_once_it_is_back_and_opened_again(ask, data, tmp_path):
    first = ask("append first")["ok"]
    shutil.move(data / DATABASE, tmp_path / "elsewhere")
    assert "moved or replaced while in use" in ask("append second")["unavailable"]
    shutil.move(tmp_path / "elsewhere", data / DATABASE)
    assert "moved or replaced while in use" in ask("append second")["unavailable"]
    assert ask("reopen") == {"ok": None}
    assert ask("append second") == {"ok": first + 1}


@pytest.fixture
def append(log):
    """Append an entry: why it was refused, if it was, and how long that took."""

    def run(name, deadline=5.0):
        started = time.monotonic()
        try:
            log.append(numbered_entry(name), deadline=deadline)
        except LogUnavailable as unavailable:
            return unavailable, time.monotonic() - started
        return None, time.monotonic() - started

    return run


@pytest.mark.parametrize("seconds", LOCKED)
@pytest.mark.parametrize("what", LOCKS)
def test_a_lock_of_another_process_is_waited_for_up_to_the_deadline(start, log, append, what, seconds):
    # What is let go in time has room on a busy machine.
    deadline = 0.5 if 0.5 < seconds < 5 else 5.0
    size = log.size()
    file, sentence = LOCKS[what]
    locker = start("locker.py", what, log.store.path.with_name(file))
    assert locker.stdout.readline() == "locked\n"
    began = time.monotonic()
    with ThreadPoolExecutor(CALLERS) as pool:
        waiting = [pool.submit(append, str(number), deadline) for number in range(CALLERS)]
        time.sleep(min(seconds, deadline + 1.5))
        if seconds > deadline:
            for refusal, spent in [future.result(timeout=0) for future in waiting]:
                assert sentence in refusal.reason
                assert not refusal.may_be_logged
                assert spent < deadline + 1
        time.sleep(max(0, began + seconds - time.monotonic()))
        locker.stdin.write("let go\n")
        locker.stdin.flush()
        locker.wait(10)
        if seconds <= deadline:
            for refusal, spent in [future.result() for future in waiting]:
                assert refusal is None
                assert spent < seconds + 1
    assert log.is_ready() is None
    # What was refused is never written later.
    assert log.size() - size == (CALLERS if seconds <= deadline else 0)
    after = [append(f"after-{number}") for number in range(100)]
    assert [refusal for refusal, _ in after if refusal] == []
    assert statistics.median(spent for _, spent in after) < 0.05
    assert max(spent for _, spent in after) < 1
