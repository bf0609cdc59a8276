"""Forks a process that appends to a log for each line of input, so that many can be started and killed in little time.

A line is: directory, name, threads, appends a thread (0: until killed), output, and the URL of a database if the log is
in one. Its answer is the process id. A process writes one line of output for each receipt, and appends the same again
where it gets none. With the argument `--early` it writes before it has one: the way not to do it, for tests that have
to notice. With `--normal` SQLite flushes at checkpoints only, behind the log's back.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from numbered import numbered_entry, open_vault, with_facts

from engine.audit import DecisionLog, LogUnavailable
from engine.audit.vault import Vault

IS_EARLY = "--early" in sys.argv


class Normal(sqlite3.Connection):
    """Says `synchronous = FULL` and does NORMAL."""

    def execute(self, sql: str, parameters: Iterable[object] = (), /) -> sqlite3.Cursor:
        words = sql.lower().replace("=", " = ").split()
        if words[:2] != ["pragma", "synchronous"]:
            return super().execute(sql, parameters)
        return super().execute("SELECT 2" if len(words) == 2 else "PRAGMA synchronous = 1")


def append(log: DecisionLog, vault: Vault, name: str, times: int, output: int) -> None:
    number = 0
    while times == 0 or number < times:
        entry = with_facts(numbered_entry(f"{name}-{number}"), vault)
        try:
            index = 0 if IS_EARLY else log.append(entry).index
        except LogUnavailable:
            time.sleep(0.02)
            continue
        os.write(output, f"{index} {entry.id}\n".encode())
        if IS_EARLY:
            log.append(entry)
        number += 1


def live(line: str) -> None:
    directory, name, threads, times, output, *url = line.split()
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with DecisionLog.open(Path(directory), *url) as log:
        vault = open_vault(log)
        workers = [
            threading.Thread(target=append, args=(log, vault, f"{name}-{thread}", int(times), file))
            for thread in range(int(threads))
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


if "--normal" in sys.argv:
    connect = sqlite3.connect
    sqlite3.connect = lambda *arguments, **options: connect(*arguments, **options, factory=Normal)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        live(line)
        os._exit(0)
    print(child, flush=True)
