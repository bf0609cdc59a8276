"""A program that asks durable-rules something, and is then killed, or forks.

python rete_parent.py dies|forks idle|spinning|stopped DIRECTORY
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from engine.evaluators.rete.net import Net, nets
from engine.evaluators.rete.process import Process

PROGRAM = Path(__file__).with_name("faulty_rete_worker.py")


def ask(process: Process) -> None:
    net = Net()
    both = net.all_of((net.new_atom(), net.new_atom()))
    assert process.ask(nets(net), [[[2, 3]]], lambda answer: answer[0][0].holds(both))


def die(state: str, directory: Path) -> None:
    command = (sys.executable, str(PROGRAM), state, "always", str(directory)) if state == "spinning" else None
    process = Process(1.5, command)
    if command is None:
        ask(process)
    else:
        threading.Thread(target=ask, args=(process,), daemon=True).start()
        while not (directory / "mark").exists():
            time.sleep(0.01)
    assert process.pid is not None
    if state == "stopped":
        os.kill(process.pid, signal.SIGSTOP)
    print(process.pid, flush=True)
    time.sleep(60)


def fork() -> None:
    process = Process(5.0)
    ask(process)
    print(process.pid, flush=True)
    child = os.fork()
    ask(process)
    if child == 0:
        print(process.pid, flush=True)
        process.close()
        return
    _, status = os.waitpid(child, 0)
    assert status == 0
    ask(process)
    print(process.pid, flush=True)


if __name__ == "__main__":
    die(sys.argv[2], Path(sys.argv[3])) if sys.argv[1] == "dies" else fork()
