"""Forks a process that appends to a log for each line of input, so that many can be started and killed in little time.

A line is: directory, name, threads, appends a thread (0: until killed), output. Its answer is the process id. A process
writes one line of output for each receipt.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from log_samples import SEALED

from engine.audit import DecisionLog, Entry


def append(log: DecisionLog, name: str, times: int, output: int) -> None:
    number = 0
    while times == 0 or number < times:
        entry = Entry(kind="decision", id=f"{name}-{number}", body=f'{{"n":{number}}}'.encode(), sealed=SEALED)
        receipt = log.append(entry)
        os.write(output, f"{receipt.index} {entry.id}\n".encode())
        number += 1


def live(directory: str, name: str, threads: str, times: str, output: str) -> None:
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with DecisionLog.open(Path(directory)) as log:
        workers = [
            threading.Thread(target=append, args=(log, f"{name}-{thread}", int(times), file))
            for thread in range(int(threads))
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        live(*line.split())
        os._exit(0)
    print(child, flush=True)
