"""All other evaluators: asked together, each answer counted, and each silence told of."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from api.metrics import Metrics
from api.second_opinion.asked import AskedEvaluator
from api.second_opinion.seldom import Seldom
from api.service_log import LOGGER
from engine.decision.decider import Case
from engine.evaluators.evaluator import Restarting
from engine.opinion import NoneWhy, Opinion


class Panel:
    """The evaluators beside the one that decides. Safe to share between threads.

    Names of those that cannot be used on this machine are in `absent`, each with the reason. `is_decider_silent` says
    whether the one that decides had no answer when it was last asked.
    """

    def __init__(self, evaluators: Sequence[AskedEvaluator], absent: Mapping[str, str], metrics: Metrics) -> None:
        self._evaluators = evaluators
        self.absent = absent
        self.is_decider_silent = False
        self._metrics = metrics
        self._restarts: Counter[str] = Counter()
        self._silent: dict[str, NoneWhy] = {}
        self._seldom = Seldom()
        self._mutex = threading.Lock()

    @property
    def names(self) -> list[str]:
        """The names of those that are asked."""
        return [evaluator.name for evaluator in self._evaluators]

    def ask(self, case: Case, mode: str, document: Mapping[str, Any]) -> dict[str, Opinion]:
        """What each says to the decision document on a case, by its name. It takes as long as the slowest of them."""
        asked = [(evaluator.name, evaluator.ask(case, mode, document)) for evaluator in self._evaluators]
        opinions = {name: answer() for name, answer in asked}
        for name, opinion in opinions.items():
            self._note(name, opinion)
        for evaluator in self._evaluators:
            if evaluator.restarting is not None:
                self.note_restarts(evaluator.name, evaluator.restarting)
        return opinions

    def note_restarts(self, name: str, evaluator: Restarting) -> None:
        """Count and tell how often something that an evaluator keeps running was replaced since this was last asked."""
        with self._mutex:
            times, why = evaluator.restarts - self._restarts[name], evaluator.last_failure
            self._restarts[name] += times
        if times:
            self._metrics.has_restarted(name, times)
            number = self._seldom.count(f"{name} restarts", times)
            if number:
                said = "%s: what it runs was replaced, %s (%d since this was last said)"
                LOGGER.warning(said, name, why, number)

    def silent(self) -> list[str]:
        """Sentences about those that had no opinion when they were last asked here."""
        with self._mutex:
            silent = sorted(self._silent.items())
        return [f"evaluator `{name}` has no second opinion: {_WORDS[why]}" for name, why in silent]

    def close(self) -> None:
        """Ask no more."""
        for evaluator in self._evaluators:
            evaluator.close()

    def _note(self, name: str, opinion: Opinion) -> None:
        self._metrics.has_opinion(name, opinion.verdict, opinion.why)
        with self._mutex:
            if opinion.why is None:
                self._silent.pop(name, None)
                return
            self._silent[name] = opinion.why
        number = self._seldom.count(f"{name} {opinion.why}")
        if number:
            said = f"{name}: no second opinion, {_WORDS[opinion.why]} ({number} since this was last said)"
            LOGGER.warning(said, exc_info=opinion.error)


_WORDS = {
    NoneWhy.UNABLE: "it says that it could not answer",
    NoneWhy.DEFECT: "it met a defect",
    NoneWhy.NONSENSE: "it answered what no rule can say",
    NoneWhy.LATE: "it did not answer in time",
}
