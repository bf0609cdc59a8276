"""Another key-encryption key: every data key is wrapped anew, and no fact changes."""

from __future__ import annotations

import base64
import contextlib
import secrets

import pytest
from vault_files import NOW, SqliteSession

from engine.audit.vault import KeyEncryptionKey, Vault, VaultError, choose_key, open_index_key, rewrap
from engine.audit.vault.keystore import admit

FACTS = b'{"customer":{"name":"Ana"}}'


@pytest.fixture
def many(customers):
    """More customers than are read at a time, each with its entry id and what was sealed."""
    sealer = customers.vault.sealer(NOW)
    batch = {
        f"entry-{n}": sealer.seal(f"customer-{n}" if n % 2 else None, f"entry-{n}", FACTS, None) for n in range(602)
    }
    with customers.files.write() as session:
        assert admit(session, list(batch.values())) == set()
    return batch


@pytest.fixture
def new():
    return KeyEncryptionKey.of(secrets.token_bytes(32))


def keks(session):
    return {kek for table in ("vault_key", "vault_state") for (kek,) in session.execute(f"SELECT kek FROM {table}")}  # noqa: S608


def test_the_key_is_given_or_made_once_for_an_empty_vault(files, tmp_path):
    path = tmp_path / "kek.key"
    given = secrets.token_bytes(32)
    with files.write() as session:
        text = base64.b64encode(given).decode()
        assert choose_key(session, path, text).id == KeyEncryptionKey.of(given).id
        assert not path.exists()
        with pytest.raises(VaultError, match="is not the base64 of 32 bytes"):
            choose_key(session, path, "secret")
        made = choose_key(session, path, None)
        open_index_key(session, made)
        assert choose_key(session, path, None).id == made.id
        path.unlink()
        with pytest.raises(VaultError, match=r"kek.key: the key-encryption key cannot be read .* put the file back"):
            choose_key(session, path, None)
        assert not path.exists()


def test_all_keys_are_wrapped_by_the_new_one_and_open_the_same_facts(customers, many, new):
    with customers.files.write() as session:
        index_key = open_index_key(session, customers.kek)
        assert rewrap(session, customers.kek, new) == 602
        assert keks(session) == {new.id}
        assert open_index_key(session, new) == index_key
        with pytest.raises(VaultError, match=f"locked with the key-encryption key {new.id}"):
            open_index_key(session, customers.kek)
    vault = Vault(new, index_key, customers.files.read)
    assert all(vault.open_facts(sealed.subject, entry, sealed.box) == FACTS for entry, sealed in many.items())
    assert vault.subject_of("customer-1") == many["entry-1"].subject
    with pytest.raises(VaultError, match="restart it with the right one"):
        customers.vault.open_facts(many["entry-1"].subject, "entry-1", many["entry-1"].box)


def test_a_process_that_still_has_the_old_key_adds_no_more_keys(customers, many, new):
    sealed = customers.vault.sealer(NOW).seal("newcomer", "entry-new", FACTS, None)
    with customers.files.write() as session:
        rewrap(session, customers.kek, new)
        with pytest.raises(VaultError, match=f"is {new.id}, and new keys are wrapped with {customers.kek.id}"):
            admit(session, [sealed])
    assert many


def test_done_again_it_changes_nothing(customers, many, new):
    with customers.files.write() as session:
        assert rewrap(session, customers.kek, new) == len(many)
        before = session.execute("SELECT * FROM vault_key"), session.execute("SELECT * FROM vault_state")
        assert rewrap(session, customers.kek, new) == 0
        assert rewrap(session, new, new) == 0
        assert before == (session.execute("SELECT * FROM vault_key"), session.execute("SELECT * FROM vault_state"))


def test_a_key_that_the_old_one_does_not_open_stops_it_and_nothing_changes(customers, many, new):
    stranger = KeyEncryptionKey.of(secrets.token_bytes(32))
    subject = max(sealed.subject for sealed in many.values())
    with customers.files.write() as session:
        wrapped = stranger.wrap(subject, secrets.token_bytes(32))
        session.execute("UPDATE vault_key SET kek = ?, wrapped = ? WHERE subject = ?", [stranger.id, wrapped, subject])
        before = session.execute("SELECT * FROM vault_key")
    with contextlib.closing(customers.files.connect()) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(VaultError, match=f"the stored key of `{subject}` is not one that .* {customers.kek.id}"):
            rewrap(SqliteSession(connection), customers.kek, new)
    with customers.files.read() as session:
        assert session.execute("SELECT * FROM vault_key") == before


def test_nothing_wrapped_by_the_old_key_is_left(customers, many, new):
    old = [sealed.new_key.wrapped for sealed in many.values()]
    path = customers.files.path
    with contextlib.closing(customers.files.connect()) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        assert sum(wrapped in path.read_bytes() for wrapped in old) == len(old)
        with customers.files.write() as session:
            rewrap(session, customers.kek, new)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        raw = path.read_bytes()
    assert sum(wrapped in raw for wrapped in old) == 0
