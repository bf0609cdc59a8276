"""The log as a directory of files: complete, of one form, and never half of it taken for the whole."""

from __future__ import annotations

import hashlib
import json
import sqlite3

import pytest
from log_samples import SEALED, SUBJECT

from engine.audit import Entry, LogUnavailable
from engine.audit.entry import StoredEntry
from engine.audit.export import FactsDestroyed, entry_line, export, write_export
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


@pytest.fixture
def target(tmp_path):
    (tmp_path / "export").mkdir()
    return tmp_path / "export"


def test_everything_is_there(filled, target):
    write_export(filled, target, 600)
    entries = lines_of(target / "entries.ndjson")
    assert [(line["index"], line["id"], line["body"].encode()) for line in entries] == [
        (entry.index, entry.id, entry.body) for entry in filled.entries()
    ]
    checkpoints = lines_of(target / "checkpoints.ndjson")
    assert checkpoints == [{"size": size, "note": f"origin\n{size}\nroot\n\n— signature\n"} for size in (10, 300, 600)]
    hashed = "sha256:" + hashlib.sha256(SEALED.box).hexdigest()
    assert lines_of(target / "sealed.ndjson") == [
        {"index": index, "subject": SUBJECT, "sha256": hashed} for index in range(0, 600, 3)
    ]
    assert (target / "policies" / f"{DIGEST}.json").read_bytes() == DOCUMENT
    below = target / "policies" / DIGEST / "files"
    assert {path.relative_to(below).as_posix(): path.read_text() for path in below.rglob("*.yaml")} == TEXTS
    names = ["checkpoints.ndjson", "entries.ndjson", "policies", "sealed.ndjson"]
    assert sorted(path.name for path in target.iterdir()) == names
    assert not [path for path in target.rglob("*") if path.is_file() and SEALED.box in path.read_bytes()]


def test_it_ends_with_the_size(filled, target):
    write_export(filled, target, 299)
    assert [line["index"] for line in lines_of(target / "entries.ndjson")] == list(range(299))
    assert [line["size"] for line in lines_of(target / "checkpoints.ndjson")] == [10]
    assert [line["index"] for line in lines_of(target / "sealed.ndjson")] == list(range(0, 299, 3))


def tamper(data, sql, parameters=()):
    with sqlite3.connect(data / "log.db") as database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {trigger}")
        database.execute(sql, parameters)
    database.close()


def test_a_damaged_entry_is_not_exported(filled, data, target):
    tamper(data, "UPDATE entry SET body = x'7b7d' WHERE \"index\" = 400")
    with pytest.raises(LogUnavailable, match="the body of entry 400"):
        write_export(filled, target, 600)


@pytest.mark.parametrize("path", ["/etc/x", "../x", "rules/../../../x"])
def test_a_policy_does_not_write_beside_the_export(filled, data, target, path):
    tamper(data, "UPDATE policy_file SET path = ? WHERE path = 'rules/a.yaml'", [path])
    with pytest.raises(LogUnavailable, match="which no policy has"):
        write_export(filled, target, 600)


def test_facts_destroyed_meanwhile_are_not_left_unexplained(filled, target, tmp_path):
    filled.append(Entry("destruction_done", "gone", b"{}"))
    with pytest.raises(FactsDestroyed, match="export again"):
        write_export(filled, target, 600)
    assert not (target / "entries.ndjson").exists()
    (tmp_path / "again").mkdir()
    write_export(filled, tmp_path / "again", 601)
    assert len(lines_of(tmp_path / "again" / "entries.ndjson")) == 601


def test_the_command_begins_anew_then(filled, tmp_path):
    sizes = []

    def signed_size():
        # The first time, the size of before a destruction that is over when the log is read.
        sizes.append(filled.size())
        if len(sizes) == 1:
            filled.append(Entry("destruction_done", "gone", b"{}"))
        return sizes[-1]

    assert export(filled, tmp_path / "out", signed_size) == 601
    assert sizes == [600, 601]
    assert len(lines_of(tmp_path / "out" / "entries.ndjson")) == 601
    with pytest.raises(FactsDestroyed):
        export(filled, tmp_path / "never", lambda: 600)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out"]
