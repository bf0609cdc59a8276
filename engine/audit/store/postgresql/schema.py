"""The tables and the triggers that keep them append-only, in versions; the rows are those of the embedded store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.audit.unavailable import LogUnavailable
from engine.audit.vault.keystore import TABLES

if TYPE_CHECKING:
    from engine.audit.store.protocol import Session

_TABLES = """
CREATE TABLE entry ("index" bigint PRIMARY KEY, kind text NOT NULL, id text NOT NULL UNIQUE,
  leaf bytea NOT NULL CHECK (length(leaf) = 32), body bytea NOT NULL);
CREATE INDEX entry_kind ON entry (kind, "index") WHERE kind <> 'decision';
CREATE TABLE sealed ("index" bigint PRIMARY KEY REFERENCES entry, subject text NOT NULL, box bytea NOT NULL);
CREATE INDEX sealed_subject ON sealed (subject);
CREATE TABLE policy (digest text PRIMARY KEY, document bytea NOT NULL);
CREATE TABLE policy_file (digest text REFERENCES policy, path text, text text NOT NULL, PRIMARY KEY (digest, path));
CREATE TABLE log_state (id bigint PRIMARY KEY CHECK (id = 1), size bigint NOT NULL, commits bigint NOT NULL,
  frontier bytea NOT NULL);
INSERT INTO log_state VALUES (1, 0, 0, '');
CREATE TABLE tile (level bigint, "index" bigint, hashes bytea NOT NULL, PRIMARY KEY (level, "index"));
CREATE TABLE checkpoint (size bigint PRIMARY KEY, note text NOT NULL);
CREATE TABLE idempotency (scope text, key text, fingerprint bytea NOT NULL, "index" bigint NOT NULL REFERENCES entry,
  expires bigint NOT NULL, PRIMARY KEY (scope, key));
CREATE INDEX idempotency_expires ON idempotency (expires);
"""
_REFUSE = """
CREATE FUNCTION ostiary_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME; END $$
"""
_IS_NEXT = """
CREATE FUNCTION ostiary_is_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW."index" <> (SELECT coalesce(max("index"), -1) + 1 FROM entry) THEN
    RAISE EXCEPTION 'append-only: entry % does not come next', NEW."index";
  END IF;
  RETURN NEW;
END $$
"""
_FIXED = {
    "entry": "UPDATE OR DELETE",
    "policy": "UPDATE OR DELETE",
    "policy_file": "UPDATE OR DELETE",
    "sealed": "UPDATE",
    "checkpoint": "UPDATE OR DELETE",
    "tile": "DELETE",
    "log_state": "DELETE",
}
_GROWING = {
    "log_state": "NEW.size < OLD.size OR NEW.commits <= OLD.commits",
    "tile": 'NEW.level <> OLD.level OR NEW."index" <> OLD."index" '
    "OR substring(NEW.hashes FOR length(OLD.hashes)) <> OLD.hashes",
}


def _create(session: Session) -> None:
    session.execute(_TABLES)
    for statement in TABLES:
        session.execute(statement.format(bytes="bytea", integer="bigint"))
    session.execute(_REFUSE)
    session.execute(_IS_NEXT)
    session.execute(
        "CREATE TRIGGER entry_comes_next BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION ostiary_is_next()"
    )
    for table, events in _FIXED.items():
        session.execute(
            f"CREATE TRIGGER {table}_is_fixed BEFORE {events} ON {table} FOR EACH ROW EXECUTE FUNCTION ostiary_refuse()"
        )
        session.execute(f"CREATE TRIGGER {table}_is_kept BEFORE TRUNCATE ON {table} EXECUTE FUNCTION ostiary_refuse()")
    for table, backwards in _GROWING.items():
        session.execute(
            f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({backwards}) "
            "EXECUTE FUNCTION ostiary_refuse()"
        )


_MIGRATIONS = {"0001-log": _create}


def is_made(session: Session) -> bool:
    """Whether the tables of a log are there."""
    return session.execute("SELECT to_regclass('ostiary_migration')") != [(None,)]


def migrate(session: Session, name: str) -> None:
    """Bring the database up to date, in one transaction and one service at a time.

    One that is up to date is only read, so that a user who may not make tables can use those that are there.

    Raises:
        LogUnavailable: a later version has written it, or it cannot be changed.
    """
    if _applied(session, name) == _MIGRATIONS.keys():
        return
    session.execute("BEGIN")
    session.execute("SELECT pg_advisory_xact_lock(hashtext('ostiary.migration'))")
    session.execute("CREATE TABLE IF NOT EXISTS ostiary_migration (name text PRIMARY KEY)")
    applied = _applied(session, name)
    for migration, apply in _MIGRATIONS.items():
        if migration not in applied:
            apply(session)
            session.execute("INSERT INTO ostiary_migration VALUES (?)", [migration])
    session.execute("COMMIT")


def _applied(session: Session, name: str) -> set[str]:
    """The names of the steps taken so far."""
    if not is_made(session):
        return set()
    applied = {row[0] for row in session.execute("SELECT name FROM ostiary_migration")}
    if applied - _MIGRATIONS.keys():
        raise LogUnavailable(f"{name}: a newer version wrote this log; start that version or a later one")
    return applied
