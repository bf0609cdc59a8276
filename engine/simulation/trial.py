"""A candidate held against the baseline on the day that is looked at in detail."""

from __future__ import annotations

from typing import Any

import attrs

from engine.accounts.population import Population
from engine.decision.severity import is_allowed
from engine.evaluators.columnar.workplace import Workplace
from engine.language.rule_file import EFFECTS
from engine.simulation.asked import BASELINE, Asked
from engine.simulation.deciding import Deciders
from engine.simulation.policies import Policies

_ALLOWED = [place for place, outcome in enumerate(EFFECTS) if is_allowed(outcome)]
"""Places in `EFFECTS`, by which columns tell outcomes."""


@attrs.frozen(eq=False)
class Trial:
    """What is needed to look at it: the accounts as they were decided, and what decides one of them alone.

    `candidate` is its id, `number` its place in the job, `seed` what accounts are drawn by.
    """

    asked: Asked
    workplace: Workplace
    deciders: Deciders
    population: Population
    policies: Policies
    candidate: str
    number: int
    day: str
    seed: str

    @property
    def before(self) -> Any:  # noqa: ANN401 - a column of Ibis
        """The outcomes under the baseline, by their place in `EFFECTS`: a column of the answers."""
        return self.asked.decided.answers[self.asked.outcome(BASELINE, self.day)]

    @property
    def after(self) -> Any:  # noqa: ANN401 - a column of Ibis
        """The outcomes under the candidate."""
        return self.asked.decided.answers[self.asked.outcome(self.candidate, self.day)]

    @property
    def is_caught(self) -> Any:  # noqa: ANN401 - a column of Ibis
        """Whether accounts are allowed under the baseline and not under the candidate."""
        return self.before.isin(_ALLOWED) & self.after.notin(_ALLOWED)
