"""Decisions that are asked about after they were given: a bounded queue, and one thread that works it off."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

import attrs
import orjson

from api.metrics import Metrics
from api.second_opinion.alarm import Alarm
from api.second_opinion.panel import Panel
from api.second_opinion.seldom import Seldom
from api.service_log import LOGGER
from engine.audit import LogUnavailable, Receipt
from engine.decision.decider import Case
from engine.opinion import DISAGREEMENT, objection_to

MOST_WAITING = 256
MOST_BYTES = 32 * 1024 * 1024
"""Of facts that wait; one decision is let in while less than this is waiting."""
CLOSING_SECONDS = 2.0
_DEADLINE = 1.0
_PAUSE = 1.0


@attrs.frozen(eq=False)
class Given:
    """A decision that was given: where it stands in the log, and what it was made of; `facts` are JSON."""

    receipt: Receipt
    action: str
    facts: bytes = attrs.field(repr=False)
    document: Mapping[str, Any] = attrs.field(repr=False)

    @property
    def case(self) -> Case:
        """The case it was made on."""
        return Case(self.action, self.document["policy"]["as_of"], orjson.loads(self.facts))


class Afterwards:
    """Asks the panel about decisions that were given, in their order. What finds the queue full is dropped."""

    def __init__(self, panel: Panel, alarm: Alarm, metrics: Metrics) -> None:
        self._panel = panel
        self._alarm = alarm
        self._metrics = metrics
        self._waiting: deque[Given] = deque()
        self._bytes = 0
        self._is_asking = False
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._seldom = Seldom()

    def offer(self, given: Given) -> None:
        """Have a decision asked about, or drop it. It never blocks."""
        with self._changed:
            is_full = len(self._waiting) >= MOST_WAITING or self._bytes >= MOST_BYTES
            if not is_full and not self._closing.is_set():
                self._waiting.append(given)
                self._bytes += len(given.facts)
                self._metrics.waiting(len(self._waiting))
                self._start()
                self._changed.notify()
                return
        self._metrics.has_dropped(1)
        number = self._seldom.count("dropped") if is_full else 0
        if number:
            LOGGER.warning("second opinions dropped: %d, as %d decisions wait for one already", number, MOST_WAITING)

    def close(self) -> None:
        """Finish what waits; what is not finished within `CLOSING_SECONDS` is dropped."""
        with self._changed:
            self._closing.set()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(CLOSING_SECONDS)
        with self._changed:
            left = len(self._waiting) + self._is_asking
            self._waiting.clear()
            self._metrics.waiting(0)
        if left:
            self._metrics.has_dropped(left)
            LOGGER.warning("second opinions dropped at the end: %d", left)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="second-opinions", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while (given := self._next()) is not None:
            try:
                self._ask(given)
            except Exception as error:  # noqa: BLE001 - the next decision is asked about all the same
                LOGGER.error("asking for second opinions met a defect", exc_info=error)

    def _next(self) -> Given | None:
        """Wait for the next; None once there is none and the end has come."""
        with self._changed:
            self._is_asking = False
            while not self._waiting:
                if self._closing.is_set():
                    return None
                self._changed.wait()
            given = self._waiting.popleft()
            self._is_asking = True
            self._bytes -= len(given.facts)
            self._metrics.waiting(len(self._waiting))
            return given

    def _ask(self, given: Given) -> None:
        opinions = self._panel.ask(given.case, given.document["policy"]["mode"], given.document)
        if objection_to(opinions.values()) != DISAGREEMENT:
            return
        self._alarm.sound(given.receipt.id, given.document, opinions)
        entry = self._alarm.entry(given.receipt, given.document, opinions, is_withheld=False)
        while True:
            try:
                self._alarm.log.append(entry, deadline=_DEADLINE)
            except LogUnavailable as unavailable:
                LOGGER.error(
                    "that evaluators differ on decision %s is not on record: %s", given.receipt.id, unavailable.reason
                )
                if self._closing.wait(_PAUSE):
                    return
            else:
                return
