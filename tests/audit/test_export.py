"""The log as a directory of files: complete, of one form, and never half of it taken for the whole."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import stat

import pytest
from log_samples import SEALED, SUBJECT

from engine.audit import Entry, LogUnavailable
from engine.audit.entry import StoredEntry
from engine.audit.export import Exported, entry_line, write_export
from engine.audit.merkle import leaf_hash

DOCUMENT = b'{"semantics":"2"}'
DIGEST = hashlib.sha256(DOCUMENT).hexdigest()
TEXTS = {"rules/a.yaml": "name: a\n", "jurisdictions/measures/b.yaml": "id: b é\n"}


def lines_of(path):
    text = path.read_bytes()
    assert text == b"" or text.endswith(b"\n")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def filled(log, new_entry):
    log.store_policy(f"sha256:{DIGEST}", DOCUMENT, TEXTS)
    log.append_all([new_entry(sealed=SEALED if n % 3 == 0 else None) for n in range(600)])
    for size in (10, 300, 600):
        log.store_checkpoint(size, f"origin\n{size}\nroot\n\n— signature\n")
    return log


def test_a_line_carries_the_exact_text_of_the_body():
    body = '{"b": 1,\n "a":"\u00e9\\u0000\u2028 \\" "}'.encode()
    line = entry_line(StoredEntry(7, "decision", "0198", leaf_hash(body), body))
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    document = json.loads(line)
    assert list(document) == ["index", "kind", "id", "leaf", "body"]
    assert document["body"].encode() == body
    assert document["leaf"] == hashlib.sha256(b"\0" + body).hexdigest()


def test_everything_is_there(filled, tmp_path):
    directory = tmp_path / "to" / "export"
    assert write_export(filled, directory) == Exported(0, 600)
    entries = lines_of(directory / "entries.ndjson")
    assert [(line["index"], line["id"], line["body"].encode()) for line in entries] == [
        (entry.index, entry.id, entry.body) for entry in filled.entries()
    ]
    checkpoints = lines_of(directory / "checkpoints.ndjson")
    assert checkpoints == [{"size": size, "note": f"origin\n{size}\nroot\n\n— signature\n"} for size in (10, 300, 600)]
    hashed = "sha256:" + hashlib.sha256(SEALED.box).hexdigest()
    assert lines_of(directory / "sealed.ndjson") == [
        {"index": index, "subject": SUBJECT, "sha256": hashed} for index in range(0, 600, 3)
    ]
    assert (directory / "policies" / f"{DIGEST}.json").read_bytes() == DOCUMENT
    below = directory / "policies" / DIGEST / "files"
    assert {path.relative_to(below).as_posix(): path.read_text() for path in below.rglob("*.yaml")} == TEXTS
    assert sorted(path.name for path in directory.iterdir()) == [
        "checkpoints.ndjson",
        "entries.ndjson",
        "policies",
        "sealed.ndjson",
    ]


def test_no_facts_leave_and_only_the_owner_can_read(filled, tmp_path):
    write_export(filled, tmp_path / "export")
    for path in [tmp_path / "export", *(tmp_path / "export").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
        assert path.is_dir() or SEALED.box not in path.read_bytes()


def test_a_part_has_what_belongs_to_it(filled, tmp_path):
    assert write_export(filled, tmp_path / "part", 250, 520) == Exported(250, 520)
    assert [line["index"] for line in lines_of(tmp_path / "part" / "entries.ndjson")] == list(range(250, 520))
    assert [line["size"] for line in lines_of(tmp_path / "part" / "checkpoints.ndjson")] == [10, 300]
    assert [line["index"] for line in lines_of(tmp_path / "part" / "sealed.ndjson")] == list(range(252, 520, 3))
    write_export(filled, tmp_path / "nothing", 600)
    assert (tmp_path / "nothing" / "entries.ndjson").read_bytes() == b""


@pytest.mark.parametrize(("start", "end"), [(-1, None), (0, 601), (5, 4), (601, None), (0, -1)])
def test_what_the_log_does_not_have_is_refused(filled, tmp_path, start, end):
    with pytest.raises(ValueError, match="the log has 600 entries"):
        write_export(filled, tmp_path / "export", start, end)
    assert not (tmp_path / "export").exists()


def test_a_directory_in_use_is_left_alone(filled, tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(ValueError, match="not empty"):
        write_export(filled, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["mine"]
    with pytest.raises(LogUnavailable, match="mine: it cannot be used"):
        write_export(filled, tmp_path / "mine")


def tamper(data, sql, parameters=()):
    with sqlite3.connect(data / "log.db") as database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {trigger}")
        database.execute(sql, parameters)
    database.close()


def test_a_damaged_log_leaves_no_export(filled, data, tmp_path):
    tamper(data, "UPDATE entry SET body = x'7b7d' WHERE \"index\" = 400")
    with pytest.raises(LogUnavailable, match="the body of entry 400"):
        write_export(filled, tmp_path / "export")
    assert not (tmp_path / "export" / "entries.ndjson").exists()


@pytest.mark.parametrize("path", ["/etc/x", "../x", "rules/../../../x"])
def test_a_policy_does_not_write_beside_the_export(filled, data, tmp_path, path):
    tamper(data, "UPDATE policy_file SET path = ? WHERE path = 'rules/a.yaml'", [path])
    with pytest.raises(ValueError, match="lies outside"):
        write_export(filled, tmp_path / "export")


def test_facts_destroyed_meanwhile_are_not_left_unexplained(filled, tmp_path):
    filled.append(Entry("destruction_done", "gone", b"{}"))
    with pytest.raises(LogUnavailable, match="export once more"):
        write_export(filled, tmp_path / "export", 0, 600)
    assert not (tmp_path / "export" / "entries.ndjson").exists()
    assert write_export(filled, tmp_path / "again").end == 601
