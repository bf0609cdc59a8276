"""Destroying a customer's key: when, never when held, step by step, and again after a crash at any step."""

from __future__ import annotations

import contextlib
import datetime
import sqlite3

import orjson
import pytest
from vault_files import NOW, SqliteSession

from engine.audit.vault import NotDestroyable, Readings, UnknownSubject, keystore
from engine.audit.vault.destruction import check, count_sealed, destroy_key, due, remove_sealed, standings, unfinished
from engine.audit.vault.keystore import Hold, admit, customer, delete_customer, release_hold, set_hold

CLOSED = {"id": "a", "status": "closed", "closed_on": "2026-03-15", "last_accessed_on": "2026-03-10"}
LAST, FIRST = datetime.date(2028, 3, 15), datetime.date(2028, 3, 16)


def subjects_due(files, day, readings=Readings()):  # noqa: B008  frozen
    with files.read() as session:
        return {standing.subject for standing in due(session, readings, day)}


def tables(session):
    names = ("vault_key", "vault_account", "vault_hold", "sealed")
    return {name: session.execute(f"SELECT * FROM {name}") for name in names}  # noqa: S608  tables of ours


@pytest.fixture
def ana(customers):
    """A closed account's entry id and what was sealed."""
    return customers.seal("ana", account=CLOSED)


def test_what_is_due_on_a_day(customers, ana):
    _, bo = customers.seal("bo", account={**CLOSED, "closed_on": "2026-03-16"})
    customers.seal("cy", account={**CLOSED, "status": "open"})
    customers.seal(None)
    assert subjects_due(customers.files, LAST) == set()
    assert subjects_due(customers.files, FIRST) == {ana[1].subject}
    assert subjects_due(customers.files, datetime.date(2028, 3, 17)) == {ana[1].subject, bo.subject}
    with customers.files.read() as session:
        reasons = sorted(str(standing.retention) for standing in standings(session, Readings()))
    assert reasons == [
        "keep through 2028-03-15; purge from 2028-03-16",
        "keep through 2028-03-16; purge from 2028-03-17",
        "keep; an account is not known to be closed",
        "keep; no request has told of an account of this customer; tell `account` with its id and days",
    ]


def test_a_destroyed_customer_is_gone_and_the_others_are_not(customers, ana):
    entry, sealed = ana
    customers.seal("ana", account=CLOSED)
    bo_entry, bo = customers.seal("bo", account=CLOSED)
    with customers.files.write() as session:
        assert count_sealed(session, sealed.subject) == 2
        assert destroy_key(session, sealed.subject, Readings(), FIRST)
    assert customers.vault.open_facts(sealed.subject, entry, sealed.box) is None
    assert customers.vault.subject_of("ana") is None
    with customers.files.write() as session:
        assert remove_sealed(session, sealed.subject) == 2
        rows = tables(session)
    assert [len(rows[name]) for name in rows] == [1, 1, 0, 1]
    assert customers.vault.open_facts(bo.subject, bo_entry, bo.box) is not None


def test_t64_a_request_to_purge_before_the_time_is_refused(customers, ana):
    with customers.files.write() as session:
        before = tables(session)
        for day in (datetime.date(2027, 3, 15), LAST):
            with pytest.raises(
                NotDestroyable, match="is not destroyed: keep through 2028-03-15; purge from 2028-03-16"
            ):
                destroy_key(session, ana[1].subject, Readings(), day)
        assert tables(session) == before


def test_t58_an_account_that_was_never_closed_is_kept_unless_the_or_is_read_literally(customers):
    _, sealed = customers.seal("ana", account={"id": "a", "status": "open", "last_accessed_on": "2024-05-01"})
    day = datetime.date(2026, 6, 1)
    assert subjects_due(customers.files, day) == set()
    assert subjects_due(customers.files, day, Readings("earlier")) == {sealed.subject}
    with customers.files.write() as session, pytest.raises(NotDestroyable, match="keep; an account is not known"):
        destroy_key(session, sealed.subject, Readings(), day)


def test_a_hold_wins_until_every_case_is_released(customers, ana):
    subject = ana[1].subject
    with customers.files.write() as session:
        set_hold(session, Hold(subject, "case-1", "inquiry", NOW))
        set_hold(session, Hold(subject, "case-2", "appeal", NOW))
        set_hold(session, Hold(subject, "case-1", "wider inquiry", "2027-01-01T00:00:00Z"))
        assert customer(session, subject).holds == (
            Hold(subject, "case-1", "wider inquiry", NOW),
            Hold(subject, "case-2", "appeal", NOW),
        )
    assert subjects_due(customers.files, FIRST) == set()
    with customers.files.write() as session:
        with pytest.raises(NotDestroyable, match="held for `case-1`, `case-2`; release the hold first"):
            destroy_key(session, subject, Readings(), FIRST)
        assert release_hold(session, subject, "case-1")
        assert not release_hold(session, subject, "case-1")
        with pytest.raises(NotDestroyable, match="held for `case-2`"):
            check(session, subject, Readings(), FIRST)
        assert release_hold(session, subject, "case-2")
        assert destroy_key(session, subject, Readings(), FIRST)


def test_a_hold_set_after_the_list_was_made_wins(customers, ana):
    subject = ana[1].subject
    assert subjects_due(customers.files, FIRST) == {subject}
    with customers.files.write() as session:
        assert check(session, subject, Readings(), FIRST).subject == subject
    with customers.files.write() as session:
        set_hold(session, Hold(subject, "case-1", "inquiry", NOW))
    with customers.files.write() as session, pytest.raises(NotDestroyable):
        destroy_key(session, subject, Readings(), FIRST)


def test_the_database_itself_refuses_to_destroy_what_is_held(customers, ana):
    with customers.files.write() as session:
        set_hold(session, Hold(ana[1].subject, "case-1", "inquiry", NOW))
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            delete_customer(session, ana[1].subject)


def test_what_has_no_key_cannot_be_held(customers, ana):
    subject = ana[1].subject
    with customers.files.write() as session:
        destroy_key(session, subject, Readings(), FIRST)
        for late in (
            lambda: set_hold(session, Hold(subject, "case-1", "inquiry", NOW)),
            lambda: release_hold(session, subject, "case-1"),
            lambda: check(session, subject, Readings(), FIRST),
        ):
            with pytest.raises(UnknownSubject, match=f"`{subject}` has no key"):
                late()
        assert tables(session)["vault_hold"] == []


def test_an_account_opened_again_after_the_list_was_made_is_kept(customers, ana):
    assert subjects_due(customers.files, FIRST) == {ana[1].subject}
    customers.seal("ana", account={**CLOSED, "status": "open", "last_accessed_on": "2028-03-14"})
    with customers.files.write() as session, pytest.raises(NotDestroyable):
        destroy_key(session, ana[1].subject, Readings(), FIRST)


def log_entry(session, kind, subject):
    session.execute(
        "INSERT INTO entry (kind, body) VALUES (?, ?)", [kind, orjson.dumps({"type": kind, "subject": subject})]
    )


def begin(session, subject):
    check(session, subject, Readings(), FIRST)
    log_entry(session, "destruction_begun", subject)


def finish(session, subject):
    remove_sealed(session, subject)
    log_entry(session, "destruction_done", subject)


STEPS = [begin, lambda session, subject: destroy_key(session, subject, Readings(), FIRST), finish]


@pytest.mark.parametrize("crash_in", range(len(STEPS)))
def test_a_destruction_cut_off_in_any_step_is_finished_by_doing_it_again(customers, ana, crash_in):
    entry, sealed = ana
    with customers.files.read() as session:
        assert unfinished(session) == []
    for step in STEPS[:crash_in]:
        with customers.files.write() as session:
            step(session, sealed.subject)
    with contextlib.closing(customers.files.connect()) as connection:
        connection.execute("BEGIN IMMEDIATE")
        STEPS[crash_in](SqliteSession(connection), sealed.subject)
    with customers.files.read() as session:
        assert unfinished(session) == ([sealed.subject] if crash_in else [])
    for step in STEPS[1:] if crash_in else STEPS:
        with customers.files.write() as session:
            step(session, sealed.subject)
    with customers.files.read() as session:
        assert unfinished(session) == []
        assert not any(tables(session).values())
    assert customers.vault.open_facts(sealed.subject, entry, sealed.box) is None


def test_destroying_again_changes_nothing(customers, ana):
    with customers.files.write() as session:
        assert destroy_key(session, ana[1].subject, Readings(), FIRST)
        assert not destroy_key(session, ana[1].subject, Readings(), FIRST)
        assert remove_sealed(session, ana[1].subject) == 1
        assert remove_sealed(session, ana[1].subject) == 0


def test_one_refused_after_it_was_begun_stays_unfinished_and_keeps_its_key(customers, ana):
    entry, sealed = ana
    with customers.files.write() as session:
        begin(session, sealed.subject)
        set_hold(session, Hold(sealed.subject, "case-1", "inquiry", NOW))
    with customers.files.write() as session, pytest.raises(NotDestroyable):
        destroy_key(session, sealed.subject, Readings(), FIRST)
    with customers.files.read() as session:
        assert unfinished(session) == [sealed.subject]
    assert customers.vault.open_facts(sealed.subject, entry, sealed.box) is not None


def test_a_customer_who_comes_back_is_a_new_one(customers, ana):
    with customers.files.write() as session:
        destroy_key(session, ana[1].subject, Readings(), FIRST)
    _, again = customers.seal("ana", account={"id": "a", "status": "open"})
    assert again.subject != ana[1].subject
    with customers.files.read() as session:
        assert len(list(keystore.customers(session))) == 1


def test_all_customers_are_gone_through_page_by_page(customers):
    sealer = customers.vault.sealer(NOW)
    batch = [sealer.seal(f"customer-{number}", f"entry-{number}", b"{}", CLOSED) for number in range(603)]
    with customers.files.write() as session:
        assert admit(session, batch) == set()
        set_hold(session, Hold(batch[550].subject, "case-1", "inquiry", NOW))
        found = list(keystore.customers(session))
    assert [one.subject for one in found] == sorted(sealed.subject for sealed in batch)
    assert all(len(one.accounts) == 1 for one in found)
    assert [one.subject for one in found if one.holds] == [batch[550].subject]
    assert len(subjects_due(customers.files, FIRST)) == 602
