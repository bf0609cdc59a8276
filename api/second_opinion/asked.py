"""One evaluator that is asked for opinions, in a thread of its own: it may hang, and whoever asks goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

import attrs

from engine import Decider
from engine.decision.decider import Case
from engine.evaluators.evaluator import NoOpinionError, Restarting
from engine.opinion import NoneWhy, Opinion, opinion

SECONDS = 5.0
"""How long an opinion is waited for."""
MAKING_SECONDS = 60.0
"""How long the first is, for which the evaluator has to be made."""
_LONG = 1.0


@attrs.frozen(eq=False)
class _Question:
    case: Case
    mode: str
    given: Mapping[str, Any]
    answer: Future[Opinion] = attrs.field(factory=Future)


class AskedEvaluator:
    """Asks an evaluator one question after the other; `make` makes its Decider when it is first asked.

    While it is overdue with an answer it is asked nothing else, and is late at once. So it is after a failure that took
    long, for as long as that took: strictly, every decision would wait for the next one.
    """

    def __init__(self, name: str, make: Callable[[], Decider]) -> None:
        self.name = name
        self._make = make
        self._decider: Decider | None = None
        self._overdue: Future[Opinion] | None = None
        self._rests_until = 0.0
        self._questions: SimpleQueue[_Question | None] = SimpleQueue()
        self._mutex = threading.Lock()
        self._thread: threading.Thread | None = None

    def ask(self, case: Case, mode: str, given: Mapping[str, Any]) -> Callable[[], Opinion]:
        """Put the question whether the decision document `given` is right; what is returned waits for the answer."""
        if self._overdue is not None and not self._overdue.done():
            return lambda: Opinion.none(NoneWhy.LATE)
        question = _Question(case, mode, given)
        until = time.monotonic() + (MAKING_SECONDS if self._decider is None else SECONDS)
        self._questions.put(question)
        self._start()
        return lambda: self._answer(question.answer, until)

    @property
    def restarting(self) -> Restarting | None:
        """The evaluator, once it has been made, if it keeps something running."""
        evaluator = None if self._decider is None else self._decider.evaluator
        return evaluator if isinstance(evaluator, Restarting) else None

    def close(self) -> None:
        """Ask nothing more; what it is at is not waited for."""
        self._questions.put(None)

    def _answer(self, answer: Future[Opinion], until: float) -> Opinion:
        try:
            return answer.result(max(0.0, until - time.monotonic()))
        except TimeoutError:
            # What has not begun waits behind others, which is no sign of a halt.
            if not answer.cancel():
                self._overdue = answer
            return Opinion.none(NoneWhy.LATE)

    def _start(self) -> None:
        with self._mutex:
            if self._thread is None:
                # A daemon: one that hangs for good must not keep the process from ending.
                self._thread = threading.Thread(target=self._run, name=f"opinions-{self.name}", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while (question := self._questions.get()) is not None:
            if question.answer.set_running_or_notify_cancel():
                question.answer.set_result(self._in_time(question))

    def _in_time(self, question: _Question) -> Opinion:
        begun = time.monotonic()
        if begun < self._rests_until:
            return Opinion.none(NoneWhy.LATE)
        opinion = self._opinion(question)
        ended = time.monotonic()
        if opinion.why is not None and ended - begun >= _LONG:
            self._rests_until = ended + (ended - begun)
        return opinion

    def _opinion(self, question: _Question) -> Opinion:
        try:
            if self._decider is None:
                self._decider = self._make()
            return opinion(self._decider, question.case, question.mode, question.given)
        except NoOpinionError as error:
            return Opinion.none(NoneWhy.UNABLE, error)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the next question gets its answer
            return Opinion.none(NoneWhy.DEFECT, error)
