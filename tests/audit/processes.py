"""Waiting for processes and for what they do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def wait(until: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.005)


def wait_until_gone(processes: Iterable[int], seconds: float = 20.0) -> None:
    started = list(processes)
    wait(lambda: not any(map(is_alive, started)), seconds)
