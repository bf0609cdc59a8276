"""The days on which a simulation decides: those that its file names, and those on which an order changes its state."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import attrs

from engine.measures.order import Order
from engine.simulation.dates import LAST_OF_ALL, days_between, shifted
from engine.simulation.job import Job
from engine.simulation.policies import Policies


@attrs.frozen
class Days:
    """Days to decide on, as ISO text in their order, and the one of them that is looked at in detail. `need_today` says
    whether one of them is there because it is today."""

    dates: tuple[str, ...]
    main: str
    need_today: bool = False


def job_days(job: Job, policies: Policies, today: datetime.date) -> Days:
    """The days of a simulation.

    Where the file names none, they are those that matter to the orders which only the baseline or only a candidate has;
    without such orders it is `today`. The main date, where the file names none, is the first of the days on which the
    most of the added orders bind, and so the first day where none does. One that the file names is looked at, too.

    Between days that the file names those are added on which such an order is in another state than the day before: a
    day stands for those up to the next one, and none of it lasts longer than the order.
    """
    added = [order for candidate in policies.candidates for order in policies.added_orders(candidate)]
    dropped = [order for candidate in policies.candidates for order in policies.dropped_orders(candidate)]
    dates = set(job.dates) or {day for order in (*added, *dropped) for day in days_of(order)}
    need_today = not dates
    if need_today:
        dates.add(today.isoformat())
    # `max` keeps the first of equals.
    main = job.main_date or max(sorted(dates), key=lambda day: sum(order.binds(day) for order in added or dropped))
    dates.add(main)
    first, last = min(dates), max(dates)
    dates |= {day for order in (*added, *dropped) for day in turns_of(order) if first < day < last}
    return Days(tuple(sorted(dates)), main, need_today)


def days_of(order: Order) -> tuple[str, ...]:
    """The days that matter to an order: the last before its issue and that of its issue, of each period of its life the
    last and the one after it, and the middle of the time in which it binds. An end that is not stated has no days."""
    return tuple(sorted(set(_days_of(order))))


def turns_of(order: Order) -> list[str]:
    """The days on which an order is in another state than the day before."""
    ends = [period.until for period in order.periods if period.until != LAST_OF_ALL]
    return [order.issued_on, *(shifted(end, 1) for end in ends)]


def _days_of(order: Order) -> Iterator[str]:
    turns = turns_of(order)
    yield from turns
    yield from (shifted(turn, -1) for turn in turns if turn > datetime.date.min.isoformat())
    last = shifted(turns[-1], -1)
    yield shifted(order.binding_on, max(days_between(order.binding_on, last), 0) // 2)
