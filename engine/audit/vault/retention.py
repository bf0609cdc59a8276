"""Until when the records of a customer must be kept: two years from the end of its accounts, 7.302(e)(2).

Three questions that the rule leaves open decide the day; they are switches of the policy. Q16 and Q17 are read here.
Q18, whose access counts, is for whoever tells `account.last_accessed_on`: the last access of the kind that Q18 names.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias, cast, get_args

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.audit.entry import AccountDates

YEARS = 2
StartReading: TypeAlias = Literal["later_and_closed", "earlier", "either"]
LeapDayReading: TypeAlias = Literal["safe_side", "last_of_february"]


@attrs.frozen
class Readings:
    """How Q16 (which day the two years run from) and Q17 (the anniversary of 29 February) are read."""

    start: StartReading = "later_and_closed"
    leap_day: LeapDayReading = "safe_side"

    @classmethod
    def of(cls, switches: Mapping[str, str]) -> Readings:
        """From the switches of a policy by name.

        Raises:
            ValueError: `Q16` or `Q17` is missing, or has an option that is not known here.
        """
        for name, known in (("Q16", get_args(StartReading)), ("Q17", get_args(LeapDayReading))):
            if switches.get(name) not in known:
                options = ", ".join(f"`{option}`" for option in known)
                raise ValueError(f"switch {name} is `{switches.get(name)}`; retention knows {options}")
        return cls(cast("StartReading", switches["Q16"]), cast("LeapDayReading", switches["Q17"]))


@attrs.frozen
class KeptThrough:
    """Records are kept through `day`, that day included.

    `is_choice` says that this is the earliest of the days that Q16 `either` leaves to the provider.
    """

    day: datetime.date
    is_choice: bool = False

    @property
    def purge_from(self) -> datetime.date:
        """The first day on which they may be destroyed; the calendar's end is never a last day."""
        return self.day + datetime.timedelta(days=1)

    def __str__(self) -> str:
        choice = "; the provider may choose a later day (Q16 `either`)" if self.is_choice else ""
        return f"keep through {self.day}; purge from {self.purge_from}{choice}"


@attrs.frozen
class KeptWithoutEnd:
    """Records are kept, and no end is known; `reason` says what would have to be told."""

    reason: str

    def __str__(self) -> str:
        return f"keep; {self.reason}"


Retention: TypeAlias = KeptThrough | KeptWithoutEnd


def retention_of(accounts: Iterable[AccountDates], readings: Readings) -> Retention:
    """What holds for a customer with these accounts: the latest end, and none while one of them has none."""
    ends = [_end_of(account, readings) for account in accounts]
    if not ends:
        return KeptWithoutEnd("no request has told of an account of this customer; tell `account` with its id and days")
    reasons = sorted({end.reason for end in ends if isinstance(end, KeptWithoutEnd)})
    if reasons:
        return KeptWithoutEnd("; ".join(reasons))
    return max((end for end in ends if isinstance(end, KeptThrough)), key=lambda end: end.day)


def _end_of(account: AccountDates, readings: Readings) -> Retention:
    which = "an account" if account.account else "an account told without `account.id`"
    opened, closed, accessed = map(_parsed, (account.opened_on, account.closed_on, account.last_accessed_on))
    if opened is not None:
        # Opened again after it was closed; and who opens an account has access to it that day.
        closed = None if closed is not None and closed < opened else closed
        accessed = None if accessed is None else max(accessed, opened)
    if readings.start == "later_and_closed":
        if closed is None:
            return KeptWithoutEnd(f"{which} is not known to be closed")
        if accessed is None:
            return KeptWithoutEnd(
                f"{which} is closed but its last access is not known; tell `account.last_accessed_on`"
            )
        start = max(closed, accessed)
    else:
        # If one of the two days is not known, the earlier one is at any rate not later than the other.
        days = [day for day in (closed, accessed) if day is not None]
        if not days:
            return KeptWithoutEnd(f"{which} is not known to be closed, nor when it was last accessed")
        start = min(days)
    if start.year + YEARS >= datetime.MAXYEAR:
        return KeptWithoutEnd(f"{which} was closed or accessed at the end of the calendar; correct its days")
    return KeptThrough(anniversary(start, readings.leap_day), is_choice=readings.start == "either")


def anniversary(start: datetime.date, leap_day: LeapDayReading) -> datetime.date:
    """The same day two years on. Of 29 February: 1 March on the safe side, else 28 February."""
    year = start.year + YEARS
    if (start.month, start.day) != (2, 29):
        return start.replace(year=year)
    return datetime.date(year, 3, 1) if leap_day == "safe_side" else datetime.date(year, 2, 28)


def _parsed(day: str | None) -> datetime.date | None:
    return None if day is None else datetime.date.fromisoformat(day)
