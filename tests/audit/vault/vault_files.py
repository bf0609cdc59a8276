"""A vault on real SQLite files, its sessions, and customers to seal facts for."""

from __future__ import annotations

import contextlib
import itertools
import secrets
import sqlite3

import attrs

from engine.audit.vault import KeyEncryptionKey, Vault, open_index_key
from engine.audit.vault.keystore import TABLES, admit

NOW = "2026-11-25T12:00:00.000000Z"
SEALED = 'CREATE TABLE sealed ("index" integer PRIMARY KEY, subject text NOT NULL, box blob NOT NULL)'
ENTRY = 'CREATE TABLE entry ("index" integer PRIMARY KEY, kind text NOT NULL, body blob NOT NULL)'


class SqliteSession:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def execute(self, sql, parameters=()):
        return self.connection.execute(sql, parameters).fetchall()

    def execute_many(self, sql, rows):
        self.connection.executemany(sql, rows)


@attrs.define
class Files:
    """A database of keys and boxes at `path`; every connection overwrites what it deletes unless told not to."""

    path: object
    secure_delete: bool = True

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=10, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("PRAGMA synchronous = off")
        connection.execute("PRAGMA foreign_keys = on")
        connection.execute(f"PRAGMA secure_delete = {'on' if self.secure_delete else 'off'}")
        return connection

    @contextlib.contextmanager
    def read(self):
        with contextlib.closing(self.connect()) as connection:
            yield SqliteSession(connection)

    @contextlib.contextmanager
    def write(self):
        """A transaction, undone if the body fails."""
        with contextlib.closing(self.connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield SqliteSession(connection)
            connection.execute("COMMIT")


@attrs.define
class Customers:
    """The vault, and the boxes it made, stored as the log stores them."""

    files: Files
    kek: KeyEncryptionKey
    vault: Vault
    numbers: object = attrs.field(factory=itertools.count)

    def seal(self, customer_id, facts=b'{"customer":{"name":"Ana"}}', account=None):
        """Seal and store one entry's facts: index, entry id and what was sealed."""
        index = next(self.numbers)
        sealed = self.vault.sealer(NOW).seal(customer_id, f"entry-{index}", facts, account)
        with self.files.write() as session:
            assert admit(session, [sealed]) == set()
            session.execute(
                'INSERT INTO sealed ("index", subject, box) VALUES (?, ?, ?)', [index, sealed.subject, sealed.box]
            )
        return f"entry-{index}", sealed


def make_files(path, *, secure_delete=True) -> Files:
    files = Files(path, secure_delete)
    with files.write() as session:
        for statement in (*TABLES, SEALED, ENTRY):
            session.execute(statement.format(bytes="blob", integer="integer"))
    return files


def make_customers(files) -> Customers:
    kek = KeyEncryptionKey.of(secrets.token_bytes(32))
    with files.write() as session:
        index_key = open_index_key(session, kek)
    return Customers(files, kek, Vault(kek, index_key, files.read))
