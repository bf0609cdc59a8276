"""Saying often what happens often would fill the service's log."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

SECONDS = 60.0


class Seldom:
    """Counts occurrences by kind, and lets each kind be told of once in so many seconds."""

    def __init__(self, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._told: dict[str, float] = {}
        self._mutex = threading.Lock()

    def count(self, kind: str, times: int = 1) -> int:
        """Count some; how many there have been since they were last told of if it is time to tell again, else 0."""
        with self._mutex:
            self._counts[kind] += times
            now = self._clock()
            if kind in self._told and now - self._told[kind] < self._seconds:
                return 0
            self._told[kind] = now
            return self._counts.pop(kind)
