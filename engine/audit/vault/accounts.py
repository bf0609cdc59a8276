"""What one request after another tells of a customer's accounts: the days that decide how long records are kept.

Requests may come late, twice or from several systems, and none of them may bring the end nearer than it is: of two days
the later one stays, and a request that does not say that an account is closed opens it again.
"""

from __future__ import annotations

import contextlib
import datetime
from typing import TYPE_CHECKING

import attrs

from engine.audit.entry import AccountDates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NO_ID = ""
_NOT_CLOSED = frozenset({"prospective", "open", "restricted"})


def dates_told(account: Mapping[str, object] | None, pseudonym: Callable[[str], str]) -> AccountDates:
    """What the facts under `account` say, with `pseudonym` of the account's id.

    A status other than `closed` outweighs a day of closing: the account may have been opened again.

    Raises:
        ValueError: a day is not an ISO 8601 date.
    """
    told = account or {}
    name = told.get("id")
    return AccountDates(
        account=pseudonym(str(name)) if name else NO_ID,
        opened_on=_day(told, "opened_on"),
        closed_on=None if told.get("status") in _NOT_CLOSED else _day(told, "closed_on"),
        last_accessed_on=_day(told, "last_accessed_on"),
    )


def with_told(known: Mapping[str, AccountDates], told: AccountDates) -> dict[str, AccountDates]:
    """The accounts of one customer, by pseudonym, after one more request.

    A request that gives an account neither id nor day is likely the one by which it was opened, before it had an id. It
    stands for an account of its own until one with an id is told of for the first time.
    """
    accounts = dict(known)
    old = accounts.get(told.account)
    if old is not None:
        accounts[told.account] = _merged(old, told)
        return accounts
    if accounts.get(NO_ID) == AccountDates(NO_ID, None, None, None):
        del accounts[NO_ID]
    accounts[told.account] = told
    return accounts


def _merged(old: AccountDates, new: AccountDates) -> AccountDates:
    return attrs.evolve(
        new,
        opened_on=_later(old.opened_on, new.opened_on),
        closed_on=None if new.closed_on is None else _later(old.closed_on, new.closed_on),
        last_accessed_on=_later(old.last_accessed_on, new.last_accessed_on),
    )


def _later(one: str | None, other: str | None) -> str | None:
    # ISO 8601 dates of four-digit years sort as text.
    return max((day for day in (one, other) if day is not None), default=None)


def _day(account: Mapping[str, object], name: str) -> str | None:
    value = account.get(name)
    if value is None:
        return None
    day = str(value)
    # Python also reads other forms, which do not sort as text.
    with contextlib.suppress(ValueError):
        if datetime.date.fromisoformat(day).isoformat() == day:
            return day
    raise ValueError(f"`account.{name}` is not a date of the form `YYYY-MM-DD`; correct it")
