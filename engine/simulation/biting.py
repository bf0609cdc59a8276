"""When a candidate changes something: the days looked at stand for those between them, exactly or as a sample."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from engine.evaluators.columnar.firings import law_of
from engine.evaluators.columnar.operands import operands
from engine.evaluators.columnar.unrolling import AS_OF
from engine.policy.policy import Policy
from engine.program.expressions import Compare, Expr, Literal, Member, Root
from engine.simulation.dates import LAST_OF_ALL, days_between, shifted
from engine.simulation.days import turns_of
from engine.simulation.result import Bite, Day
from engine.simulation.trial import Trial


def bite_of(trial: Trial, timeline: Sequence[Day]) -> Bite | None:
    """From the first to the last day on which an outcome changes; None when none does.

    A day looked at stands for those up to the next one: exactly, where both policies ask the same on all days between.
    """
    biting = [day for day in timeline if day.changed]
    if not biting:
        return None
    lengths = {day.date: days_between(day.date, following.date) for day, following in pairwise(timeline)}
    lengths.setdefault(timeline[-1].date, 1)
    last = shifted(biting[-1].date, lengths[biting[-1].date] - 1)
    return Bite(
        from_=biting[0].date,
        until=last,
        days=sum(lengths[day.date] for day in biting),
        account_days=sum((day.changed or 0) * lengths[day.date] for day in biting),
        is_exact=_asks_alike((trial.policies.baseline, trial.policies.candidates[trial.candidate]), timeline),
    )


def _asks_alike(policies: Sequence[Policy], timeline: Sequence[Day]) -> bool:
    """Whether each policy asks the same on a day looked at as on all days from it to the next one."""
    turns: set[str] = set()
    for policy in policies:
        found = turning_days(policy)
        if found is None and any(days_between(one.date, other.date) > 1 for one, other in pairwise(timeline)):
            return False
        turns |= found or set()
    return not any(one.date < turn < other.date for one, other in pairwise(timeline) for turn in turns)


def turning_days(policy: Policy) -> set[str] | None:
    """The first days on which a policy may ask something else than the day before; None when it asks how long ago or
    how far off something is, and so something else every day."""
    law = law_of(policy.program, None)
    asked = [law.is_in_force, *(expr for firing in law.firings for expr in (firing.guard, firing.condition))]
    asked += [condition.expr for order in policy.orders for condition in order.conditions]
    turns = {turn for order in policy.orders for turn in turns_of(order)}
    seen: set[Expr] = set()
    while asked:
        expr = asked.pop()
        if expr in seen:
            continue
        seen.add(expr)
        if isinstance(expr, Root) and expr.name == AS_OF.name:
            return None
        days = _compared(expr)
        for day in days:
            turns |= {day} if day == LAST_OF_ALL else {day, shifted(day, 1)}
        asked += () if days else operands(expr)
    return turns


def _compared(expr: Expr) -> list[str]:
    """The days that the day of the case is held against by itself."""
    match expr:
        case Compare(_, Root(AS_OF.name), Literal(day)) | Compare(_, Literal(day), Root(AS_OF.name)):
            return [str(day)]
        case Member(Root(AS_OF.name), tuple(days)):
            return [str(day.value) for day in days]
    return []
