"""The tables, the triggers that keep them append-only, and the migrations that lead to them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlite_utils.migrations import Migrations

from engine.audit.merkle import Frontier, leaf_hash
from engine.audit.store.sqlite.session import SqliteConnection
from engine.audit.tree_rows import grow
from engine.audit.unavailable import LogUnavailable
from engine.audit.vault.keystore import TABLES

if TYPE_CHECKING:
    from sqlite_utils import Database

LOG = Migrations("ostiary.audit")
KEYS = Migrations("ostiary.keys")
_KNOWN = {"0001-log", "0002-proofs", "0001-keys"}
_PAGE = 4_096

# An INSERT OR REPLACE deletes without firing a DELETE trigger, so a row that exists is refused on INSERT as well.
_FIXED_ROWS = {
    "entry": 'id = NEW.id OR "index" = NEW."index"',
    "facts": '"index" = NEW."index"',
    "policy": "digest = NEW.digest",
    "policy_file": "digest = NEW.digest AND path = NEW.path",
    "log_state": "true",
}


@LOG(name="0001-log")
def create_log(db: Database) -> None:
    """Entries with their facts apart, policies whole, and one row that says how far the log has come.

    `log_state.size` is the number of entries; `commits` counts transactions, so that each one changes a page and is
    flushed even if it adds no entry.
    """
    db.create_table(
        "entry",
        {"index": int, "kind": str, "id": str, "leaf": bytes, "body": bytes},
        pk="index",
        not_null=["kind", "id", "leaf", "body"],
        strict=True,
    ).create_index(["id"], unique=True)
    db.create_table(
        "facts",
        {"index": int, "facts": bytes},
        pk="index",
        not_null=["facts"],
        foreign_keys=[("index", "entry", "index")],
        strict=True,
    )
    db.create_table("policy", {"digest": str, "document": bytes}, pk="digest", not_null=["document"], strict=True)
    db.create_table(
        "policy_file",
        {"digest": str, "path": str, "text": str},
        pk=("digest", "path"),
        not_null=["text"],
        foreign_keys=[("digest", "policy", "digest")],
        strict=True,
    )
    db.create_table(
        "log_state",
        {"id": int, "size": int, "commits": int},
        pk="id",
        not_null=["size", "commits"],
        strict=True,
    ).insert({"id": 1, "size": 0, "commits": 0})
    for table, is_same_row in _FIXED_ROWS.items():
        _refuse_replacing(db, table, is_same_row)
        _refuse(db, f"{table}_is_never_deleted", f"DELETE ON {table}")
        if table != "log_state":
            _refuse(db, f"{table}_is_never_changed", f"UPDATE ON {table}")
    backwards = "NEW.size < OLD.size OR NEW.commits <= OLD.commits"
    _refuse(db, "log_state_never_goes_back", f"UPDATE ON log_state WHEN {backwards}")
    elsewhere = 'NEW."index" <> (SELECT coalesce(max("index") + 1, 0) FROM entry)'
    _refuse(db, "entry_continues_the_log", f"INSERT ON entry WHEN length(NEW.leaf) <> 32 OR {elsewhere}")


@LOG(name="0002-proofs")
def create_proofs(db: Database) -> None:
    """The tree over the leaves, its signed checkpoints, sealed facts in place of open ones, and idempotency keys.

    Facts that an earlier version kept in clear stay in `facts`, which may now be emptied: sealing them takes the keys,
    so it is done once the vault is open.

    Raises:
        LogUnavailable: an entry is not the one that was logged; a tree over it would make it seem so.
    """
    db.execute("ALTER TABLE log_state ADD COLUMN frontier BLOB NOT NULL DEFAULT x''")
    db.create_table(
        "tile",
        {"level": int, "index": int, "hashes": bytes},
        pk=("level", "index"),
        not_null=["hashes"],
        strict=True,
    )
    db.create_table("checkpoint", {"size": int, "note": str}, pk="size", not_null=["note"], strict=True)
    db.create_table(
        "sealed",
        {"index": int, "subject": str, "box": bytes},
        pk="index",
        not_null=["subject", "box"],
        foreign_keys=[("index", "entry", "index")],
        strict=True,
    ).create_index(["subject"])
    db.create_table(
        "idempotency",
        {"scope": str, "key": str, "fingerprint": bytes, "index": int, "expires": int},
        pk=("scope", "key"),
        not_null=["fingerprint", "index", "expires"],
        foreign_keys=[("index", "entry", "index")],
        strict=True,
    ).create_index(["expires"])
    db.execute("CREATE INDEX entry_kind ON entry (kind, \"index\") WHERE kind <> 'decision'")
    _refuse_replacing(db, "sealed", '"index" = NEW."index"')
    _refuse(db, "sealed_is_never_changed", "UPDATE ON sealed")
    _refuse_replacing(db, "checkpoint", "size = NEW.size")
    for event in ("UPDATE", "DELETE"):
        _refuse(db, f"checkpoint_takes_no_{event.lower()}", f"{event} ON checkpoint")
    _refuse(db, "tile_is_never_deleted", "DELETE ON tile")
    # A tile that is not full yet grows at its end.
    grows = "substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes OR NEW.level <> OLD.level"
    _refuse(db, "tile_only_grows", f'UPDATE ON tile WHEN {grows} OR NEW."index" <> OLD."index"')
    for event in ("deleted", "changed"):
        db.execute(f"DROP TRIGGER facts_is_never_{event}")
    if not db["facts"].count:
        db.execute("DROP TABLE facts")
    _plant_tree(db)


@KEYS(name="0001-keys")
def create_keys(db: Database) -> None:
    """Customers' data keys, each wrapped, with what decides how long they are kept."""
    for statement in TABLES:
        db.execute(statement.format(bytes="blob", integer="integer") + " STRICT")


def _refuse_replacing(db: Database, table: str, is_same_row: str) -> None:
    exists = f"EXISTS (SELECT 1 FROM {table} WHERE {is_same_row})"  # noqa: S608  constants of this module
    _refuse(db, f"{table}_is_never_replaced", f"INSERT ON {table} WHEN {exists}")


def _refuse(db: Database, name: str, event: str) -> None:
    sentence = name.replace("_", " ")
    db.execute(f"CREATE TRIGGER {name} BEFORE {event} BEGIN SELECT RAISE(ABORT, 'append-only: {sentence}'); END")


def _plant_tree(db: Database) -> None:
    """Tiles and frontier for the entries that are there, from their bodies."""
    session, tree = SqliteConnection(Path(db.execute("PRAGMA database_list").fetchone()[2]), db), Frontier()
    query = 'SELECT "index", leaf, body FROM entry WHERE "index" >= ? ORDER BY "index" LIMIT ?'
    while rows := session.execute(query, [tree.size, _PAGE]):
        for index, leaf, body in rows:
            if leaf_hash(body) != leaf:
                raise LogUnavailable(
                    f"the body of entry {index} is not the one that was logged, so the log is not brought up to date; "
                    "keep it as it is and restore a backup"
                )
        tree = grow(session, tree, [leaf for _, leaf, _ in rows])
    session.execute("UPDATE log_state SET frontier = ?, commits = commits + 1", [tree.to_bytes()])


def is_newer(db: Database, migrations: Migrations) -> bool:
    """Whether a later version of the software has migrated the file further than this one knows."""
    return any(migration.name not in _KNOWN for migration in migrations.applied(db))


def migrate(db: Database, migrations: Migrations) -> None:
    """Bring the file up to date in one transaction. The caller holds the file lock.

    Raises:
        sqlite3.Error: it could not be written; the file is as it was.
    """
    if not migrations.pending(db):
        return
    # A deferred BEGIN would let two starting processes read first and then fail to write.
    db.execute("BEGIN IMMEDIATE")
    migrations.apply(db)
    db.execute("COMMIT")
