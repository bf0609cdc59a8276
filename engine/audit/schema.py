"""The tables of the log, the triggers that keep them append-only, and the migrations that lead to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlite_utils.migrations import Migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

MIGRATIONS = Migrations("ostiary.audit")
_LOG = "0001-log"
_KNOWN = frozenset({_LOG})

# An INSERT OR REPLACE deletes without firing a DELETE trigger, so a row that exists is refused on INSERT as well.
_FIXED_ROWS = {
    "entry": 'id = NEW.id OR "index" = NEW."index"',
    "facts": '"index" = NEW."index"',
    "policy": "digest = NEW.digest",
    "policy_file": "digest = NEW.digest AND path = NEW.path",
    "log_state": "true",
}


@MIGRATIONS(name=_LOG)
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
        exists = f"EXISTS (SELECT 1 FROM {table} WHERE {is_same_row})"  # noqa: S608  both are constants of this module
        _refuse(db, f"{table}_is_never_replaced", f"INSERT ON {table} WHEN {exists}")
        _refuse(db, f"{table}_is_never_deleted", f"DELETE ON {table}")
        if table != "log_state":
            _refuse(db, f"{table}_is_never_changed", f"UPDATE ON {table}")
    backwards = "NEW.size < OLD.size OR NEW.commits <= OLD.commits"
    _refuse(db, "log_state_never_goes_back", f"UPDATE ON log_state WHEN {backwards}")
    elsewhere = 'NEW."index" <> (SELECT coalesce(max("index") + 1, 0) FROM entry)'
    _refuse(db, "entry_continues_the_log", f"INSERT ON entry WHEN length(NEW.leaf) <> 32 OR {elsewhere}")


def _refuse(db: Database, name: str, event: str) -> None:
    sentence = name.replace("_", " ")
    db.execute(f"CREATE TRIGGER {name} BEFORE {event} BEGIN SELECT RAISE(ABORT, 'append-only: {sentence}'); END")


def is_newer(db: Database) -> bool:
    """Whether a later version of the software has migrated the file further than this one knows."""
    return any(migration.name not in _KNOWN for migration in MIGRATIONS.applied(db))


def migrate(db: Database) -> None:
    """Bring the file up to date in one transaction. The caller holds the file lock.

    Raises:
        sqlite3.Error: it could not be written; the file is as it was.
    """
    if not MIGRATIONS.pending(db):
        return
    # A deferred BEGIN would let two starting processes read first and then fail to write.
    db.execute("BEGIN IMMEDIATE")
    MIGRATIONS.apply(db)
    db.execute("COMMIT")
