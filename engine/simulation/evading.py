"""The ways around a candidate, gone by the accounts that it catches."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from engine.accounts.accounts import accounts_at
from engine.decision.decider import Case
from engine.evaluators.columnar.decided import PROFILE
from engine.evaluators.columnar.drawing import drawn
from engine.simulation.evasion import Route
from engine.simulation.result import Evasion
from engine.simulation.trial import Trial

AT_MOST = 20_000
"""Of more accounts that a candidate catches, so many are drawn: each is decided anew for each way."""


def evasion_of(trial: Trial, routes: Sequence[Route]) -> list[Evasion]:
    """How many of those caught are allowed once they go each way."""
    if not routes:
        return []
    accounts, answers = trial.asked.decided.accounts, trial.asked.decided.answers
    caught = accounts.join(answers.filter(trial.is_caught).select(PROFILE), PROFILE)
    # One more tells whether there are more.
    rows = drawn(caught, trial.workplace, seed=trial.seed, at_most=AT_MOST + 1)
    sample = rows[:AT_MOST]
    tallies = [_Tally() for _ in routes]
    decider = trial.deciders.of(trial.candidate)
    for account in accounts_at(trial.population, trial.asked.layout, sample) if sample else ():
        case = Case(account.action, trial.day, account.facts)
        derived = decider.derived(case)
        for route, tally in zip(routes, tallies, strict=True):
            moved = route.apply(case, derived)
            if moved is not None:
                is_allowed = trial.deciders.decision(trial.candidate, moved).allowed
                tally.add(is_evaded=is_allowed, is_malicious=account.malicious is True)
    has_labels = bool(trial.population.manifest.malicious + trial.population.manifest.legitimate)
    return [
        Evasion(
            id=route.way.id,
            about=route.way.about,
            tried=tally.tried,
            evaded=tally.evaded,
            malicious=tally.malicious if has_labels else None,
            sample=len(sample) if len(sample) < len(rows) else 0,
        )
        for route, tally in zip(routes, tallies, strict=True)
    ]


@attrs.define
class _Tally:
    tried: int = 0
    evaded: int = 0
    malicious: int = 0

    def add(self, *, is_evaded: bool, is_malicious: bool) -> None:
        self.tried += 1
        self.evaded += is_evaded
        self.malicious += is_evaded and is_malicious
