"""Another program that keeps the log from being written: it takes a lock, says so, and keeps it until it gets a line.

Arguments: `database` or `turn`, and the file.
"""

from __future__ import annotations

import contextlib
import fcntl
import sqlite3
import sys
from pathlib import Path

what, path = sys.argv[1:]
with contextlib.ExitStack() as stack:
    if what == "database":
        connection = stack.enter_context(contextlib.closing(sqlite3.connect(path, isolation_level=None)))
        connection.execute("BEGIN IMMEDIATE")
    else:
        fcntl.flock(stack.enter_context(Path(path).open("ab")), fcntl.LOCK_EX)
    print("locked", flush=True)
    sys.stdin.readline()
