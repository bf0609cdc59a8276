"""`ostiary log backup`, `restore` and `export`: copies that are whole, and restores that lose nothing unnoticed."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import stat
import threading
from datetime import UTC, datetime

import pytest
from records import CLOSED, OPEN, Written, request, rows, write

from engine.audit import verify
from engine.audit.layout import ANCHOR, KEY_ENCRYPTION_KEY, PUBLIC_KEYS, SIGNING_KEY

FILES = {"log.db", "keys.db", ANCHOR, PUBLIC_KEYS}


@pytest.fixture(scope="module")
def first(tmp_path_factory, shipped) -> Written:
    told = {"due": request("due", CLOSED, name="Canary"), "open": request("open", OPEN, name="Canary")}
    return write(tmp_path_factory.mktemp("backup") / "data", told, shipped)


@pytest.fixture
def record(first, tmp_path, monkeypatch) -> Written:
    shutil.copytree(first.data, tmp_path / "data")
    monkeypatch.setenv("OSTIARY_DATA", str(tmp_path / "data"))
    return Written(tmp_path / "data", first.ids, first.subjects)


def report_of(place, record: Written, *anchors) -> verify.Report:
    keys = verify.read_keys([str(record.data / PUBLIC_KEYS)])
    return verify.verify(place, keys, [verify.read_anchor(path) for path in anchors], datetime.now(UTC))


def lost(record: Written, directory) -> Written:
    """The machine with the record is gone; what is kept elsewhere, the two keys, is on a new one."""
    directory.mkdir()
    for name in (SIGNING_KEY, KEY_ENCRYPTION_KEY):
        shutil.copy(record.data / name, directory / name)
    return Written(directory, record.ids, record.subjects)


def test_a_backup_beside_a_busy_service_is_whole_and_says_what_it_lacks(record, run, start_service, tmp_path):
    service = start_service(record.data)
    is_enough = threading.Event()
    answers = []

    def ask() -> None:
        while not is_enough.is_set():
            answers.append(service.decide(request("busy", OPEN)).status)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        shown = run("log", "backup", tmp_path / "backups" / "1")
    finally:
        is_enough.set()
        asking.join()
    assert (shown.code, shown.err) == (0, "")
    assert set(answers) == {200}
    backup = tmp_path / "backups" / "1"
    assert {path.name for path in backup.iterdir()} == FILES
    assert "Not in it, and needed to go on after a restore" in shown.out
    assert str(record.data / SIGNING_KEY) in shown.out
    assert str(record.data / KEY_ENCRYPTION_KEY) in shown.out
    assert stat.S_IMODE(backup.stat().st_mode) == 0o700
    assert [stat.S_IMODE((backup / name).stat().st_mode) for name in ("log.db", "keys.db")] == [0o600, 0o600]
    report = report_of(backup, record, backup / ANCHOR)
    assert (report.integrity, report.completeness) == ("ok", "ok")
    (entry,) = Written(backup, {}, {}).entries("backed_up")
    assert (entry["directory"], entry["caller"][:4]) == (str(backup), "cli:")
    secrets = [(record.data / name).read_bytes().strip() for name in (SIGNING_KEY, KEY_ENCRYPTION_KEY)]
    assert not any(secret in path.read_bytes() for secret in secrets for path in backup.iterdir())
    assert service.stop()[0] == 0
    record.check()


@pytest.mark.usefixtures("record")
def test_a_backup_never_overwrites(run, tmp_path):
    (tmp_path / "there").mkdir()
    assert run("log", "backup", tmp_path / "there").code == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "there").iterdir()}
    again = run("log", "backup", tmp_path / "there")
    assert (again.code, again.out) == (1, "")
    assert (
        again.err
        == f"Error: {tmp_path / 'there'}: there is something already; name a directory that is empty or not there\n"
    )
    assert {path.name: path.read_bytes() for path in (tmp_path / "there").iterdir()} == before
    assert {path.name for path in tmp_path.iterdir()} == {"data", "there"}


def test_a_copy_of_a_log_that_was_changed_does_not_count(record, run, tmp_path):
    ((index,),) = rows(record.data / "log.db", 'SELECT min("index") FROM sealed')
    change(
        record.data / "log.db",
        'UPDATE sealed SET box = zeroblob(length(box)) WHERE "index" = (SELECT min("index") FROM sealed)',
    )
    refused = run("log", "backup", tmp_path / "backup")
    assert refused.code == 1
    assert f"entry {index}: its box of sealed facts was changed or exchanged" in refused.err
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


def change(path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute(statement)


def test_restored_on_a_new_machine_it_serves_and_goes_on(record, run, start_service, tmp_path, monkeypatch):
    assert run("log", "backup", tmp_path / "backup").code == 0
    new = lost(record, tmp_path / "new")
    monkeypatch.setenv("OSTIARY_DATA", str(new.data))
    unknown = run("log", "restore", tmp_path / "backup")
    assert unknown.code == 1
    assert "no checkpoint is known here" in unknown.err
    assert "give the last one that was published with --checkpoint" in unknown.err
    shown = run("log", "restore", tmp_path / "backup", "--checkpoint", record.data / ANCHOR)
    assert (shown.code, shown.err) == (0, "")
    assert "are restored to" in shown.out
    assert new.acts() == ["backed_up", "restored"]
    (entry,) = new.entries("restored")
    anchor = verify.read_anchor(tmp_path / "backup" / ANCHOR)
    assert (entry["size"], entry["directory"]) == (anchor.checkpoint.size, str(tmp_path / "backup"))
    new.check()
    service = start_service(new.data)
    answer = service.request("GET", f"/v1/decisions/{record.ids['open']}")
    assert (answer.status, answer.document["id"]) == (200, record.ids["open"])
    assert service.decide(request("more", OPEN)).status == 200
    assert service.stop()[0] == 0
    new.check()


def test_a_backup_that_falls_short_of_what_was_signed_is_refused(record, run, tmp_path, monkeypatch, shipped):
    assert run("log", "backup", tmp_path / "backup").code == 0
    write(record.data, {"later": request("later", OPEN)}, shipped)
    new = lost(record, tmp_path / "new")
    refused = run("log", "restore", tmp_path / "backup", "--data", new.data, "--checkpoint", record.data / ANCHOR)
    assert (refused.code, refused.out) == (1, "")
    assert "the log was cut" in refused.err
    assert "the last 2 are missing" in refused.err
    assert "a log is never continued from before what it has signed" in refused.err
    assert {path.name for path in new.data.iterdir()} == {SIGNING_KEY, KEY_ENCRYPTION_KEY}
    # Likewise over the log itself, and where only the published checkpoint is left.
    before = {path.name: path.read_bytes() for path in record.data.iterdir()}
    assert "the log was cut" in run("log", "restore", tmp_path / "backup", "--replace").err
    assert {path.name: path.read_bytes() for path in record.data.iterdir()} == before
    monkeypatch.setenv("OSTIARY_CHECKPOINT", str(tmp_path / "published"))
    shutil.copy(record.data / ANCHOR, tmp_path / "published")
    assert "the log was cut" in run("log", "restore", tmp_path / "backup", "--data", new.data).err


def test_over_a_log_that_is_there(record, run, start_service, tmp_path):
    service = start_service(record.data)
    assert run("log", "backup", tmp_path / "backup").code == 0
    told = run("log", "restore", tmp_path / "backup")
    assert (told.code, told.err) == (
        1,
        f"Error: {record.data}: there is a log already; give --replace to put the backup in its place\n",
    )
    busy = run("log", "restore", tmp_path / "backup", "--replace")
    assert (busy.code, busy.err) == (
        1,
        f"Error: {record.data / 'log.db'}: a service or another command has it open; stop it first\n",
    )
    assert service.stop()[0] == 0
    shown = run("log", "restore", tmp_path / "backup", "--replace")
    assert (shown.code, shown.err) == (0, "")
    (replaced,) = record.data.glob("replaced-*")
    assert str(replaced) in shown.out
    assert {path.name for path in replaced.iterdir()} == FILES
    assert record.acts() == ["backed_up", "restored"]
    record.check()


def test_a_damaged_log_is_replaced(record, run, tmp_path):
    assert run("log", "backup", tmp_path / "backup").code == 0
    (record.data / "log.db").write_bytes(b"not a database" * 1000)
    assert "restore a backup" in run("retention", "due").err
    shown = run("log", "restore", tmp_path / "backup", "--replace")
    assert (shown.code, shown.err) == (0, "")
    record.check()


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda backup, _: (backup / "keys.db").unlink(), "keys.db: it is not there; name a directory that"),
        (lambda backup, _: change(backup / "log.db", 'DELETE FROM entry WHERE "index" = 1'), "entry 1 is missing"),
        (lambda backup, _: (backup / "keys.db").write_bytes(b"x" * 9000), "these are no keys of a log"),
        (lambda _, new: (new / SIGNING_KEY).unlink(), "the signing key is not there, and no backup has it"),
        (lambda _, new: (new / KEY_ENCRYPTION_KEY).unlink(), "the key-encryption key cannot be read"),
        (lambda _, new: (new / KEY_ENCRYPTION_KEY).write_text("A" * 43 + "=\n"), "put the one of the time of the"),
    ],
)  # fmt: skip
def test_what_cannot_be_restored_is_refused_and_nothing_is_put_in_place(record, run, tmp_path, break_it, said):
    backup = tmp_path / "backup"
    assert run("log", "backup", backup).code == 0
    new = lost(record, tmp_path / "new")
    break_it(backup, new.data)
    before = {path.name for path in new.data.iterdir()}
    refused = run("log", "restore", backup, "--data", new.data, "--checkpoint", record.data / ANCHOR)
    assert (refused.code, refused.out) == (1, "")
    assert said in refused.err
    assert {path.name for path in new.data.iterdir()} == before


def test_keys_of_an_older_backup_do_not_bring_back_who_was_destroyed(record, run, start_service, tmp_path):
    """Somebody puts only the keys back: the log remembers, and the start destroys them again."""
    subject = record.subjects["due"]
    assert run("retention", "hold", subject, "--case", "c", "--reason", "r").code == 0
    assert run("log", "backup", tmp_path / "backup").code == 0
    assert run("retention", "release", subject, "--case", "c", "--reason", "r").code == 0
    assert run("retention", "destroy", subject, "--yes").code == 0
    wrapped = rows(tmp_path / "backup" / "keys.db", "SELECT wrapped FROM vault_key WHERE subject = ?", [subject])[0][0]
    shutil.copy(tmp_path / "backup" / "keys.db", record.data / "keys.db")
    assert subject in record.kept_keys()
    service = start_service(record.data)
    assert subject not in record.kept_keys()
    assert service.stop()[0] == 0
    assert not any(wrapped in path.read_bytes() for path in record.data.iterdir())
    done, again = record.entries("destruction_done")
    assert (done["subject"], again["subject"], again["again"]) == (subject, subject, True)
    assert record.kept_keys() == {record.subjects["open"]}
    record.check()


def test_an_export_is_verified_without_the_database_and_identifies_nobody(record, run, tmp_path):
    assert run("retention", "destroy", record.subjects["due"], "--yes").code == 0
    shown = run("log", "export", tmp_path / "export")
    assert (shown.code, shown.err) == (0, "")
    directory = tmp_path / "export"
    assert f"ostiary log verify {directory} --key {record.data / PUBLIC_KEYS}" in shown.out
    report = report_of(directory, record, record.data / ANCHOR)
    assert (report.integrity, report.completeness) == ("ok", "ok"), report.to_text()
    stored = rows(record.data / "log.db", 'SELECT "index", kind, id, leaf, body FROM entry ORDER BY "index"')
    lines = [json.loads(line) for line in (directory / "entries.ndjson").read_text().splitlines()]
    assert [
        (line["index"], line["kind"], line["id"], bytes.fromhex(line["leaf"]), line["body"].encode()) for line in lines
    ] == stored
    assert f"{len(lines)} entries are in" in shown.out
    (entry,) = record.entries("exported")
    assert (entry["start"], entry["directory"]) == (0, str(directory))
    (sealed,) = [json.loads(line) for line in (directory / "sealed.ndjson").read_text().splitlines()]
    assert sealed["subject"] == record.subjects["open"]
    assert not any(b"Canary" in path.read_bytes() for path in directory.rglob("*") if path.is_file())
    (policy,) = [json.loads(line["body"])["policy"] for line in lines if line["kind"] == "policy_activated"]
    document = directory / "policies" / f"{policy.removeprefix('sha256:')}.json"
    assert document.read_bytes() == rows(record.data / "log.db", "SELECT document FROM policy")[0][0]
    assert (document.with_suffix("") / "files" / "rules" / "interpretations.yaml").is_file()
    again = run("log", "export", tmp_path / "export")
    assert (again.code, again.out) == (1, "")
    record.check()


def test_a_log_in_postgresql_is_backed_up_with_its_own_tools(run, tmp_path, monkeypatch, postgres_url, shipped):
    data = tmp_path / "data"
    record = write(data, {"due": request("due", CLOSED), "open": request("open", OPEN)}, shipped, log_url=postgres_url)
    monkeypatch.setenv("OSTIARY_DATA", str(data))
    monkeypatch.setenv("OSTIARY_LOG", postgres_url)
    backup = run("log", "backup", tmp_path / "backup")
    assert backup.code == 1
    assert "use pg_dump or pg_basebackup for a PostgreSQL log" in backup.err
    restore = run("log", "restore", data)
    assert restore.code == 1
    assert "restore it with pg_restore" in restore.err
    done = run("retention", "destroy", "--due", "--yes")
    assert (done.code, done.err) == (0, "")
    assert f"{record.subjects['due']}  destroyed, with the facts of 1 decision\n" in done.out
    assert run("log", "export", tmp_path / "export").code == 0
    report = report_of(tmp_path / "export", record, data / ANCHOR)
    assert (report.integrity, report.completeness) == ("ok", "ok")


def test_a_directory_whose_name_is_no_text(record, run, tmp_path):
    refused = run("log", "backup", tmp_path / "copy\udcff")
    assert refused.code == 1
    assert "is not UTF-8" in refused.err
    assert run("log", "export", tmp_path / "export\udcff").code == 0
    assert [entry["directory"] for entry in record.entries("backed_up", "exported")] == [f"{tmp_path}/export\\xff"]
