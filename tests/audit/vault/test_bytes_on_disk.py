"""After a destruction neither keys nor facts are to be found in the bytes of any file, and the other customers' are."""

from __future__ import annotations

import contextlib
import datetime
import secrets
import sqlite3

import attrs
import pytest
from vault_files import NOW, make_customers, make_files

from engine.audit.vault import Readings
from engine.audit.vault.destruction import destroy_key, remove_sealed
from engine.audit.vault.keystore import admit

CLOSED = {"id": "a", "status": "closed", "closed_on": "2026-03-15", "last_accessed_on": "2026-03-10"}
DAY = datetime.date(2028, 3, 16)
CUSTOMERS, DESTROYED, CANARIES = 500, 100, 20


@attrs.define
class Trial:
    """500 customers in groups of ten a transaction, as requests come; the first 100 of `order` are to be destroyed."""

    customers: object
    sealed: list
    facts: list[bytes]
    raw_keys: list[bytes]
    wrapped: list[bytes]

    def destroy(self):
        for sealed in self.sealed[:DESTROYED]:
            with self.customers.files.write() as session:
                assert destroy_key(session, sealed.subject, Readings(), DAY)
            with self.customers.files.write() as session:
                assert remove_sealed(session, sealed.subject) == 1

    def found(self, *paths):
        """How many of the destroyed customers' wrapped keys, indexes, boxes, raw keys and facts are in these files."""
        raw = b"".join(path.read_bytes() for path in paths)
        gone = slice(DESTROYED)
        needles = {
            "wrapped": self.wrapped[gone],
            "lookup": [sealed.new_key.lookup for sealed in self.sealed[gone]],
            "box": [sealed.box for sealed in self.sealed[gone]],
            "raw": self.raw_keys,
            "facts": self.facts[:CANARIES],
        }
        return {name: sum(needle in raw for needle in some) for name, some in needles.items()}


def make_trial(path, *, secure_delete):
    customers = make_customers(make_files(path, secure_delete=secure_delete))
    trial = Trial(customers, [], [], [], [])
    for start in range(0, CUSTOMERS, 10):
        sealer = customers.vault.sealer(NOW)
        batch = []
        for number in range(start, start + 10):
            facts = f"canary-{number}-{secrets.token_hex(12)}".encode()
            trial.facts.append(facts)
            batch.append(sealer.seal(f"customer-{number}", f"entry-{number}", facts, CLOSED))
        with customers.files.write() as session:
            assert admit(session, batch) == set()
            session.execute_many(
                'INSERT INTO sealed ("index", subject, box) VALUES (?, ?, ?)',
                [(start + at, sealed.subject, sealed.box) for at, sealed in enumerate(batch)],
            )
        trial.sealed += batch
    trial.wrapped = [sealed.new_key.wrapped for sealed in trial.sealed]
    trial.raw_keys = [customers.kek.unwrap(sealed.subject, sealed.new_key.wrapped) for sealed in trial.sealed]
    return trial


def files_of(path):
    return [file for file in path.parent.iterdir() if file.name.startswith(path.name)]


@pytest.fixture
def open_trial(tmp_path):
    """A trial with a connection kept open throughout, as a service keeps one: the write-ahead log stays."""
    with contextlib.ExitStack() as opened:

        def make(*, secure_delete):
            trial = make_trial(tmp_path / "keys.db", secure_delete=secure_delete)
            connection = opened.enter_context(contextlib.closing(trial.customers.files.connect()))
            connection.execute("SELECT count(*) FROM vault_key").fetchall()
            return trial, connection

        yield make


def test_nothing_of_the_destroyed_is_left_in_file_log_or_backup(open_trial, tmp_path):
    trial, connection = open_trial(secure_delete=True)
    path = trial.customers.files.path
    before = trial.found(*files_of(path))
    assert before == {"wrapped": DESTROYED, "lookup": DESTROYED, "box": DESTROYED, "raw": 0, "facts": 0}
    trial.destroy()
    assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    assert {**trial.found(*files_of(path)), "lookup": 0} == dict.fromkeys(before, 0)
    connection.execute("VACUUM")
    assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    (tmp_path / "backup").mkdir()
    connection.execute("VACUUM INTO ?", [str(tmp_path / "backup" / "keys.db")])
    with contextlib.closing(sqlite3.connect(tmp_path / "backup" / "online.db")) as copy:
        connection.backup(copy)
    assert {file.name for file in files_of(path)} == {"keys.db", "keys.db-wal", "keys.db-shm"}
    for files in (files_of(path), list((tmp_path / "backup").iterdir())):
        assert trial.found(*files) == dict.fromkeys(before, 0)
    vault = trial.customers.vault
    opened = [vault.open_facts(sealed.subject, f"entry-{at}", sealed.box) for at, sealed in enumerate(trial.sealed)]
    assert opened == [None] * DESTROYED + trial.facts[DESTROYED:]
    raw = path.read_bytes()
    assert all(wrapped in raw for wrapped in trial.wrapped[DESTROYED:])


@pytest.mark.parametrize("secure_delete", [False, True])
def test_without_overwriting_or_emptying_the_log_keys_are_left(open_trial, secure_delete):
    """The control: deleting is not enough, so what the search finds above would have been found."""
    trial, connection = open_trial(secure_delete=secure_delete)
    trial.destroy()
    if not secure_delete:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert trial.found(*files_of(trial.customers.files.path))["wrapped"] > 0
