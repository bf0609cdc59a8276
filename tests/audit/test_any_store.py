"""What a log promises whichever store it is in: the same tests on files of SQLite and on a real PostgreSQL."""

from __future__ import annotations

import datetime
import json
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest
from log_samples import KEK
from signed_log import anchored, decision, new_entry, published_keys, signatory_of, stored_notes

from engine.audit import DecisionLog, Entry, Idempotency, IdempotencyConflict, KeyOutdated, LogUnavailable, verify
from engine.audit.destroying import Destroyed, Destroyer, Kept
from engine.audit.merkle import Frontier, root_at
from engine.audit.tree_rows import tree_of
from engine.audit.unavailable import Cause
from engine.audit.vault import Readings, Vault, keystore, open_index_key
from engine.audit.whole import verify_store

NOW = "2026-11-25T12:00:00.000000Z"
CLOSED = {"id": "a", "status": "closed", "closed_on": "2026-03-15", "last_accessed_on": "2026-03-10"}
DUE = datetime.date(2028, 3, 16)


@pytest.fixture
def log(data, store_url):
    with DecisionLog.open(data, store_url) as opened:
        yield opened


@pytest.fixture
def vault(log):
    return open_vault(log)


def open_vault(log) -> Vault:
    found = []
    log.change(lambda transaction: found.append(open_index_key(transaction.keys, KEK)))
    return Vault(KEK, found[-1], log.store.reading_keys)


def sealed_entry(vault, customer, account=None) -> Entry:
    """A decision with facts of that customer."""
    entry = decision()
    sealed = vault.sealer(NOW).seal(customer, entry.id, f'{{"of":"{customer}"}}'.encode(), account)
    body = json.dumps({"id": entry.id, "type": "decision", "subject": sealed.subject, "sealed_facts": sealed.digest})
    return Entry("decision", entry.id, body.encode(), sealed=sealed)


def opened(log, vault, entry) -> bytes | None:
    index = log.get(entry.id).index
    box = log.sealed(index)
    return None if box is None else vault.open_facts(box[0], entry.id, box[1])


def named(key, fingerprint=b"f", now=1_000) -> Entry:
    entry = decision()
    return Entry("decision", entry.id, entry.body, idempotency=Idempotency("caller", key, fingerprint, now, now + 60))


def test_an_idempotency_key_stands_for_its_first_entry_until_it_expires(log):
    first = log.append(named("k"))
    again = log.append(named("k", now=1_059))
    assert (again.index, again.id, again.is_earlier) == (first.index, first.id, True)
    assert log.idempotent("caller", "k", 1_059) == (b"f", first)
    with pytest.raises(IdempotencyConflict):
        log.append(named("k", b"another"))
    assert log.append(named("k", b"another", now=1_060)).index == 1
    assert log.idempotent("caller", "k", 1_200) is None
    assert log.size() == 2


def test_of_many_requests_with_one_key_at_once_one_is_recorded(log):
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(log.append, [named("k") for _ in range(24)]))
    assert len({receipt.id for receipt in receipts}) == 1
    assert log.size() == 1


def with_companion(entry) -> list[Entry]:
    return [entry, attrs.evolve(decision(), goes_with=entry.id)]


def test_what_goes_with_an_entry_is_written_only_if_that_is(log):
    first, told = log.append_all(with_companion(named("k")))
    assert (first.index, told.index) == (0, 1)
    again = log.append_all([decision(), *with_companion(named("k", now=1_059)), decision()])
    assert [(receipt.index, receipt.id, receipt.is_earlier) for receipt in again[1:3]] == [(0, first.id, True)] * 2
    assert [receipt.index for receipt in again] == [2, 0, 0, 3]
    repeated = with_companion(named("other"))
    assert log.append_all(repeated) == log.append_all(repeated)
    # An entry about one of before, which is not handed in with it, is an entry like any other.
    assert log.append(attrs.evolve(decision(), goes_with=first.id)).index == log.size() - 1 == 6


def test_of_many_with_one_key_at_once_one_is_recorded_with_what_goes_with_it(log):
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(log.append_all, [with_companion(named("k")) for _ in range(24)]))
    assert len({main.id for main, _ in receipts}) == 1
    assert log.size() == 2


def test_a_change_that_is_refused_leaves_nothing_and_the_log_goes_on(log, vault):
    hold = keystore.Hold("5e" * 16, "case", "reason", NOW)
    log.append(sealed_entry(vault, "ana"))
    before = log.size(), log.head()

    def change(transaction):
        transaction.log.execute("INSERT INTO policy (digest, document) VALUES (?, ?)", ["sha256:x", b"{}"])
        keystore.set_hold(transaction.keys, hold)

    with pytest.raises(keystore.UnknownSubject):
        log.change(change, [decision()])
    assert log.policy("sha256:x") is None
    assert (log.size(), log.head()) == before
    assert log.is_ready() is None
    assert log.append(decision()).index == before[0]


def test_a_change_and_its_entries_are_one_transaction(log, vault):
    entry = sealed_entry(vault, "ana")
    log.append(entry)
    hold = keystore.Hold(entry.sealed.subject, "case", "reason", NOW)
    commits = log.commits
    receipts = log.change(lambda t: keystore.set_hold(t.keys, hold), [decision(), decision()])
    assert [receipt.index for receipt in receipts] == [1, 2]
    assert log.commits == commits + 1
    with log.store.reading_keys() as keys:
        assert keystore.customer(keys, hold.subject).holds == (hold,)
    with pytest.raises(ValueError, match="belongs to another entry"):
        log.change(
            lambda t: keystore.release_hold(t.keys, hold.subject, "case"), [Entry("hold_released", entry.id, b"{}")]
        )
    with log.store.reading_keys() as keys:
        assert keystore.customer(keys, hold.subject).holds == (hold,)


def test_of_two_first_keys_for_a_customer_one_is_admitted(log, vault):
    first, second = sealed_entry(vault, "ana"), sealed_entry(vault, "ana")
    log.append(first)
    with pytest.raises(KeyOutdated):
        log.append(second)
    assert log.size() == 1
    third = sealed_entry(vault, "ana")
    log.append(third)
    assert third.sealed.subject == first.sealed.subject
    assert [opened(log, vault, entry) for entry in (first, third)] == [b'{"of":"ana"}'] * 2


def test_a_customer_is_destroyed_and_the_log_stays_whole(log, vault, data):
    signatory = signatory_of(log, data)
    signatory.sign()
    ana = [sealed_entry(vault, "ana", CLOSED) for _ in range(1)]
    log.append_all(ana)
    ana += [sealed_entry(vault, "ana", CLOSED) for _ in range(20)]
    bo, cy = sealed_entry(vault, "bo"), sealed_entry(vault, "cy", CLOSED)
    log.append_all([*ana[1:], bo, cy])
    hold = keystore.Hold(cy.sealed.subject, "case", "reason", NOW)
    log.change(lambda t: keystore.set_hold(t.keys, hold))
    subjects = [entry.sealed.subject for entry in (ana[0], bo, cy)]
    done = Destroyer(log, Readings(), DUE, new_entry).destroy(subjects)
    assert Destroyed(subjects[0], 21) in done
    assert sorted(kept.subject for kept in done if isinstance(kept, Kept)) == sorted(subjects[1:])
    assert [opened(log, vault, entry) for entry in ana] == [None] * 21
    assert [opened(log, vault, entry) for entry in (bo, cy)] == [b'{"of":"bo"}', b'{"of":"cy"}']
    with log.store.reading_keys() as keys:
        assert keystore.find_by_subject(keys, subjects[0]) is None
    signatory.sign()
    assert verified(log, data).integrity == "ok"


def test_the_tree_at_every_size_is_that_of_the_entries(log):
    entries = []
    for count in (1, 2, 253, 1, 255, 88):
        batch = [decision(number) for number in range(count)]
        log.append_all(batch)
        entries += batch
        assert log.head() == Frontier().extended(entry.leaf for entry in entries)
    with log.store.reading() as session:
        tree = tree_of(session, log.size())
        for size in (1, 255, 256, 257, 512, 600):
            assert root_at(size, tree) == Frontier().extended(entry.leaf for entry in entries[:size]).root()


def verified(log, data):
    keys = [verify.Key.parse(key.text) for key in published_keys(data)]
    # As if a copy of it had been kept elsewhere.
    anchors = [verify.read_anchor(data / "checkpoint")]
    return verify_store(log.store, keys, anchors, datetime.datetime.now(datetime.UTC))


def test_what_is_signed_is_what_is_there_and_verifies(log, vault, data):
    signatory = signatory_of(log, data)
    signatory.sign()
    for _ in range(3):
        log.append_all([decision(number) for number in range(150)])
        log.append(sealed_entry(vault, None))
        signatory.sign()
    signatory.rotate()
    note = signatory.sign()
    assert note == signatory.sign() == log.latest_checkpoint()
    assert note.encode() == (data / "checkpoint").read_bytes()
    assert anchored(data).root == log.head().root()
    assert len(stored_notes(log)) == 5
    report = verified(log, data)
    assert (report.integrity, report.completeness) == ("ok", "ok"), report.to_text()


def test_another_place_with_the_key_from_before_a_rotation_is_told_and_goes_on_with_the_new_one(log, data, tmp_path):
    one = signatory_of(log, data)
    one.sign()
    other_place = tmp_path / "other"
    other_place.mkdir()
    shutil.copy2(data / "log.key", other_place / "log.key")
    other = signatory_of(log, other_place)
    log.append(decision())
    assert other.sign().encode() == (other_place / "checkpoint").read_bytes()
    one.rotate()
    log.append(decision())
    one.sign()
    for refused in (other.sign, other.check):
        with pytest.raises(LogUnavailable, match=r"other/log.key: this is not the key of the log") as told:
            refused()
        assert told.value.cause is not Cause.DAMAGED
    shutil.copy2(data / "log.key", other_place / "log.key")
    log.append(decision())
    assert other.sign() == log.latest_checkpoint()
    one.sign()
    assert anchored(data) == anchored(other_place)
    assert verified(log, other_place).integrity == "ok"


def test_verification_reads_one_moment_while_others_append(log, data):
    signatory_of(log, data).sign()
    is_done = threading.Event()

    def append() -> None:
        while not is_done.is_set():
            log.append_all([decision(number) for number in range(20)])

    with ThreadPoolExecutor(1) as pool:
        appending = pool.submit(append)
        for _ in range(3):
            assert verified(log, data).integrity == "ok"
        is_done.set()
        appending.result()


def test_a_checkpoint_of_a_size_stays_as_it_is(log):
    log.append(decision())
    log.store_checkpoint(1, "first")
    log.store_checkpoint(1, "second")
    assert log.latest_checkpoint() == "first"


def test_a_log_that_was_closed_refuses_and_one_that_was_stopped_can_be_read(log):
    first = decision()
    log.append(first)
    log.stop("because")
    with pytest.raises(LogUnavailable, match="because"):
        log.append(decision())
    assert log.get(first.id).body == first.body
    log.close()
    for refused in (log.size, lambda: log.append(decision())):
        with pytest.raises(LogUnavailable, match=r"the log is closed|because"):
            refused()


def test_signing_takes_turns(log):
    taken = []

    def sign(number: int) -> None:
        with log.store.signing_turn():
            taken.append(("in", number))
            time.sleep(0.02)
            taken.append(("out", number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(sign, range(8)))
    for (enter, one), (leave, other) in zip(taken[::2], taken[1::2], strict=True):
        assert (enter, leave, one) == ("in", "out", other)


def test_a_turn_to_sign_ends_with_an_error_in_it(log):
    for error in (LogUnavailable("x"), ValueError("y")):
        with pytest.raises(type(error)), log.store.signing_turn():
            raise error
    with log.store.signing_turn():
        pass
