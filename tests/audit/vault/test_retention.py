"""Until when records are kept: T56, T58 and their neighbours under every reading, and what holds of any days."""

from __future__ import annotations

import datetime
from pathlib import Path

import attrs
import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.audit.entry import AccountDates
from engine.audit.vault import KeptThrough, KeptWithoutEnd, Readings, retention_of
from engine.audit.vault.retention import anniversary

ROOT = Path(__file__).parents[3]
START = ["later_and_closed", "earlier", "either"]
LEAP = ["safe_side", "last_of_february"]


def account(closed=None, accessed=None, opened=None, name="a"):
    return AccountDates(name, opened, closed, accessed)


def end(*accounts, start="later_and_closed", leap="safe_side"):
    """The last day that must be kept, or the reason why none is known."""
    kept = retention_of(accounts, Readings(start, leap))
    return kept.day.isoformat() if isinstance(kept, KeptThrough) else kept.reason


NOT_CLOSED = "an account is not known to be closed"
NO_ACCESS = "an account is closed but its last access is not known; tell `account.last_accessed_on`"
NEITHER = "an account is not known to be closed, nor when it was last accessed"


def test_t56_keep_through_the_second_anniversary_and_purge_from_the_day_after():
    kept = retention_of([account("2026-03-15", "2026-03-10")], Readings())
    assert kept == KeptThrough(datetime.date(2028, 3, 15))
    assert kept.purge_from == datetime.date(2028, 3, 16)
    assert str(kept) == "keep through 2028-03-15; purge from 2028-03-16"


@pytest.mark.parametrize(
    ("closed", "accessed", "later", "earlier"),
    [
        ("2026-03-15", "2026-03-10", "2028-03-15", "2028-03-10"),  # T56
        ("2026-03-10", "2026-03-15", "2028-03-15", "2028-03-10"),  # data fetched after closing
        ("2026-03-15", "2026-03-15", "2028-03-15", "2028-03-15"),
        (None, "2024-05-01", NOT_CLOSED, "2026-05-01"),  # T58: a literal "or" would let it go
        ("2024-05-01", None, NO_ACCESS, "2026-05-01"),
        (None, None, NOT_CLOSED, NEITHER),
        ("2026-12-31", "2025-12-31", "2028-12-31", "2027-12-31"),
        ("2024-02-29", "2024-02-28", "2026-03-01", "2026-02-28"),
        ("2026-02-28", "2026-02-28", "2028-02-28", "2028-02-28"),
    ],
)
def test_q16_says_which_day_the_two_years_run_from(closed, accessed, later, earlier):
    ends = [end(account(closed, accessed), start=start) for start in START]
    assert ends == [later, earlier, earlier]


def test_under_either_it_is_said_that_the_provider_chooses():
    kept = retention_of([account("2026-03-15", "2026-03-10")], Readings("either"))
    assert str(kept) == (
        "keep through 2028-03-10; purge from 2028-03-11; the provider may choose a later day (Q16 `either`)"
    )
    assert not retention_of([account("2026-03-15", "2026-03-10")], Readings("earlier")).is_choice


@pytest.mark.parametrize(
    ("start", "safe", "last"),
    [
        ("2024-02-28", "2026-02-28", "2026-02-28"),
        ("2024-02-29", "2026-03-01", "2026-02-28"),
        ("2024-03-01", "2026-03-01", "2026-03-01"),
        ("2022-02-28", "2024-02-28", "2024-02-28"),
        ("2096-02-29", "2098-03-01", "2098-02-28"),
        ("2098-02-28", "2100-02-28", "2100-02-28"),  # 2100 is no leap year
        ("2000-02-29", "2002-03-01", "2002-02-28"),
    ],
)
def test_q17_says_what_the_anniversary_of_29_february_is(start, safe, last):
    assert [end(account(start, start), leap=leap) for leap in LEAP] == [safe, last]


@pytest.mark.parametrize("start", START)
def test_of_several_accounts_the_latest_counts(start):
    old, new = account("2020-01-01", "2020-01-01"), account("2026-03-15", "2026-03-15", name="b")
    assert end(old, new, start=start) == end(new, old, start=start) == "2028-03-15"


@pytest.mark.parametrize("start", START)
def test_one_account_without_an_end_keeps_everything(start):
    closed, unknown = account("2020-01-01", "2020-01-01"), account(name="b")
    assert end(closed, unknown, start=start) == (NOT_CLOSED if start == "later_and_closed" else NEITHER)


def test_every_reason_is_given_once():
    nameless = account(name="")
    reasons = end(account(), account(name="b"), account("2020-01-01", name="c"), nameless)
    assert reasons == f"{NO_ACCESS}; {NOT_CLOSED}; an account told without `account.id` is not known to be closed"


@pytest.mark.parametrize("start", START)
def test_a_customer_without_accounts_is_kept(start):
    assert end(start=start).startswith("no request has told of an account of this customer")


@pytest.mark.parametrize(
    ("closed", "accessed", "opened", "later", "earlier"),
    [
        ("2024-03-15", "2024-03-10", "2024-01-01", "2026-03-15", "2026-03-10"),
        ("2024-03-15", "2024-03-10", "2024-03-15", "2026-03-15", "2026-03-15"),  # opened and closed that day
        ("2024-03-15", "2024-03-10", "2025-01-01", NOT_CLOSED, "2027-01-01"),  # opened again after closing
        ("2024-03-15", None, "2025-01-01", NOT_CLOSED, NEITHER),
    ],
)
def test_an_account_opened_after_it_was_closed_is_open(closed, accessed, opened, later, earlier):
    ends = [end(account(closed, accessed, opened), start=start) for start in START]
    assert ends == [later, earlier, earlier]


@pytest.mark.parametrize("day", ["9997-01-01", "9999-12-31"])
@pytest.mark.parametrize("start", START)
def test_at_the_end_of_the_calendar_no_end_is_known(day, start):
    assert (
        end(account(day, day), start=start)
        == "an account was closed or accessed at the end of the calendar; correct its days"
    )
    assert end(account("9996-12-31", "9996-12-31"), start=start) == "9998-12-31"


def test_readings_come_from_the_switches_of_a_policy():
    assert Readings.of({"Q16": "earlier", "Q17": "last_of_february", "Q01": "x"}) == Readings(
        "earlier", "last_of_february"
    )
    assert Readings.of({"Q16": "later_and_closed", "Q17": "safe_side"}) == Readings()
    for switches in ({"Q16": "later_and_closed"}, {"Q16": "sooner", "Q17": "safe_side"}, {}):
        with pytest.raises(ValueError, match=r"switch Q1[67] is `(None|sooner)`; retention knows `"):
            Readings.of(switches)


def test_the_readings_are_the_options_of_the_shipped_switches():
    switches = yaml.safe_load((ROOT / "rules" / "interpretations.yaml").read_text())
    assert [list(switches[name]["options"]) for name in ("Q16", "Q17")] == [START, LEAP]
    assert Readings.of({name: switches[name]["chosen"] for name in ("Q16", "Q17")}) == Readings()


READINGS = st.builds(Readings, st.sampled_from(START), st.sampled_from(LEAP))
DAYS = st.dates(datetime.date(1990, 1, 1), datetime.date(2110, 1, 1)) | st.sampled_from(
    [datetime.date(year, 2, day) for year in (2020, 2024, 2096) for day in (28, 29)]
)
TEXTS = DAYS.map(datetime.date.isoformat)
ACCOUNTS = st.builds(AccountDates, st.sampled_from("abc"), st.none(), st.none() | TEXTS, st.none() | TEXTS)


def last_day(accounts, readings):
    """The last day, or the end of the calendar where none is known."""
    kept = retention_of(accounts, readings)
    return kept.day if isinstance(kept, KeptThrough) else datetime.date.max


@given(st.lists(ACCOUNTS, min_size=1, max_size=4), st.data(), READINGS)
def test_a_later_day_or_another_account_never_brings_the_end_nearer(accounts, data, readings):
    before = last_day(accounts, readings)
    which = data.draw(st.integers(0, len(accounts) - 1))
    name = data.draw(st.sampled_from(["closed_on", "last_accessed_on"]))
    day = getattr(accounts[which], name)
    assume(day is not None)
    moved = list(accounts)
    moved[which] = attrs.evolve(moved[which], **{name: data.draw(TEXTS.filter(lambda later: later >= day))})
    assert last_day(moved, readings) >= before
    assert last_day([*accounts, data.draw(ACCOUNTS)], readings) >= before


@given(st.lists(ACCOUNTS, min_size=1, max_size=4), READINGS)
def test_nothing_ends_before_two_years(accounts, readings):
    kept = retention_of(accounts, readings)
    assume(isinstance(kept, KeptThrough))
    for dates in accounts:
        days = [datetime.date.fromisoformat(day) for day in (dates.closed_on, dates.last_accessed_on) if day]
        start = max(days) if readings.start == "later_and_closed" else min(days)
        assert kept.day - start >= datetime.timedelta(days=730)
        assert kept.day.year - start.year >= 2


@given(st.lists(ACCOUNTS, max_size=4), st.sampled_from(LEAP))
def test_the_default_reading_is_the_safest(accounts, leap):
    later, earlier, either = (last_day(accounts, Readings(start, leap)) for start in START)
    assert later >= earlier == either
    assert last_day(accounts, Readings(leap_day="safe_side")) >= last_day(
        accounts, Readings(leap_day="last_of_february")
    )


@given(st.lists(ACCOUNTS, min_size=1, max_size=4), READINGS, DAYS)
def test_under_the_default_reading_an_account_that_is_not_closed_keeps_everything(accounts, readings, day):
    open_account = AccountDates("z", None, None, day.isoformat())
    kept = retention_of([*accounts, open_account], attrs.evolve(readings, start="later_and_closed"))
    assert isinstance(kept, KeptWithoutEnd)


@given(DAYS, DAYS, st.sampled_from(LEAP))
def test_anniversaries_keep_the_order_of_days(one, other, leap):
    first, second = sorted([one, other])
    assert anniversary(first, leap) <= anniversary(second, leap)
