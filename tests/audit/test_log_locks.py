"""A process that has a log open keeps its locks on the files, whatever else it does with them.

POSIX takes all locks on a file from a process that closes it once, however it was opened. Another process would then
take itself for the last to close the log, and remove the write-ahead log to which the first goes on to commit.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from engine.audit import DecisionLog
from engine.audit.whole import verify_store

VISIT = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(db.execute("SELECT count(*) FROM entry").fetchone()[0])
db.close()
"""


def verified(log, _):
    verify_store(log.store, [], [], datetime.now(UTC))


def opened_twice(_, data):
    DecisionLog.open(data).close()


def plainly_opened(_, data):
    (data / "log.db").open("rb").close()


def is_lost_to_a_visitor(log, data, new_entry) -> bool:
    """Whether an entry is gone that is appended after another process has looked at the log and closed it."""
    log.append(new_entry())
    count = [sys.executable, "-c", VISIT, str(data / "log.db")]
    assert subprocess.run(count, capture_output=True, check=True).stdout == b"1\n"
    log.append(new_entry())
    return subprocess.run(count, capture_output=True, check=True).stdout != b"2\n"


@pytest.mark.parametrize("act", [verified, opened_twice])
def test_what_a_process_does_with_its_log_costs_it_no_lock(log, data, new_entry, act):
    act(log, data)
    assert not is_lost_to_a_visitor(log, data, new_entry)


def test_opening_the_file_by_the_way_would(log, data, new_entry):
    """The control: what is to be avoided loses an acknowledged entry."""
    plainly_opened(log, data)
    assert is_lost_to_a_visitor(log, data, new_entry)
