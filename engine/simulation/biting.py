"""When a candidate changes something: the days looked at stand for those between them, exactly or as a sample."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from itertools import pairwise

from engine.evaluators.columnar.firings import Law
from engine.simulation.asked import BASELINE, law_on
from engine.simulation.result import Bite, Day
from engine.simulation.trial import Trial


def bite_of(trial: Trial, timeline: Sequence[Day]) -> Bite | None:
    """From the first to the last day on which an outcome changes; None when none does.

    A day looked at stands for those up to the next one: exactly, where both policies ask the same on all days between.
    """
    biting = [day for day in timeline if day.changed]
    if not biting:
        return None
    lengths = {day.date: _days(day.date, following.date) for day, following in pairwise(timeline)}
    lengths.setdefault(timeline[-1].date, 1)
    last = _shifted(biting[-1].date, lengths[biting[-1].date] - 1)
    return Bite(
        from_=biting[0].date,
        until=last,
        days=sum(lengths[day.date] for day in biting),
        account_days=sum((day.changed or 0) * lengths[day.date] for day in biting),
        is_exact=all(_is_constant(trial, one.date, other.date) for one, other in pairwise(timeline)),
    )


def _days(one: str, other: str) -> int:
    return (datetime.date.fromisoformat(other) - datetime.date.fromisoformat(one)).days


def _shifted(day: str, days: int) -> str:
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days=days)).isoformat()


def _is_constant(trial: Trial, one: str, other: str) -> bool:
    """Whether both policies ask the same on each day from one to the day before the other."""
    before = _shifted(other, -1)
    compared = {BASELINE: trial.policies.baseline, trial.candidate: trial.policies.candidates[trial.candidate]}
    if before == one:
        return True
    # What is in force only between the two is seen on neither.
    law = [rule_set for policy in compared.values() for rule_set in policy.program]
    turning = {day for rule_set in law for day in (rule_set.effective_from, rule_set.effective_until)}
    if any(one < day < before for day in turning):
        return False
    return all(_asks(law_on(policy, before)) == _asks(trial.asked.law(key, one)) for key, policy in compared.items())


def _asks(law: Law) -> list[object]:
    return [law.is_in_force, *((firing.rule.id, firing.holds) for firing in law.firings)]
