"""What is known of an account after several requests: the end never comes nearer by what arrives late or twice."""

from __future__ import annotations

import datetime
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.audit.entry import AccountDates
from engine.audit.vault import KeptThrough, Readings, retention_of
from engine.audit.vault.accounts import dates_told, with_told
from engine.audit.vault.keystore import admit, customer


def told(**account):
    return dates_told(account, lambda name: f"pseudonym of {name}")


def after(*requests):
    known = {}
    for request in requests:
        known = with_told(known, told(**request))
    return known


CLOSED = {"id": "a", "status": "closed", "closed_on": "2026-03-15", "last_accessed_on": "2026-03-10"}


@pytest.mark.parametrize(
    ("account", "dates"),
    [
        (CLOSED, ("pseudonym of a", None, "2026-03-15", "2026-03-10")),
        ({**CLOSED, "status": "open"}, ("pseudonym of a", None, None, "2026-03-10")),
        ({**CLOSED, "status": "restricted"}, ("pseudonym of a", None, None, "2026-03-10")),
        ({**CLOSED, "status": "prospective"}, ("pseudonym of a", None, None, "2026-03-10")),
        ({"id": "a", "closed_on": "2026-03-15"}, ("pseudonym of a", None, "2026-03-15", None)),
        ({"id": "a", "status": "closed"}, ("pseudonym of a", None, None, None)),
        ({"status": "open", "opened_on": "2026-01-02", "id": None}, ("", "2026-01-02", None, None)),
        ({"id": ""}, ("", None, None, None)),
        ({}, ("", None, None, None)),
    ],
)
def test_what_facts_tell_of_an_account(account, dates):
    assert told(**account) == AccountDates(*dates)
    assert dates_told(None, str) == AccountDates("", None, None, None)


@pytest.mark.parametrize("day", ["2026-02-30", "yesterday", 20260315.5, "20260315", "2026-W11-7", ""])
def test_a_day_that_is_none_is_refused_without_being_repeated(day):
    with pytest.raises(ValueError, match=r"^`account.closed_on` is not a date of the form `YYYY-MM-DD`; correct it$"):
        told(id="a", closed_on=day)


def test_of_two_days_the_later_one_stays():
    early = {**CLOSED, "closed_on": "2026-02-01", "last_accessed_on": "2026-01-01", "opened_on": "2025-01-01"}
    late = {**CLOSED, "opened_on": "2024-01-01"}
    expected = AccountDates("pseudonym of a", "2025-01-01", "2026-03-15", "2026-03-10")
    assert list(after(early, late).values()) == list(after(late, early).values()) == [expected]
    assert next(iter(after(late, {"id": "a", "closed_on": "2026-03-15"}).values())).last_accessed_on == "2026-03-10"


def test_an_account_that_is_no_longer_said_to_be_closed_is_open():
    for request in ({"id": "a", "status": "open"}, {"id": "a", "last_accessed_on": "2026-05-01"}, {"id": "a"}):
        (dates,) = after(CLOSED, request).values()
        assert dates.closed_on is None
        assert dates.last_accessed_on >= "2026-03-10"


def test_closed_again_it_is_closed_on_the_new_day_even_an_earlier_one():
    wrong = {**CLOSED, "closed_on": "2062-03-15"}
    (dates,) = after(wrong, CLOSED).values()
    assert dates.closed_on == "2062-03-15"
    (dates,) = after(wrong, {"id": "a", "status": "open"}, CLOSED).values()
    assert dates.closed_on == "2026-03-15"


def test_an_old_word_of_closing_does_not_close_what_was_opened_since():
    again = {"id": "a", "status": "open", "opened_on": "2026-06-01"}
    kept = retention_of(after(CLOSED, again, CLOSED).values(), Readings())
    assert not isinstance(kept, KeptThrough)


def test_a_request_before_the_account_had_an_id_gives_way_to_the_account():
    opening, account, other = {"status": "prospective"}, {"id": "a", "status": "open"}, {"id": "b", "status": "open"}
    assert list(after(opening)) == [""]
    assert list(after(opening, account)) == ["pseudonym of a"]
    assert set(after(account, opening)) == {"", "pseudonym of a"}
    assert set(after(account, opening, account)) == {"", "pseudonym of a"}
    assert set(after(account, opening, other)) == {"pseudonym of a", "pseudonym of b"}
    dated = {"status": "open", "last_accessed_on": "2026-01-01"}
    assert set(after(dated, account)) == {"", "pseudonym of a"}


DAYS = st.none() | st.dates(datetime.date(2020, 1, 1), datetime.date(2030, 1, 1)).map(datetime.date.isoformat)
TOLD = st.builds(AccountDates, st.just("a"), DAYS, DAYS, DAYS)


@given(st.lists(TOLD, min_size=1, max_size=4))
def test_days_never_move_back_and_what_is_told_twice_changes_nothing(requests):
    known = {}
    for before, request in itertools.pairwise([None, *requests]):
        known = with_told(known, request)
        assert with_told(known, request) == known
        for name in ("opened_on", "last_accessed_on"):
            assert (getattr(known["a"], name) or "") >= max(
                getattr(request, name) or "", getattr(before, name, "") or ""
            )
        assert (known["a"].closed_on is None) == (request.closed_on is None)
        assert (known["a"].closed_on or "") >= (request.closed_on or "")


def test_days_are_stored_by_customer_and_account(customers):
    _, ana = customers.seal("ana", account=CLOSED)
    customers.seal("ana", account={**CLOSED, "id": "b", "status": "open", "opened_on": "2026-01-02"})
    customers.seal("ana", account={**CLOSED, "last_accessed_on": "2026-04-01"})
    _, bo = customers.seal("bo", account=CLOSED)
    with customers.files.read() as session:
        of_ana, of_bo = customer(session, ana.subject), customer(session, bo.subject)
    days = sorted((dates.closed_on or "", dates.last_accessed_on, dates.opened_on) for dates in of_ana.accounts)
    assert days == [("", "2026-03-10", "2026-01-02"), ("2026-03-15", "2026-04-01", None)]
    assert not {dates.account for dates in of_ana.accounts} & {dates.account for dates in of_bo.accounts}


def test_several_of_one_customer_in_a_batch_are_told_in_their_order(customers):
    sealer = customers.vault.sealer("2026-11-25T12:00:00Z")
    accounts = [CLOSED, {"id": "a", "status": "open"}, {**CLOSED, "closed_on": "2026-05-01"}, None]
    batch = [sealer.seal("ana", f"entry-{number}", b"{}", account) for number, account in enumerate(accounts)]
    with customers.files.write() as session:
        assert admit(session, batch) == set()
        stored = customer(session, batch[0].subject).accounts
    assert {(dates.closed_on, dates.last_accessed_on) for dates in stored} == {
        ("2026-05-01", "2026-03-10"),
        (None, None),
    }


def test_what_changes_nothing_writes_nothing(customers):
    customers.seal("ana", account=CLOSED)
    with customers.files.write() as session:
        sealed = customers.vault.sealer("2026-11-25T12:00:00Z").seal("ana", "entry", b"{}", CLOSED)
        before = session.connection.total_changes
        assert admit(session, [sealed]) == set()
        assert session.connection.total_changes == before
