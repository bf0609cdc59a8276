"""Sealing and opening through the vault: one key a customer, whoever seals and however often."""

from __future__ import annotations

import concurrent.futures
import secrets

import attrs
import pytest
from vault_files import NOW

from engine.audit.vault import KeyEncryptionKey, Vault, VaultError, open_index_key
from engine.audit.vault.keystore import admit

FACTS = b'{"customer":{"name":"Ana"}}'


def subjects(files):
    with files.read() as session:
        return {subject for (subject,) in session.execute("SELECT subject FROM vault_key")}


def test_what_was_sealed_is_opened_under_one_key_a_customer(customers):
    sealed = {name: [customers.seal(name, f"{name}{n}".encode()) for n in range(3)] for name in ("ana", "bo")}
    for name, entries in sealed.items():
        assert len({box.subject for _, box in entries}) == 1
        assert [box.new_key is not None for _, box in entries] == [True, False, False]
        for number, (entry, box) in enumerate(entries):
            assert customers.vault.open_facts(box.subject, entry, box.box) == f"{name}{number}".encode()
        assert customers.vault.subject_of(name) == entries[0][1].subject
    assert customers.vault.subject_of("cy") is None
    assert len(subjects(customers.files)) == 2


def test_subjects_are_random(customers):
    names = [customers.vault.sealer(NOW).seal("ana", "entry", FACTS, None).subject for _ in range(100)]
    assert len(set(names)) == 100
    assert all(len(name) == 32 and int(name, 16) for name in names)


@pytest.mark.parametrize("nobody", [None, ""])
def test_a_customer_without_an_id_has_a_key_of_its_own_every_time(customers, nobody):
    sealer = customers.vault.sealer(NOW)
    batch = [sealer.seal(nobody, f"entry-{n}", FACTS, None) for n in range(3)]
    with customers.files.write() as session:
        assert admit(session, batch) == set()
    assert subjects(customers.files) == {sealed.subject for sealed in batch}
    assert len({sealed.subject for sealed in batch}) == 3
    assert all(sealed.new_key.lookup is None and sealed.account is None for sealed in batch)
    assert [customers.vault.open_facts(s.subject, f"entry-{n}", s.box) for n, s in enumerate(batch)] == [FACTS] * 3


def test_a_new_customer_gets_one_key_in_a_batch(customers):
    sealer = customers.vault.sealer(NOW)
    batch = [sealer.seal(name, f"entry-{n}", FACTS, None) for n, name in enumerate(["ana", "bo", "ana", "ana"])]
    assert len({sealed.subject for sealed in batch}) == 2
    with customers.files.write() as session:
        assert admit(session, batch) == set()
        assert admit(session, batch) == set()
    assert len(subjects(customers.files)) == 2


def test_of_two_new_keys_for_one_customer_the_first_stays(customers):
    first, second = (customers.vault.sealer(NOW).seal("ana", f"entry-{n}", FACTS, {"id": "a"}) for n in range(2))
    with customers.files.write() as session:
        assert admit(session, [first, second]) == {second.subject}
        assert admit(session, [second, first]) == {second.subject}
        assert session.execute("SELECT subject FROM vault_account") == [(first.subject,)]
    again = customers.vault.sealer(NOW).seal("ana", "entry-1", FACTS, None)
    assert (again.subject, again.new_key) == (first.subject, None)
    assert subjects(customers.files) == {first.subject}


def test_many_who_meet_a_new_customer_agree_on_a_key(customers):
    names = [f"customer-{n % 10}" for n in range(200)]

    def decide(work):
        number, name = work
        for attempt in range(10):
            sealed = customers.vault.sealer(NOW).seal(name, f"entry-{number}", FACTS, None)
            with customers.files.write() as session:
                if not admit(session, [sealed]):
                    return sealed, attempt
        raise AssertionError("refused ten times")

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        done = list(pool.map(decide, enumerate(names)))
    assert len(subjects(customers.files)) == 10
    for number, (sealed, attempts) in enumerate(done):
        assert attempts <= 1
        assert customers.vault.open_facts(sealed.subject, f"entry-{number}", sealed.box) == FACTS


def test_a_key_destroyed_in_between_is_refused(customers):
    _, known = customers.seal("ana")
    late = customers.vault.sealer(NOW).seal("ana", "entry-late", FACTS, {"id": "a"})
    assert (late.subject, late.new_key) == (known.subject, None)
    with customers.files.write() as session:
        session.execute("DELETE FROM vault_account")
        session.execute("DELETE FROM vault_key")
        assert admit(session, [late]) == {known.subject}
        assert session.execute("SELECT * FROM vault_account") == []
    assert customers.vault.sealer(NOW).seal("ana", "entry-late", FACTS, None).subject != known.subject


def test_boxes_swapped_between_entries_and_customers_are_refused(customers):
    (one, ana), (other, ana_too) = customers.seal("ana"), customers.seal("ana")
    third, bo = customers.seal("bo")
    for subject, entry, box in [
        (ana.subject, one, ana_too.box),
        (ana.subject, other, ana.box),
        (ana.subject, one, bo.box),
        (bo.subject, third, ana.box),
        (bo.subject, one, ana.box),
    ]:
        with pytest.raises(VaultError):
            customers.vault.open_facts(subject, entry, box)


def test_keys_swapped_between_customers_open_nothing(customers):
    (one, ana), (_, bo) = customers.seal("ana"), customers.seal("bo")
    with customers.files.write() as session:
        ((wrapped,),) = session.execute("SELECT wrapped FROM vault_key WHERE subject = ?", [bo.subject])
        session.execute("UPDATE vault_key SET wrapped = ? WHERE subject = ?", [wrapped, ana.subject])
    with pytest.raises(VaultError, match=f"the stored key of `{ana.subject}`"):
        customers.vault.open_facts(ana.subject, one, ana.box)


def test_another_key_encryption_key_is_refused_and_opens_nothing(customers):
    entry, ana = customers.seal("ana")
    other = KeyEncryptionKey.of(secrets.token_bytes(32))
    with customers.files.write() as session:
        index_key = open_index_key(session, customers.kek)
        with pytest.raises(VaultError, match=f"key-encryption key {customers.kek.id}, and the one given is {other.id}"):
            open_index_key(session, other)
    vault = Vault(other, index_key, customers.files.read)
    with pytest.raises(VaultError, match=f"wrapped by the key-encryption key {customers.kek.id}"):
        vault.open_facts(ana.subject, entry, ana.box)
    with pytest.raises(VaultError):
        vault.sealer(NOW).seal("ana", "entry", FACTS, None)
    sealed = vault.sealer(NOW).seal("bo", "entry", FACTS, None)
    with customers.files.write() as session:
        with pytest.raises(VaultError, match=f"new keys are wrapped with {other.id}; restart"):
            admit(session, [sealed])
        assert len(session.execute("SELECT * FROM vault_key")) == 1


def test_a_key_said_to_be_ours_but_wrapped_by_another_is_refused(customers):
    entry, ana = customers.seal("ana")
    impostor = KeyEncryptionKey(customers.kek.id, KeyEncryptionKey.of(bytes(32))._cipher)
    with customers.files.write() as session, pytest.raises(VaultError, match="the stored key of `index`"):
        open_index_key(session, impostor)
    with pytest.raises(VaultError, match="the stored key of"):
        attrs.evolve(customers, vault=Vault(impostor, bytes(32), customers.files.read)).vault.open_facts(
            ana.subject, entry, ana.box
        )


def test_the_index_key_is_made_once(files):
    kek = KeyEncryptionKey.of(bytes(32))
    with files.write() as session:
        first = open_index_key(session, kek)
        assert open_index_key(session, kek) == first
        assert len(first) == 32


def test_a_vault_that_has_lost_its_state_is_not_begun_anew(customers):
    customers.seal("ana")
    with customers.files.write() as session:
        session.execute("DELETE FROM vault_state")
        with pytest.raises(VaultError, match="has keys but not the one they are found by; restore"):
            open_index_key(session, customers.kek)
        assert session.execute("SELECT * FROM vault_state") == []


def test_nothing_that_is_stored_names_anybody(customers):
    customers.seal(
        "customer-4711", b'{"customer":{"name":"Ana Canary"}}', {"id": "account-0815", "opened_on": "2026-01-02"}
    )
    with customers.files.read() as session:
        rows = "\n".join(session.connection.iterdump())
    for text in ("customer-4711", "account-0815", "Canary"):
        assert text not in rows
        assert text.encode().hex() not in rows.lower()


def test_pseudonyms_depend_on_the_key_and_the_purpose(customers):
    vault = customers.vault
    other = Vault(customers.kek, bytes(32), customers.files.read)
    same = {vault.lookup("x"), vault.fingerprint(b"x"), other.lookup("x"), other.fingerprint(b"x")}
    assert len(same) == 4
    assert vault.fingerprint(b"x") == vault.fingerprint(b"x")
    assert len(vault.fingerprint(b"x")) == len(vault.lookup("x")) == 32
    assert vault.account_pseudonym("0" * 32, "x") != vault.account_pseudonym("1" * 32, "x")
