"""`ostiary log rotate-key`, beside a service that goes on signing."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from records import OPEN, Written, request, rows, write

from engine.audit import verify
from engine.audit.checkpoint import read_checkpoint
from engine.audit.layout import ANCHOR, PUBLIC_KEYS, SIGNING_KEY
from engine.audit.note import NoteError
from engine.audit.signing_key import read_signer


@pytest.fixture
def record(tmp_path, monkeypatch, shipped) -> Written:
    monkeypatch.setenv("OSTIARY_DATA", str(tmp_path / "data"))
    return write(tmp_path / "data", {"a": request("a", OPEN)}, shipped)


def signers(note: str, *verifiers) -> list[bool]:
    """By which of these keys a note is signed."""
    found = []
    for one in verifiers:
        try:
            read_checkpoint(note, [one])
        except NoteError:
            found.append(False)
        else:
            found.append(True)
    return found


def test_a_service_goes_on_with_the_new_key_and_old_checkpoints_stay_valid(record, run, start_service):
    old = read_signer(record.data / SIGNING_KEY)
    service = start_service(record.data)
    shown = run("log", "rotate-key")
    new = read_signer(record.data / SIGNING_KEY)
    assert (shown.code, shown.err) == (0, "")
    assert f"signed with {new.verifier.text}\n" in shown.out
    assert old.verifier.text in shown.out
    assert "PRIVATE" not in shown.out
    kept = f"{SIGNING_KEY}.{old.verifier.id.hex()}"
    assert kept in shown.out
    assert read_signer(record.data / kept) == old
    (entry,) = record.entries("key_rotated")
    assert (entry["key"], entry["previous"]) == (new.verifier.text, old.verifier.text)
    assert entry["caller"].startswith("cli:")

    id_ = service.decide(request("b", OPEN)).document["id"]
    index = json.loads(service.request("GET", f"/v1/decisions/{id_}").body)["log"]["index"]
    until = time.monotonic() + 10
    while (size := rows(record.data / "log.db", "SELECT max(size) FROM checkpoint")[0][0]) <= index:
        assert time.monotonic() < until, f"signed up to {size}"
        time.sleep(0.05)
    assert service.stop() == (0, "")
    notes = [note for (note,) in rows(record.data / "log.db", "SELECT note FROM checkpoint ORDER BY size")]
    by = [signers(note, old.verifier, new.verifier) for note in notes]
    assert by.count([True, True]) == 1
    turn = by.index([True, True])
    assert by[:turn] == [[True, False]] * turn
    assert by[turn + 1 :] == [[False, True]] * (len(by) - turn - 1)
    assert len(by) > turn + 1
    record.check()
    # One who was given the old key alone follows the log to the new one.
    keys = [verify.Key.parse(old.verifier.text)]
    report = verify.verify(record.data, keys, [verify.read_anchor(record.data / ANCHOR)], datetime.now(UTC))
    assert (report.integrity, report.completeness) == ("ok", "ok")


def test_rotated_twice_all_public_keys_are_kept(record, run):
    first = read_signer(record.data / SIGNING_KEY).verifier
    assert run("log", "rotate-key").code == 0
    second = read_signer(record.data / SIGNING_KEY).verifier
    assert run("log", "rotate-key").code == 0
    third = read_signer(record.data / SIGNING_KEY).verifier
    assert (record.data / PUBLIC_KEYS).read_text().split() == [first.text, second.text, third.text]
    assert [entry["previous"] for entry in record.entries("key_rotated")] == [first.text, second.text]
    record.check()


def test_without_its_key_nothing_is_rotated(record, run):
    (record.data / SIGNING_KEY).rename(record.data.parent / "away")
    refused = run("log", "rotate-key")
    assert refused.code == 1
    assert "the key that signs this log is not there; put it back from where you keep a copy" in refused.err
    assert not (record.data / SIGNING_KEY).exists()
    assert record.entries("key_rotated") == []
